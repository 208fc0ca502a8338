"""Augmentation, image by image and pixel by pixel (`neuroevo.data.augmentation`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Image = NDArray[np.uint8]


def crop(images: Tensor, *, padding: int, generator: torch.Generator) -> Tensor:
    """Move each image by -padding, ..., padding pixels along each axis, all equally likely; what comes in is black."""
    draws, moved = _numpy(generator), []
    for image in images.numpy():
        down, right = draws.integers(-padding, padding + 1, size=2)
        height, width = image.shape[1:]
        black = np.zeros_like(image)
        for row in range(height):
            for column in range(width):
                if 0 <= row - down < height and 0 <= column - right < width:
                    black[:, row, column] = image[:, row - down, column - right]
        moved.append(black)
    return torch.from_numpy(np.stack(moved))


def flip(images: Tensor, *, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability 1/2."""
    draws = _numpy(generator)
    return torch.stack([image.flip(2) if draws.random() < 0.5 else image for image in images])


def jitter(images: Tensor, *, strength: float, generator: torch.Generator) -> Tensor:
    """Multiply brightness, then contrast to the mean luminance, then saturation to each pixel's luminance."""
    draws, changed = _numpy(generator), []
    for image in images.double().numpy():
        brightness, contrast, saturation = draws.uniform(1 - strength, 1 + strength, size=3)
        bright = np.clip(image * brightness, 0, 255)
        mean = _luminance(bright).mean()
        contrasted = np.clip(mean + contrast * (bright - mean), 0, 255)
        grey = _luminance(contrasted)
        changed.append(np.clip(grey + saturation * (contrasted - grey), 0, 255).round())
    return torch.from_numpy(np.stack(changed)).to(torch.uint8)


def _luminance(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh red, green and blue (ITU-R BT.601), or take the mean of other channels."""
    red_green_blue = (0.299, 0.587, 0.114)
    weights = red_green_blue if len(image) == 3 else [1 / len(image)] * len(image)
    luminance: NDArray[np.float64] = sum(weight * channel for weight, channel in zip(weights, image, strict=True))
    return luminance[None]


def _numpy(generator: torch.Generator) -> np.random.Generator:
    return np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))


AUGMENTATIONS: Mapping[str, Callable[..., Tensor]] = {"crop": crop, "flip": flip, "jitter": jitter}

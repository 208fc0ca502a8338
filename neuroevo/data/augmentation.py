"""Augmentation: random crops, flips and colour jitter of the images of an update, all at once on their device.

Each function takes images uint8 [N, C, H, W] and returns new ones of the same shape, with independent draws for each
image. Draws are made on the CPU, so that they are the same on every device.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

_LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Crops, flips and then colour-jitters images; parts that are off draw nothing.

    Attributes:
        padding: Black padding on each side before cropping, as a share of the height: 0.125 is 4 pixels of 32.
        flip: Whether each image is mirrored with probability 1/2.
        jitter: Brightness, contrast and saturation change by factors in [1 - jitter, 1 + jitter].

    Raises:
        ValueError: The padding lies outside [0, 1] or the jitter outside [0, 1].
    """

    padding: float = 0.0
    flip: bool = False
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.padding <= 1 and 0 <= self.jitter <= 1):
            raise ValueError(f"padding and jitter must lie in [0, 1], but they are {self.padding} and {self.jitter}.")

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return augmented images, uint8 [N, C, H, W]; the generator must be on the CPU."""
        if pixels := round(self.padding * images.shape[2]):
            images = random_crop(images, padding=pixels, generator=generator)
        if self.flip:
            images = random_flip(images, generator=generator)
        if self.jitter:
            images = colour_jitter(images, strength=self.jitter, generator=generator)
        return images


def random_crop(images: Tensor, *, padding: int, generator: torch.Generator) -> Tensor:
    """Shift each image by up to `padding` pixels along both axes; uncovered pixels are black.

    Args:
        images: uint8 [N, C, H, W].
        padding: Pixels, at least 0.
        generator: A generator of the CPU.

    Raises:
        ValueError: The padding is below 0.
    """
    if padding < 0:
        raise ValueError(f"padding must be at least 0, but it is {padding}.")
    count, channels, height, width = images.shape
    offsets = torch.randint(0, 2 * padding + 1, (2, count, 1), generator=generator).to(images.device)
    rows = offsets[0] + torch.arange(height, device=images.device)
    columns = offsets[1] + torch.arange(width, device=images.device)
    image = torch.arange(count, device=images.device).reshape(-1, 1, 1, 1)
    channel = torch.arange(channels, device=images.device).reshape(-1, 1, 1)
    padded = F.pad(images, (padding,) * 4)
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]


def random_flip(images: Tensor, *, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability 1/2.

    Args:
        images: uint8 [N, C, H, W].
        generator: A generator of the CPU.
    """
    mirrored = torch.randint(0, 2, (len(images), 1, 1, 1), generator=generator).to(images.device)
    return torch.where(mirrored.bool(), images.flip(-1), images)


def colour_jitter(images: Tensor, *, strength: float, generator: torch.Generator) -> Tensor:
    """Change brightness, contrast and saturation of each image, in this order.

    Brightness multiplies pixels, contrast interpolates between them and the image's mean luminance, saturation between
    them and their own luminance; grey images have no saturation to change.

    Args:
        images: uint8 [N, C, H, W].
        strength: Factors are drawn from [1 - strength, 1 + strength]; in [0, 1].
        generator: A generator of the CPU.

    Raises:
        ValueError: The strength lies outside [0, 1].
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie in [0, 1], but it is {strength}.")
    draws = torch.rand((3, len(images), 1, 1, 1), generator=generator).to(images.device)
    brightness, contrast, saturation = 1 + strength * (2 * draws - 1)
    floats = (images.to(torch.float32) * brightness).clamp_(0, 255)
    floats = _blend(floats, _luminance(floats).mean((1, 2, 3), keepdim=True), contrast)
    floats = _blend(floats, _luminance(floats), saturation)
    return floats.round_().to(torch.uint8)


def _blend(images: Tensor, others: Tensor, factor: Tensor) -> Tensor:
    return torch.lerp(others.expand_as(images), images, factor).clamp_(0, 255)


def _luminance(images: Tensor) -> Tensor:
    """Luminance of the pixels of images [N, C, H, W], [N, 1, H, W]; their mean unless C is 3."""
    if images.shape[1] != len(_LUMINANCE):
        return images.mean(1, keepdim=True)
    weights = torch.tensor(_LUMINANCE, device=images.device).reshape(1, -1, 1, 1)
    return (images * weights).sum(1, keepdim=True)

"""Decodes image files to one shape."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

MODES = {"1": 1, "L": 1, "P": 3, "RGB": 3, "CMYK": 3, "YCbCr": 3}
"""Pillow's modes that convert to 8-bit grey or colour without loss, and their number of channels."""

FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are read, whatever the file's extension; without those that Pillow passes to another program."""

_TURNED_INTO = {1: "L", 3: "RGB"}


def read_pictures(paths: Sequence[Path], *, channels: int, size: int | None) -> Tensor:
    """Return the images of files, uint8 [N, C, size, size].

    Args:
        paths: The files, at least one.
        channels: 1 for grey, 3 for colour.
        size: Height and width to which images are resized, bilinearly; None leaves them, which must be square and of
            one size.

    Raises:
        ValueError: A file is not an image, has transparency or more than 8 bits, or differs in size from the first.
    """
    first = read_picture(paths[0], channels=channels, size=size)
    images = torch.empty((len(paths), *first.shape), dtype=torch.uint8)
    for row, path in enumerate(paths):
        image = read_picture(path, channels=channels, size=size)
        if image.shape != first.shape:
            raise ValueError(
                f"all images must be of one size, but {path} has {_format_size(image)} and {paths[0]} "
                f"{_format_size(first)}; give a size, to which they are resized."
            )
        images[row] = image
    return images


def read_picture(path: Path, *, channels: int, size: int | None) -> Tensor:
    """Return one image, uint8 [C, H, W]; see `read_pictures`."""
    try:
        # Pillow warns of very large images, which may be meant to exhaust the memory.
        with warnings.catch_warnings(action="error"), Image.open(path, formats=FORMATS) as image:
            mode, shape = image.mode, image.size
            pixels = _pixels(image, channels, size) if _fits(mode, shape, size) else None
    except FileNotFoundError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Warning, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path} is damaged or no image ({' '.join(str(error).split())[:100]}); get it again."
        ) from None
    if mode not in MODES:
        raise ValueError(
            f"{path} must be grey or colour of 8 bits without transparency ({', '.join(MODES)}), but its mode is "
            f"{mode}; convert it."
        )
    if pixels is None:
        raise ValueError(
            f"{path} must be square, but it has {shape[0]} x {shape[1]} pixels; give a size, to which images are "
            "resized."
        )
    return pixels


def _fits(mode: str, shape: tuple[int, int], size: int | None) -> bool:
    return mode in MODES and (size is not None or shape[0] == shape[1])


def _pixels(image: Image.Image, channels: int, size: int | None) -> Tensor:
    turned = image.convert(_TURNED_INTO[channels])
    if size is not None and turned.size != (size, size):
        turned = turned.resize((size, size), Image.Resampling.BILINEAR)
    array = np.array(turned).reshape(turned.height, turned.width, channels)
    return torch.from_numpy(array).permute(2, 0, 1)


def _format_size(image: Tensor) -> str:
    return f"{image.shape[2]} x {image.shape[1]} pixels"

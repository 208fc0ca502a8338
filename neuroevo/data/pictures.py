"""Decodes image files to one shape."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from torch import Tensor

from neuroevo.data.readable import check_file, reading
from neuroevo.free_memory import check_memory

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Pillow's modes that convert to 8-bit grey or colour; transparency must be unused."""

FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are read, whatever the file's extension; without those that Pillow passes to another program."""

CHUNK = 64
"""Files that a thread reads before it takes others."""

Progress = Callable[[int], None]
"""Hears how many images have been read so far."""

FEWER = "choose a smaller size or fewer images_per_class"

_TURNED_INTO = {1: "L", 3: "RGB"}


def read_pictures(
    paths: Sequence[Path], *, channels: int, size: int | None, progress: Progress | None = None
) -> Tensor:
    """Return the images of files, uint8 [N, C, size, size], decoded by as many threads as there are cores.

    Args:
        paths: The files, at least one.
        channels: 1 for grey, 3 for colour.
        size: Height and width to which images are resized, bilinearly; None leaves them, which must be square and of
            one size.
        progress: Hears how many of them have been read, now and then.

    Colours are those that Pillow converts to, without the orientation that EXIF may name, as in torchvision's
    `ImageFolder`.

    Raises:
        OSError: A file can't be read.
        ValueError: A file is empty, damaged or no image, has transparent pixels, more than 8 bits per channel or
            several frames, or differs in size from the first.
    """
    first = read_picture(paths[0], channels=channels, size=size)
    check_memory(len(paths) * first.numel(), f"{len(paths)} images such as {paths[0]}", FEWER)
    images = torch.empty((len(paths), *first.shape), dtype=torch.uint8)

    def read(start: int) -> int:
        part = paths[start : start + CHUNK]
        for row, path in enumerate(part, start):
            image = _read(path, channels=channels, size=size)
            if image.shape != first.shape:
                raise ValueError(
                    f"all images must be of one size, but {path} has {_format_size(image)} and {paths[0]} "
                    f"{_format_size(first)}; give a size, to which they are resized."
                )
            images[row] = image
        return start + len(part)

    # The filters of warnings belong to the process: threads that each set and restore them would mix them up.
    with _only_bombs_matter(), ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(read, range(0, len(paths), CHUNK)):
            if progress is not None:
                progress(done)
    return images


def read_picture(path: Path, *, channels: int, size: int | None) -> Tensor:
    """Return one image, uint8 [C, H, W]; see `read_pictures`."""
    with _only_bombs_matter():
        return _read(path, channels=channels, size=size)


def decode_picture(content: bytes, name: object, *, channels: int, size: int | None) -> Tensor:
    """Return the image, uint8 [C, H, W], of a file's content; its name is for messages. See `read_pictures`."""
    with _only_bombs_matter():
        return _decoded(content, name, channels=channels, size=size)


def _read(path: Path, *, channels: int, size: int | None) -> Tensor:
    check_file(path)
    with reading(path):
        # From bytes, because decoders make room for what a chunk announces when they read from a file.
        return _decoded(path.read_bytes(), path, channels=channels, size=size)


def _decoded(content: bytes, name: object, *, channels: int, size: int | None) -> Tensor:
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            fault = _fault(image, size)
            pixels = None if fault else _pixels(image, channels, size)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(
            f"{name} must have at most {Image.MAX_IMAGE_PIXELS} pixels, but its header says that it has more; make it "
            "smaller, or get it again if it should be."
        ) from None
    except UnidentifiedImageError:
        raise ValueError(
            f"{name} must be an image in one of the formats {', '.join(FORMATS)}, but it does not begin as one; "
            "convert it, get it again or remove it."
        ) from None
    except Exception as error:
        # Decoders raise errors of all kinds, but without a number, which those of the operating system have.
        if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
            raise
        raise ValueError(f"{name} is damaged ({' '.join(str(error).split())[:100]}); get it again.") from None
    if pixels is None:
        raise ValueError(f"{name} {fault}.")
    return pixels


@contextmanager
def _only_bombs_matter() -> Iterator[None]:
    """Ignore what Pillow warns of, such as odd EXIF, but not very large images, which may exhaust the memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _fault(image: ImageFile, size: int | None) -> str:
    """Return why pixels would be lost or can't be had; empty if they can."""
    width, height = image.size
    if _is_deep(image):
        return "must have 8 bits per channel, but it has more, which would be lost; convert it"
    if image.mode not in MODES:
        return f"must be grey or colour ({', '.join(MODES)}), but its mode is {image.mode}; convert it"
    # The second picture of a JPEG from a camera is a preview of the first.
    if image.format != "MPO" and (frames := getattr(image, "n_frames", 1)) > 1:
        return f"must be one image, but it has {frames} frames; save each of them that is meant as a file"
    if size is None and width != height:
        return f"must be square, but it has {width} x {height} pixels; give a size, to which images are resized"
    if _is_transparent(image):
        return "must be opaque, but pixels of it are transparent; put it on a background"
    return ""


def _is_deep(image: ImageFile) -> bool:
    """Return whether a channel has more than 8 bits, of which Pillow would only keep the first 8 in colour."""
    if image.mode.startswith(("I", "F")):
        return True
    for codec, _, _, given in image.tile:
        first, *others = given if isinstance(given, tuple) else (given,)
        if codec in ("ppm", "ppm_plain") and any(type(most) is int and most > 255 for most in others):
            return True
        if str(first).endswith((";16B", ";16L", ";16N")):
            return True
    return False


def _is_transparent(image: Image.Image) -> bool:
    return image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255)


def _pixels(image: Image.Image, channels: int, size: int | None) -> Tensor:
    turned = image.convert(_TURNED_INTO[channels])
    if size is not None and turned.size != (size, size):
        turned = turned.resize((size, size), Image.Resampling.BILINEAR)
    array = np.array(turned).reshape(turned.height, turned.width, channels)
    return torch.from_numpy(array).permute(2, 0, 1)


def _format_size(image: Tensor) -> str:
    return f"{image.shape[2]} x {image.shape[1]} pixels"

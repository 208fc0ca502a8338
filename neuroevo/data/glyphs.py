"""The embedded data set: printed characters, randomly warped and shaded, made offline in a second.

Ancestors learn Latin letters, digits and symbols; descendants learn Greek and Cyrillic, alphabets
that no ancestor saw. Each image is a character in one of 16 faces after a random affine and elastic
warp, drawn with random ink on a smooth background, possibly inverted, with noise added.

Every pixel is a function of the seed, the role, the character and the index of the image: more
images per class, or other classes, leave the earlier images as they are. Random numbers are uniform
draws of PCG64, and the arithmetic is addition, multiplication and division in float64, which round
alike on all platforms; sines and sums of arrays do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from neuroevo.data.glyph_shapes import draw_shapes
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.splits import ROLES, load_split

Floats = NDArray[np.float64]

_SHAPE_SIZE = 48
_SHAPE_MARGIN = 4
_ELASTIC_POINTS = 4
_CLUTTER_BARS = 6
_BLOCK = 32


def glyphs(*, seed: int = 0, images_per_class: int = 200, channels: int = 1, size: int = 28) -> Dataset:
    """Make the data set of printed characters: 53 classes of ancestry, 20 held out, 63 novel.

    Args:
        seed: Other seeds give other images of the same classes; at least 0.
        images_per_class: Images of each class.
        channels: 1 for grey images; 3 for coloured ones on a cluttered background, which are much
            harder to classify.
        size: Height and width of an image, in pixels, at least 8; usually 28 for grey and 32 for
            colour.

    Returns:
        The data set, on the CPU.

    Raises:
        ValueError: An argument is out of its range.
    """
    _check_arguments(seed, images_per_class, channels, size)
    split = load_split("glyphs")
    look = _Look(images_per_class, channels, size)
    roles = [_role_images(split.role(role), (seed, number), look) for number, role in enumerate(ROLES)]
    return Dataset.of("glyphs", *roles)


def colour_glyphs(*, seed: int = 0, images_per_class: int = 200, size: int = 32) -> Dataset:
    """Make the data set of the same characters in colour on a cluttered background: much harder to classify.

    Args:
        seed: As in `glyphs`.
        images_per_class: Images of each class.
        size: Height and width of an image, in pixels, at least 8.

    Returns:
        The data set, on the CPU.

    Raises:
        ValueError: An argument is out of its range.
    """
    made = glyphs(seed=seed, images_per_class=images_per_class, channels=3, size=size)
    return replace(made, name="colour-glyphs")


@dataclass(frozen=True)
class _Look:
    """What the images of a class have in common: their number N, channels C and size."""

    number: int
    channels: int
    size: int


def _role_images(characters: tuple[str, ...], key: tuple[int, int], look: _Look) -> LabelledImages:
    shapes = draw_shapes(characters, size=_SHAPE_SIZE, margin=_SHAPE_MARGIN)
    images = np.empty((len(characters), look.number, look.channels, look.size, look.size), np.uint8)
    for label, character in enumerate(characters):
        images[label] = _class_images(shapes[label], (*key, ord(character)), look)
    labels = torch.arange(len(characters)).repeat_interleave(look.number)
    return LabelledImages(torch.from_numpy(images).flatten(0, 1), labels, characters)


def _check_arguments(seed: int, images_per_class: int, channels: int, size: int) -> None:
    for name, number, least in (
        ("seed", seed, 0),
        ("images_per_class", images_per_class, 1),
        ("size", size, 8),
    ):
        if number < least:
            raise ValueError(f"{name} must be at least {least}, but it is {number}.")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (colour), but it is {channels}.")


def _class_images(shapes: NDArray[np.uint8], key: Sequence[int], look: _Look) -> NDArray[np.uint8]:
    """Images uint8 [N, C, size, size] of one character from its shapes in all faces."""
    look_seed, noise_seed = np.random.SeedSequence(key).spawn(2)
    look_generator, noise_generator = _generator(look_seed), _generator(noise_seed)
    soft = _softened(shapes)
    images = np.empty((look.number, look.channels, look.size, look.size), np.uint8)
    # A block at a time: arrays that stay in the processor's cache are several times faster.
    for block in np.split(images, range(_BLOCK, look.number, _BLOCK)):
        _draw(block, soft, _Draws(look_generator, len(block)), noise_generator)
    return images


def _generator(seed: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _draw(images: NDArray[np.uint8], shapes: Floats, draws: _Draws, noise: np.random.Generator) -> None:
    """Fill images [N, C, size, size] in place."""
    _, channels, size, _ = images.shape
    ink = _warped(shapes, draws, size)
    picture = _paper(draws, channels, size)
    # In one of three channels the ink may be faint, because the others still show it.
    faintest = 0.7 if channels == 1 else 0.4
    change = draws(faintest, 1.0, channels, 1, 1) - picture
    change *= ink[:, None]
    picture += change
    picture += _noise(noise, images.shape) * draws(0.02, 0.12, 1, 1, 1)
    is_inverted = draws(0.0, 1.0, channels, 1, 1) < 0.5
    picture *= np.where(is_inverted, -255.0, 255.0)
    picture += np.where(is_inverted, 255.5, 0.5)
    images[:] = np.clip(picture, 0, 255.5, out=picture)


class _Draws:
    """Uniform draws for N images, one row each: more images leave the first unchanged."""

    _ROW = 192

    def __init__(self, generator: np.random.Generator, number: int) -> None:
        self.number = number
        self._table = generator.random((number, self._ROW))
        self._used = 0

    def __call__(self, low: float, high: float, *shape: int) -> Floats:
        """Return draws from [low, high), float64 [N, *shape]."""
        start, self._used = self._used, self._used + math.prod(shape)
        columns = self._table[:, start : self._used]
        return (low + (high - low) * columns).reshape(self.number, *shape)


def _softened(shapes: NDArray[np.uint8]) -> Floats:
    """Shapes [F, S, S] in 0..1, blurred by a pixel against aliasing when sampled at fewer points."""
    wide = np.pad(shapes.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    tall = (wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]) / 4
    soft: Floats = (tall[:, :-2] + 2 * tall[:, 1:-1] + tall[:, 2:]) / (4 * 255)
    return soft


def _warped(shapes: Floats, draws: _Draws, size: int) -> Floats:
    """Ink [N, size, size] in 0..1: each is one of the shapes [F, S, S], moved, bent and inked."""
    faces = np.floor(draws(0, len(shapes))).astype(np.intp)
    columns, rows = _sources(draws, size)
    ink = _sampled(shapes, faces, columns, rows)
    ink *= draws(0.8, 2.0, 1, 1)
    return np.minimum(ink, 1, out=ink)


def _sources(draws: _Draws, size: int) -> tuple[Floats, Floats]:
    """Columns and rows [N, size, size] of the points in a shape that pixels are sampled at."""
    middle = (_SHAPE_SIZE - 1) / 2
    reach = _SHAPE_SIZE / 2 - _SHAPE_MARGIN
    axis = (np.arange(size) + 0.5) * 2 / size - 1
    x = axis[None, None, :] - draws(-0.12, 0.12, 1, 1)
    y = axis[None, :, None] - draws(-0.12, 0.12, 1, 1)
    cosine, sine = _turn(draws(-0.17, 0.17, 1, 1))
    shear = draws(-0.25, 0.25, 1, 1)
    across, down = reach / draws(0.62, 0.95, 1, 1), reach / draws(0.62, 0.95, 1, 1)
    bends = _smooth(draws(-3.0, 3.0, 2, _ELASTIC_POINTS, _ELASTIC_POINTS), size)
    columns = (across * (cosine - shear * sine)) * x + (across * (sine + shear * cosine)) * y
    rows = (-down * sine) * x + (down * cosine) * y
    return columns + middle + bends[:, 0], rows + middle + bends[:, 1]


def _turn(half_tangent: Floats) -> tuple[Floats, Floats]:
    """Cosine and sine of an angle from the tangent of its half; 0.17 corresponds to 19 degrees."""
    square = half_tangent * half_tangent
    return (1 - square) / (1 + square), 2 * half_tangent / (1 + square)


def _smooth(points: Floats, size: int) -> Floats:
    """Interpolate a coarse grid of values [..., G, G] smoothly to [..., size, size]."""
    cells = points.shape[-1] - 1
    place = (np.arange(size) + 0.5) * cells / size
    cell = place.astype(np.intp)
    part = place - cell
    ease = part * part * (3 - 2 * part)
    steps = points[..., 1:] - points[..., :-1]
    # `take` reads the same numbers as an index does, in a third of the time.
    wide = steps.take(cell, -1)
    wide *= ease
    wide += points.take(cell, -1)
    steps = wide[..., 1:, :] - wide[..., :-1, :]
    filled: Floats = steps.take(cell, -2)
    filled *= ease[:, None]
    filled += wide.take(cell, -2)
    return filled


def _sampled(shapes: Floats, faces: NDArray[np.intp], columns: Floats, rows: Floats) -> Floats:
    """Sample shapes [F, S, S] at columns and rows [N, size, size], with interpolation between pixels."""
    size = shapes.shape[-1]
    columns = np.clip(columns, 0, size - 1.5)
    rows = np.clip(rows, 0, size - 1.5)
    left, top = columns.astype(np.intp), rows.astype(np.intp)
    columns -= left
    rows -= top
    corner = faces[:, None, None] * (size * size) + top * size + left
    flat = shapes.reshape(-1)
    upper: Floats = flat.take(corner)
    lower: Floats = flat[size:].take(corner)
    upper += (flat[1:].take(corner) - upper) * columns
    lower += (flat[size + 1 :].take(corner) - lower) * columns
    lower -= upper
    lower *= rows
    lower += upper
    return lower


def _paper(draws: _Draws, channels: int, size: int) -> Floats:
    """Background [N, C, size, size]: a level that varies smoothly over the image; in colour, also bars."""
    level = draws(0.0, 0.35, channels, 1, 1)
    drift = draws(-0.2, 0.2, channels, _ELASTIC_POINTS, _ELASTIC_POINTS)
    paper = level + _smooth(drift, size)
    for _ in range(_CLUTTER_BARS if channels > 1 else 0):
        change = draws(0.0, 1.0, channels, 1, 1) - paper
        change *= _bar(draws, size)[:, None]
        paper += change
    return paper


def _bar(draws: _Draws, size: int) -> Floats:
    """Coverage [N, size, size] in 0..1 of a bar of random position, direction, length and width."""
    axis = (np.arange(size) + 0.5) * 2 / size - 1
    x = axis[None, None, :] - draws(-0.9, 0.9, 1, 1)
    y = axis[None, :, None] - draws(-0.9, 0.9, 1, 1)
    cosine, sine = _turn(draws(-1.0, 1.0, 1, 1))
    sharpness = size / 2
    along = draws(0.2, 0.8, 1, 1) - np.abs(cosine * x + sine * y)
    across = draws(0.04, 0.15, 1, 1) - np.abs(cosine * y - sine * x)
    return np.clip(np.minimum(along, across) * sharpness, 0, 1)


def _noise(generator: np.random.Generator, shape: Sequence[int]) -> Floats:
    """Noise between -1 and 1 with a triangular distribution, float64 [N, C, size, size]."""
    number, *rest = shape
    bytes_ = generator.integers(0, 256, (number, 2, *rest), np.uint8).astype(np.int16)
    return (bytes_[:, 0] + bytes_[:, 1] - 255) / 255


DATASETS = {"glyphs": glyphs, "colour-glyphs": colour_glyphs}

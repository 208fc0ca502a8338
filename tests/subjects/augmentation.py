"""Augmentation of images."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from neuroevo.data import augmentation
from neuroevo.data.augmentation import Augmentation
from neuroevo.testing.laws import augmentation_laws
from neuroevo.testing.references import augmentation as references
from subjects.subject import Subject

FILES = ("neuroevo/data/augmentation.py",)


def composed(images: Tensor, *, padding: float = 0.5, generator: torch.Generator) -> Tensor:
    """Crop and flip."""
    return Augmentation(padding=padding, flip=True)(images, generator)


def jittered(images: Tensor, *, jitter: float = 0.4, generator: torch.Generator) -> Tensor:
    """Jitter."""
    return Augmentation(jitter=jitter)(images, generator)


def cropped_and_flipped(images: Tensor, *, generator: torch.Generator) -> Tensor:
    """Crop by half of the height in whole pixels, then flip, by the references."""
    moved = references.crop(images, padding=round(0.5 * images.shape[2]), generator=generator)
    return references.flip(moved, generator=generator)


SUBJECTS = [
    Subject(
        "random crop",
        FILES,
        lambda: partial(augmentation.random_crop, padding=1),
        lambda: augmentation_laws(like="crop", padding=1, amount="padding"),
    ),
    Subject("random flip", FILES, lambda: augmentation.random_flip, lambda: augmentation_laws(like="flip")),
    Subject(
        "colour jitter",
        FILES,
        lambda: partial(augmentation.colour_jitter, strength=0.8),
        lambda: augmentation_laws(like="jitter", amount="strength", strength=0.8),
    ),
    Subject("crop and flip", FILES, lambda: composed, lambda: augmentation_laws(reference=cropped_and_flipped)),
    Subject(
        "jitter of an augmentation",
        FILES,
        lambda: jittered,
        lambda: augmentation_laws(reference=partial(references.jitter, strength=0.4), amount="jitter"),
    ),
]

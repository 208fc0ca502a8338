"""Laws of augmentation: `augment(images, *, generator)` for images uint8 [N, C, H, W]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.testing.laws.content import same_bits
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.references.augmentation import AUGMENTATIONS
from neuroevo.testing.strategies import seeds

Like = Literal["crop", "flip", "jitter"]
Augment = Callable[..., Tensor]

SHAPES = ((2, 1, 3, 4), (1, 3, 2, 3), (3, 2, 1, 2))
"""Shapes [N, C, H, W] of images whose augmentations are counted: no squares, one channel, colours and others."""

CALLS = 500


def check_augmentation(
    augment: Augment,
    *,
    like: Like | None = None,
    reference: Augment | None = None,
    amount: str | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `augmentation_laws` that an augmentation breaks.

    Args:
        augment: Takes images uint8 [N, C, H, W] and a generator of the CPU, and returns new ones of the same shape.
        like: As for `augmentation_laws`.
        reference: As for `augmentation_laws`.
        amount: As for `augmentation_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `augmentation_laws`.
    """
    __tracebackhide__ = True
    laws = augmentation_laws(like=like, reference=reference, amount=amount, **settings)
    check(augment, laws, label=name_of(augment), examples=examples)


def augmentation_laws(
    *, like: Like | None = None, reference: Augment | None = None, amount: str | None = None, **settings: Any
) -> list[Law]:
    """Return the laws of an augmentation.

    Args:
        like: What it does: "crop" shifts by up to `padding` pixels in from black, "flip" mirrors left to right half of
            the images, "jitter" changes brightness, contrast and saturation by up to `strength`.
        reference: Another implementation that images are distributed as.
        amount: Name of the keyword with which 0 changes nothing; None if there is none.
        **settings: Settings of the reference that is named by `like`.
    """
    other = reference if like is None else partial(AUGMENTATIONS[like], **settings)
    laws = [
        *purity_laws(_images, _call),
        Law("shape, dtype and device are kept", "a crop without padding, or numbers in floating point", _form_is_kept),
        Law("an image's result depends on no other image", "statistics or draws of the whole batch", _alone),
        other_seeds_other_results(_many, _call),
    ]
    if amount is not None:
        cause = "the default in place of 0, or a rounding"
        laws.append(Law("amount 0 is the identity", cause, partial(_identity, amount=amount)))
    if other is not None:
        name = "images are distributed as the reference's"
        laws.append(distributed_as(other, _counted, _call, _pixels, name=name, item="pixel", calls=CALLS))
    return laws


def _call(augment: Any, arguments: Arguments, generator: torch.Generator) -> Tensor:
    augmented: Tensor = augment(arguments["images"], generator=generator)
    return augmented


def _images(case: Case) -> Arguments:
    sizes = [st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)]
    shape = case.draw("shape", st.tuples(*sizes))
    return {"images": _noise(shape, case.draw("pixels", seeds()))}


def _noise(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randint(256, shape, dtype=torch.uint8, generator=seeded(seed))


def _many(case: Case) -> Arguments:
    return {"images": _noise((9, 3, 4, 4), case.draw("pixels", seeds()))}


def _counted(case: Case) -> Iterator[Arguments]:
    yield from ({"images": _noise(shape, place)} for place, shape in case.each("of", [*enumerate(SHAPES)]))


def _pixels(augmented: Tensor, arguments: Arguments) -> Sample:
    """Return a number for each whole image and its pixels, [N, 1 + C H W]."""
    rows = augmented.flatten(1).double().numpy()
    # Different images have different sums with random weights.
    marks = rows @ np.random.default_rng(0).normal(size=rows.shape[1])
    return np.concatenate([marks[:, None], rows], axis=1)


def _form_is_kept(augment: Any, case: Case) -> None:
    images = _images(case)["images"]
    after = augment(images, generator=seeded(case.draw("seed", seeds())))
    if (after.shape, after.dtype, after.device) != (images.shape, images.dtype, images.device):
        raise Breach(f"{images.dtype} {list(images.shape)} became {after.dtype} {list(after.shape)}")


def _alone(augment: Any, case: Case) -> None:
    images, seed = _images(case)["images"], case.draw("seed", seeds())
    place = case.draw("place", st.integers(0, len(images) - 1))
    others = _noise(tuple(images.shape), case.draw("others", seeds()))
    others[place] = images[place]
    first, second = (augment(batch, generator=seeded(seed))[place] for batch in (images, others))
    if not same_bits(first, second):
        raise Breach(f"image {place} became another one beside other images")


def _identity(augment: Any, case: Case, *, amount: str) -> None:
    images = _images(case)["images"]
    after = augment(images, generator=seeded(case.draw("seed", seeds())), **{amount: 0})
    if not same_bits(images, after):
        raise Breach(f"with {amount} = 0 the images {images.tolist()} became {after.tolist()}")

"""Ancestry as web data are: from several environments, of which few are useful.

The images of each class of ancestry are dealt to the environments in equal parts, and each environment does something
to its part. Classes of the other roles stay as they are, so that fitness and descendants meet clean images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.seeds import stream
from neuroevo.spelling import listed

Change = Callable[[LabelledImages, torch.Generator], LabelledImages]
"""What an environment does to its images."""

NOISE = 32
"""Largest noise on textures, of 255."""


def useful(images: LabelledImages, generator: torch.Generator) -> LabelledImages:
    """Return the images as they are."""
    del generator
    return images


def shuffled(images: LabelledImages, generator: torch.Generator) -> LabelledImages:
    """Return the images with each other's labels: there is nothing to learn but the images themselves, by heart."""
    order = torch.randperm(len(images.labels), generator=generator)
    return replace(images, labels=images.labels[order.to(images.labels.device)])


def corrupted(images: LabelledImages, generator: torch.Generator) -> LabelledImages:
    """Return the images with their pixels in an order of their own each: labels are right, and shapes are gone."""
    flat = images.images.flatten(2)
    number, channels, pixels = flat.shape
    order = torch.rand(number, 1, pixels, generator=generator).argsort(-1).expand(-1, channels, -1)
    return replace(images, images=flat.gather(2, order.to(flat.device)).view_as(images.images))


def foreign(images: LabelledImages, generator: torch.Generator) -> LabelledImages:
    """Return as many images of other classes, from another domain: a random texture for each, moved and with noise."""
    shape = images.images.shape[1:]
    textures = torch.randint(0, 256, (len(images.classes), *shape), generator=generator)
    moves = torch.randint(0, max(shape), (len(images.labels), 2), generator=generator).tolist()
    moved = [textures[label].roll(move, (-2, -1)) for label, move in zip(images.labels.tolist(), moves, strict=True)]
    noise = torch.randint(-NOISE, NOISE + 1, images.images.shape, generator=generator)
    found = (torch.stack(moved) + noise).clamp(0, 255).to(images.images)
    return LabelledImages(found, images.labels, tuple(f"texture of {name}" for name in images.classes))


CHANGES: Mapping[str, Change] = {"useful": useful, "shuffled": shuffled, "corrupted": corrupted, "foreign": foreign}
"""What environments do to their images, by the kind of environment."""

MIXED = ("useful", "useful", "shuffled", "shuffled", "corrupted", "corrupted", "foreign", "foreign")
"""The kinds of the environments of `mixed`."""


def mixed(dataset: Dataset, *, kinds: Sequence[str] = MIXED, seed: int = 0) -> Dataset:
    """Return a data set with its ancestry dealt to environments of some kinds; the other roles stay as they are.

    Args:
        dataset: Images; environments that it has already are given up.
        kinds: The kinds of environments (see `CHANGES`); of n equal ones each is one environment, `shuffled-1` to
            `shuffled-n`.
        seed: Deals the images, and draws what environments do to them.

    Raises:
        ValueError: A kind is unknown, there are more environments than images, or the examples are no images uint8.
    """
    if unknown := [kind for kind in kinds if kind not in CHANGES]:
        raise ValueError(f"kinds must be of {listed(CHANGES)}, but there is {listed(unknown)}.")
    images = dataset.ancestry
    if images.images.dtype != torch.uint8 or not 0 < len(kinds) <= len(images.labels):
        raise ValueError(
            f"{dataset.name} must have images uint8 as ancestry, one at least for each of the environments, but there "
            f"are {len(images.labels)} of {images.images.dtype} for {len(kinds)}."
        )
    names = [f"{kind}-{kinds[: place + 1].count(kind)}" for place, kind in enumerate(kinds)]
    dealt = _dealt(images.labels.cpu(), len(kinds), stream(seed, "environments")).to(images.labels.device)
    environments = {
        name: CHANGES[kind](images.part(torch.nonzero(dealt == place).squeeze(1)), stream(seed, place, "environment"))
        for place, (kind, name) in enumerate(zip(kinds, names, strict=True))
    }
    wanted = tuple(name for kind, name in zip(kinds, names, strict=True) if kind == "useful")
    found = Dataset.of_environments(
        f"{dataset.name}-mixed", environments, dataset.held_out, dataset.novel, useful=wanted
    )
    return replace(found, augmentation=dataset.augmentation)


def _dealt(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return the environment of each image, int64 [N]: as many images of each class to each of them, give or take one.

    Classes are dealt one after the other, as cards are, so that environments have equal numbers of images, too.
    """
    order = torch.randperm(len(labels), generator=generator)
    order = order[torch.argsort(labels[order], stable=True)]
    return torch.empty_like(labels).index_copy(0, order, torch.arange(len(labels)) % count)

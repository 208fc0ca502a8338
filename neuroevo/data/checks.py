"""Checks that a data set on disk is complete: its files, their digests, its classes and their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch

from neuroevo.data.images import Dataset
from neuroevo.splits import ROLES, load_split, split_names


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        good: Whether the check passed.
        sentence: What was found, and what to do if it is not good.
    """

    good: bool
    sentence: str


def findings(digests: Callable[[], Iterable[str]], read: Callable[[], Dataset]) -> Iterator[Finding]:
    """Yield findings, up to the first error, after which nothing can be read.

    Args:
        digests: Checks the files, yields a sentence about each that has a published digest, and raises if one is
            missing or differs.
        read: Reads the data set.
    """
    try:
        for sentence in digests():
            yield Finding(True, sentence)
        dataset = read()
    except (ImportError, OSError, ValueError) as error:
        yield Finding(False, _sentence(error))
        return
    for role in ROLES:
        yield _counts(dataset, role)


def _counts(dataset: Dataset, role: str) -> Finding:
    images = dataset.role(role)
    counts = torch.bincount(images.labels, minlength=len(images.classes))
    fewest, most = int(counts.min()), int(counts.max())
    found = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    sentence = f"{role}: {len(images.classes)} classes with {found} images each, {_format_shape(dataset)}"
    wanted = load_split(dataset.name).images_per_class if dataset.name in split_names() else None
    if wanted in (None, fewest) and (wanted is None or most == wanted):
        return Finding(True, f"{sentence}.")
    return Finding(False, f"{sentence}, but the published data set has {wanted} of each; get the files again.")


def _format_shape(dataset: Dataset) -> str:
    if len(dataset.shape) != 3:
        return f"of the shape {list(dataset.shape)}"
    channels, height, width = dataset.shape
    return f"{width} x {height} pixels, {'grey' if channels == 1 else 'colour'}"


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} can't be read: {error.strerror}."
    return " ".join(str(error).split())

"""Data sets of image files: those of each role are decoded together, and kept decoded if they are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from neuroevo.data.by_class import check_enough
from neuroevo.data.cache import cached
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.data.pictures import Progress, read_pictures
from neuroevo.splits import ROLES

MANY = 1000
"""Files of a role from which on they are kept decoded: fewer are decoded in a second."""

Files = Mapping[str, Sequence[Path]]
"""The image files of each class, in order."""


def dataset_of_pictures(
    name: str,
    roles: Mapping[str, Files],
    *,
    channels: int,
    size: int | None,
    images_per_class: int | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Return the data set of image files.

    Args:
        name: Name of the data set.
        roles: The files of the classes of each role.
        channels: 1 for grey, 3 for colour.
        size: Height and width to which images are resized; None leaves them, which must be of one size.
        images_per_class: Keep only the first images of each class, this many; None keeps all.
        progress: Hears how many images of all roles have been read.

    Raises:
        OSError: A file can't be read.
        ValueError: `images_per_class` is below 1, a class has too few images, or a file is no fitting image.
    """
    chosen = {role: _chosen(roles[role], images_per_class) for role in ROLES}
    parts, read = [], 0
    for role in ROLES:
        parts.append(_role(chosen[role], channels, size, None if progress is None else _after(read, progress)))
        read += len(parts[-1].images)
    return Dataset.of(name, *parts)


def _chosen(files: Files, images_per_class: int | None) -> Files:
    for name, paths in files.items():
        check_enough(len(paths), name, images_per_class)
    return {name: paths[:images_per_class] for name, paths in files.items()}


def _role(files: Files, channels: int, size: int | None, progress: Progress | None) -> LabelledImages:
    paths = [*chain.from_iterable(files.values())]

    def make() -> dict[str, Tensor]:
        return {"images": read_pictures(paths, channels=channels, size=size, progress=progress)}

    decoded = cached(paths, f"channels {channels} size {size}", make) if len(paths) >= MANY else make()
    counts = torch.tensor([len(part) for part in files.values()])
    return LabelledImages(decoded["images"], torch.arange(len(files)).repeat_interleave(counts), tuple(files))


def _after(before: int, progress: Progress) -> Progress:
    return lambda done: progress(before + done)

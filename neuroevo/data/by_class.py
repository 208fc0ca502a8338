"""From images by class to a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.splits import ROLES


def dataset_by_class(
    name: str,
    roles: Mapping[str, Sequence[str]],
    images_of: Callable[[str], Tensor],
    *,
    images_per_class: int | None = None,
) -> Dataset:
    """Return the data set of classes by role.

    Args:
        name: Name of the data set.
        roles: Names of the classes of each role.
        images_of: Returns the images of a class, uint8 [N, C, H, W].
        images_per_class: Keep only the first images of each class, this many; None keeps all.

    Raises:
        ValueError: `images_per_class` is below 1, or a class has no image or fewer than that.
    """
    check_images_per_class(images_per_class)
    return Dataset.of(name, *(_role(roles[role], images_of, images_per_class) for role in ROLES))


def check_images_per_class(images_per_class: int | None) -> None:
    """Raise ValueError unless the number is at least 1 or None."""
    if images_per_class is not None and images_per_class < 1:
        raise ValueError(f"images_per_class must be at least 1, or None for all, but it is {images_per_class}.")


def _role(classes: Sequence[str], images_of: Callable[[str], Tensor], images_per_class: int | None) -> LabelledImages:
    parts = [_first(images_of(name), name, images_per_class) for name in classes]
    counts = torch.tensor([len(part) for part in parts])
    return LabelledImages(torch.cat(parts), torch.arange(len(parts)).repeat_interleave(counts), tuple(classes))


def check_enough(count: int, name: str, images_per_class: int | None) -> None:
    """Raise ValueError unless a class has an image, and as many as are asked for."""
    least = images_per_class or 1
    if count < least:
        raise ValueError(
            f"each class must have at least {least} images, but {name} has {count}; choose fewer "
            "images_per_class or get the files again."
        )


def _first(images: Tensor, name: str, images_per_class: int | None) -> Tensor:
    check_enough(len(images), name, images_per_class)
    return images[:images_per_class]

"""Containers for images: labelled images, and a data set with classes of three roles."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from neuroevo.data.augmentation import Augmentation
from neuroevo.splits import ROLES, check_disjoint, check_role


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images with one class each.

    Attributes:
        images: uint8 [N, C, H, W].
        labels: int64 [N], in 0..K-1, on the device of the images.
        classes: Names of the K classes; label k means `classes[k]`.

    Raises:
        TypeError: A tensor has another dtype.
        ValueError: Shapes, devices, labels and names do not fit together.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_dtypes(self.images, self.labels)
        _check_shapes(self.images, self.labels)
        _check_classes(self.labels, self.classes)

    def to(self, device: torch.device | str) -> LabelledImages:
        """Return the same images and labels on a device."""
        return LabelledImages(self.images.to(device), self.labels.to(device), self.classes)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with classes split by role; no class has two roles.

    Attributes:
        name: Name of the data set.
        ancestry: Images of the classes that ancestors train on.
        held_out: Images of the classes on which learngenes are scored.
        novel: Images of the classes that neither ancestors nor critics see.
        mean: Mean of each of the C channels over ancestry, with 0..255 scaled to 0..1.
        std: Standard deviation of each channel, likewise; above 0.
        augmentation: Augmentation of the images of each update of a training; None for none.

    Raises:
        ValueError: Roles share a class, their images differ in shape or are not square, or `mean`
            and `std` do not have one usable number per channel.
    """

    name: str
    ancestry: LabelledImages
    held_out: LabelledImages
    novel: LabelledImages
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        check_disjoint(self.name, {role: self.role(role).classes for role in ROLES})
        _check_equal_shapes(self)
        _check_statistics(self)

    @classmethod
    def of(cls, name: str, ancestry: LabelledImages, held_out: LabelledImages, novel: LabelledImages) -> Dataset:
        """Return the data set of three roles, with the mean and the standard deviation of ancestry.

        Raises:
            ValueError: As the class does, or ancestry has no image or a constant channel.
        """
        mean, std = channel_statistics(ancestry.images)
        return cls(name, ancestry, held_out, novel, mean, std)

    def role(self, name: str) -> LabelledImages:
        """Return the images of one role.

        Raises:
            ValueError: The name is not one of `neuroevo.splits.ROLES`.
        """
        check_role(name)
        images: LabelledImages = getattr(self, name)
        return images

    def to(self, device: torch.device | str) -> Dataset:
        """Return the same data set on a device."""
        ancestry, held_out, novel = (self.role(role).to(device) for role in ROLES)
        return replace(self, ancestry=ancestry, held_out=held_out, novel=novel)

    def facts(self) -> dict[str, Any]:
        """Return what identifies this data set, as JSON values: classes per role and a digest of everything.

        Augmentation is included if there is one.
        """
        digest = hashlib.sha256()
        for role in ROLES:
            images = self.role(role)
            digest.update("\0".join((role, *images.classes)).encode())
            digest.update(images.images.cpu().contiguous().numpy().tobytes())
            digest.update(images.labels.cpu().numpy().tobytes())
        classes = {role: len(self.role(role).classes) for role in ROLES}
        augmented = {} if self.augmentation is None else {"augmentation": asdict(self.augmentation)}
        return {"name": self.name, "classes": classes, "sha256": digest.hexdigest(), **augmented}

    @property
    def channels(self) -> int:
        """Number of channels C of an image."""
        return self.ancestry.images.shape[1]

    @property
    def size(self) -> int:
        """Height and width of an image, in pixels."""
        return self.ancestry.images.shape[2]


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel, with 0..255 scaled to 0..1.

    The sums are over integers, hence exact: equal images give equal numbers on every machine.

    Args:
        images: uint8 [N, C, H, W].

    Raises:
        ValueError: There is no image.
    """
    if images.numel() == 0:
        raise ValueError(f"images must not be empty, but their shape is {list(images.shape)}.")
    channels = [_mean_and_std(images[:, channel]) for channel in range(images.shape[1])]
    return tuple(mean for mean, _ in channels), tuple(std for _, std in channels)


def _mean_and_std(values: Tensor) -> tuple[float, float]:
    counts = torch.bincount(values.reshape(-1), minlength=256).tolist()
    number = sum(counts)
    total = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    return total / (255 * number), math.sqrt(number * squares - total * total) / (255 * number)


def _check_dtypes(images: Tensor, labels: Tensor) -> None:
    if images.dtype != torch.uint8:
        raise TypeError(f"images must be uint8, but they are {images.dtype}.")
    if labels.dtype != torch.int64:
        raise TypeError(f"labels must be int64, but they are {labels.dtype}.")


def _check_shapes(images: Tensor, labels: Tensor) -> None:
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(f"images must have the shape [N, C, H, W], but theirs is {list(images.shape)}.")
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"labels must have the shape [{len(images)}], one for each image, but theirs is {list(labels.shape)}."
        )
    if labels.device != images.device:
        raise ValueError(
            f"labels must be on the device of the images, {images.device}, but they are on {labels.device}."
        )


def _check_classes(labels: Tensor, classes: tuple[str, ...]) -> None:
    if not classes or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be different names, at least one, but they are {classes}.")
    if len(labels) == 0:
        return
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= len(classes):
        raise ValueError(
            f"labels must lie in 0..{len(classes) - 1} for {len(classes)} classes, but they lie in {low}..{high}."
        )


def _check_equal_shapes(dataset: Dataset) -> None:
    shapes = {role: tuple(dataset.role(role).images.shape[1:]) for role in ROLES}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"the images of all roles must have one shape [C, H, W], but they have {shapes}.")
    _, height, width = shapes["ancestry"]
    if height != width:
        raise ValueError(f"images must be square, but theirs is {height} x {width} pixels.")


def _check_statistics(dataset: Dataset) -> None:
    for field, numbers in (("mean", dataset.mean), ("std", dataset.std)):
        if len(numbers) != dataset.channels or not all(map(math.isfinite, numbers)):
            raise ValueError(
                f"{field} must have {dataset.channels} finite numbers, one for each channel, but it is {numbers}."
            )
    if min(dataset.std) <= 0:
        raise ValueError(f"std must be above 0, but it is {dataset.std}; leave out channels that are constant.")

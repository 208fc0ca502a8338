"""Containers for images and other examples: labelled ones, and a data set with classes of three roles."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from neuroevo.data.augmentation import Augmentation
from neuroevo.data.environments import Environments
from neuroevo.splits import ROLES, check_disjoint, check_role
from neuroevo.summarised import Summarised


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images, or signals, tables and other examples, with one class each.

    Attributes:
        images: Images uint8 [N, C, H, W], or finite float32 [N, C, ...]: images, signals [N, C, L], tables [N, C] of C
            numbers per example.
        labels: int64 [N], in 0..K-1, on the device of the images.
        classes: Names of the K classes; label k means `classes[k]`.

    Raises:
        TypeError: A tensor has another dtype.
        ValueError: Shapes, devices, labels and names do not fit together, or a number is not finite.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_dtypes(self.images, self.labels)
        _check_shapes(self.images, self.labels)
        _check_classes(self.labels, self.classes)

    @cached_property
    def labels_on_host(self) -> Tensor:
        """The labels on the CPU, where tasks are drawn."""
        return self.labels.cpu()

    def to(self, device: torch.device | str) -> LabelledImages:
        """Return the same images and labels on a device."""
        return LabelledImages(self.images.to(device), self.labels.to(device), self.classes)

    def part(self, rows: Tensor) -> LabelledImages:
        """Return the images of some rows, int64, with the classes that these have, in the same order."""
        labels = self.labels[rows]
        present = labels.unique()
        # Labels are counted anew, so that every class has an image.
        return LabelledImages(
            self.images[rows], torch.searchsorted(present, labels), tuple(self.classes[one] for one in present.tolist())
        )


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Summarised):
    """A data set with classes split by role; no class has two roles.

    Attributes:
        name: Name of the data set.
        ancestry: Images of the classes that ancestors train on.
        held_out: Images of the classes on which learngenes are scored.
        novel: Images of the classes that neither ancestors nor critics see.
        mean: Mean of each of the C channels over ancestry; for uint8 with 0..255 scaled to 0..1.
        std: Standard deviation of each channel, likewise; above 0.
        augmentation: Augmentation of the images of each update of a training, which must be uint8; None for none.
        environments: The environments that the images of ancestry are from; None if they are all from one.

    Raises:
        ValueError: Roles share a class, their images differ in shape or dtype, `mean` and `std` do not have one usable
            number per channel, there is augmentation of something else than images, or environments are not those of
            the images of ancestry.
    """

    name: str
    ancestry: LabelledImages
    held_out: LabelledImages
    novel: LabelledImages
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: Augmentation | None = None
    environments: Environments | None = None

    def _summary(self) -> dict[str, Any]:
        roles = {role: self.role(role) for role in ROLES}
        counts = {role: f"{len(one.images)} images of {len(one.classes)} classes" for role, one in roles.items()}
        return {"name": self.name, "shape": tuple(self.ancestry.images.shape[1:]), **counts}

    def __post_init__(self) -> None:
        check_disjoint(self.name, {role: self.role(role).classes for role in ROLES})
        _check_equal_shapes(self)
        _check_statistics(self)
        if self.augmentation is not None and self.ancestry.images.dtype != torch.uint8:
            raise ValueError(
                "augmentation must be None for examples in floating point, because it crops, flips and jitters images "
                f"uint8, but it is {self.augmentation}."
            )
        if self.environments is not None and len(self.environments.of) != len(self.ancestry.labels):
            raise ValueError(
                f"environments must have one for each of the {len(self.ancestry.labels)} images of ancestry, but they "
                f"have {len(self.environments.of)}."
            )

    @classmethod
    def of(cls, name: str, ancestry: LabelledImages, held_out: LabelledImages, novel: LabelledImages) -> Dataset:
        """Return the data set of three roles, with the mean and the standard deviation of ancestry.

        Raises:
            ValueError: As the class does, or ancestry has no image or a constant channel.
        """
        mean, std = channel_statistics(ancestry.images)
        return cls(name, ancestry, held_out, novel, mean, std)

    @classmethod
    def of_environments(
        cls,
        name: str,
        environments: Mapping[str, LabelledImages],
        held_out: LabelledImages,
        novel: LabelledImages,
        *,
        useful: Sequence[str] = (),
    ) -> Dataset:
        """Return the data set whose ancestry is that of several environments together.

        Classes of one name are one class, so that environments may differ in their images of it, or be wrong about it.

        Args:
            name: Name of the data set.
            environments: Images by the name of the environment that they are from.
            held_out: As in the class.
            novel: As in the class.
            useful: Names of environments that are known to be useful (see `Environments`).

        Raises:
            ValueError: As the class and `Environments` do.
        """
        classes = tuple(dict.fromkeys(each for one in environments.values() for each in one.classes))
        numbers = {each: number for number, each in enumerate(classes)}
        known = [torch.tensor([numbers[each] for each in one.classes]) for one in environments.values()]
        parts = zip(known, environments.values(), strict=True)
        labels = torch.cat([number.to(one.labels.device)[one.labels] for number, one in parts])
        counts = torch.tensor([len(one.labels) for one in environments.values()])
        images = torch.cat([one.images for one in environments.values()])
        made = cls.of(name, LabelledImages(images, labels, classes), held_out, novel)
        places = torch.arange(len(environments)).repeat_interleave(counts).to(labels.device)
        return replace(made, environments=Environments(tuple(environments), places, tuple(useful)))

    @classmethod
    def from_torch(
        cls,
        dataset: Any,
        *,
        roles: Mapping[str, Sequence[str | int]],
        name: str | None = None,
        images_per_class: int | None = None,
    ) -> Dataset:
        """Return the data set of the examples of a PyTorch data set, for example one of torchvision.

        Args:
            dataset: Yields (example, label) by index. An example is a picture of Pillow or a tensor, array or sequence
                of numbers; all have one shape. uint8 [C, H, W] stays as it is, other numbers become float32.
            roles: The classes of `ancestry`, `held_out` and `novel`, by name or label; others are left out. Names are
                the data set's `classes`, or the labels.
            name: Name of the data set; default its class's.
            images_per_class: Keep only the first examples of each class, this many; None keeps all.

        Raises:
            TypeError: It is no data set of examples with a label each.
            ValueError: Roles or examples do not fit, or reading it draws from a global generator.
        """
        from neuroevo.data.from_torch import from_torch  # which needs this module

        return from_torch(dataset, roles=roles, name=name, images_per_class=images_per_class)

    def role(self, name: str) -> LabelledImages:
        """Return the images of one role.

        Raises:
            ValueError: The name is not one of `neuroevo.splits.ROLES`.
        """
        check_role(name)
        images: LabelledImages = getattr(self, name)
        return images

    def within(self, *environments: str) -> Dataset:
        """Return the data set whose ancestry is from some of the environments only.

        Raises:
            ValueError: There is none of a name, or the data are from one environment.
        """
        if self.environments is None:
            raise ValueError(f"{self.name} must have environments, but its images are from one.")
        parts = {name: self.ancestry.part(self.environments.rows(name)) for name in environments}
        useful = [name for name in self.environments.useful if name in environments]
        found = Dataset.of_environments(self.name, parts, self.held_out, self.novel, useful=useful)
        return replace(found, augmentation=self.augmentation)

    def to(self, device: torch.device | str) -> Dataset:
        """Return the same data set on a device."""
        ancestry, held_out, novel = (self.role(role).to(device) for role in ROLES)
        environments = None if self.environments is None else self.environments.to(device)
        return replace(self, ancestry=ancestry, held_out=held_out, novel=novel, environments=environments)

    def facts(self) -> dict[str, Any]:
        """Return what identifies this data set, as JSON values: classes per role and a digest of everything.

        Augmentation and environments are included if there are any, and the shape unless it is that of square images
        uint8.
        """
        digest = hashlib.sha256()
        for role in ROLES:
            images = self.role(role)
            digest.update("\0".join((role, *images.classes)).encode())
            digest.update(images.images.cpu().contiguous().numpy().tobytes())
            digest.update(images.labels.cpu().numpy().tobytes())
        classes = {role: len(self.role(role).classes) for role in ROLES}
        augmented = {} if self.augmentation is None else {"augmentation": asdict(self.augmentation)}
        square = self.ancestry.images.dtype == torch.uint8 and self.shape[1] == self.shape[2]
        shape = {} if square else {"shape": list(self.shape), "dtype": str(self.ancestry.images.dtype)}
        lived = {} if self.environments is None else {"environments": self.environments.facts()}
        return {"name": self.name, "classes": classes, "sha256": digest.hexdigest(), **shape, **augmented, **lived}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image or another example, [C, ...]."""
        return tuple(self.ancestry.images.shape[1:])

    @property
    def channels(self) -> int:
        """Number of channels C of an image; of a table, numbers per example."""
        return self.ancestry.images.shape[1]

    @property
    def size(self) -> int:
        """Height and width of a square image, in pixels.

        Raises:
            ValueError: The examples are no square images.
        """
        if len(self.shape) != 3 or self.shape[1] != self.shape[2]:
            raise ValueError(
                f"{self.name} must have square images for their size, but examples have the shape {list(self.shape)}; "
                "use `shape`, or a network that takes it."
            )
        return self.shape[1]


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel; of uint8 with 0..255 scaled to 0..1.

    The sums of uint8 are over integers, hence exact: equal images give equal numbers on every machine. Others are
    computed in double and rounded to single precision.

    Args:
        images: uint8 or float32 [N, C, ...].

    Raises:
        ValueError: There is no image.
    """
    if images.numel() == 0:
        raise ValueError(f"images must not be empty, but their shape is {list(images.shape)}.")
    if images.is_floating_point():
        doubles = images.transpose(0, 1).flatten(1).double()
        means, stds = doubles.mean(1), doubles.std(1, correction=0)
        return tuple(means.float().tolist()), tuple(stds.float().tolist())
    channels = [_mean_and_std(images[:, channel]) for channel in range(images.shape[1])]
    return tuple(mean for mean, _ in channels), tuple(std for _, std in channels)


def _mean_and_std(values: Tensor) -> tuple[float, float]:
    counts = torch.bincount(values.reshape(-1), minlength=256).tolist()
    number = sum(counts)
    total = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    return total / (255 * number), math.sqrt(number * squares - total * total) / (255 * number)


def _check_dtypes(images: Tensor, labels: Tensor) -> None:
    if images.dtype not in (torch.uint8, torch.float32):
        raise TypeError(f"images must be uint8, or float32 for other examples, but they are {images.dtype}.")
    if labels.dtype != torch.int64:
        raise TypeError(f"labels must be int64, but they are {labels.dtype}.")


def _check_shapes(images: Tensor, labels: Tensor) -> None:
    if images.ndim < 2 or (images.ndim != 4 and images.dtype == torch.uint8) or 0 in images.shape[1:]:
        raise ValueError(
            "images must have the shape [N, C, H, W], or [N, C, ...] in floating point, but theirs is "
            f"{list(images.shape)}."
        )
    if images.is_floating_point() and (odd := int((~images.isfinite()).sum())):
        raise ValueError(
            f"images must hold finite numbers, but {odd} of {images.numel()} are not; fill these in or leave them out."
        )
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
        raise ValueError(f"the images of all roles must have one shape [C, ...], but they have {shapes}.")
    dtypes = {role: dataset.role(role).images.dtype for role in ROLES}
    if len(set(dtypes.values())) > 1:
        raise ValueError(f"the images of all roles must have one dtype, but they have {dtypes}.")


def _check_statistics(dataset: Dataset) -> None:
    for field, numbers in (("mean", dataset.mean), ("std", dataset.std)):
        if len(numbers) != dataset.channels or not all(map(math.isfinite, numbers)):
            raise ValueError(
                f"{field} must have {dataset.channels} finite numbers, one for each channel, but it is {numbers}."
            )
    if constant := [channel for channel, std in enumerate(dataset.std) if std <= 0]:
        raise ValueError(
            f"std must be above 0, but that of channel {constant[0]} is {dataset.std[constant[0]]} ({len(constant)} of "
            f"{len(dataset.std)} are not); leave out channels that are constant."
        )

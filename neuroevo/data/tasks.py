"""Tasks: a few classes of a role, their images split into training and test."""

from dataclasses import dataclass

import torch
from torch import Tensor

from neuroevo.data.images import LabelledImages


@dataclass(frozen=True, eq=False)
class Task:
    """A k-way classification task; it holds rows of its source, not copies of images.

    Attributes:
        source: The images that the task is drawn from.
        classes: int64 [k], labels of the source; a task's label is a class's position in this tensor.
        train: int64 [n], rows of `source.images` to train on, class by class.
        train_labels: int64 [n], in 0..k-1.
        test: int64 [m], rows of `source.images` to test on, class by class, none of them in
            `train`.
        test_labels: int64 [m], in 0..k-1.
    """

    source: LabelledImages
    classes: Tensor
    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


def default_ways(classes: int) -> int:
    """Return the default number of classes of a task: 20, or all if there are fewer.

    Args:
        classes: Number of classes K to draw from, at least 1.

    Raises:
        ValueError: There is no class.
    """
    if classes < 1:
        raise ValueError(f"classes must be at least 1, but it is {classes}.")
    return min(20, classes)


def smallest_class(source: LabelledImages) -> int:
    """Return the number of images of the smallest class."""
    return int(torch.bincount(source.labels_on_host, minlength=len(source.classes)).min())


def unseen_per_class(source: LabelledImages, *, shots: int, wanted: int) -> int:
    """Return how many test images per class a task with `shots` training images can have: `wanted` at most.

    Raises:
        ValueError: `shots` leaves no image of the smallest class.
    """
    fewest = smallest_class(source)
    if shots >= fewest:
        raise ValueError(
            f"shots must be below {fewest}, the images of the smallest class, but it is {shots}; ask for fewer."
        )
    return min(wanted, fewest - shots)


def check_ways(ways: int, classes: int) -> None:
    """Raise ValueError unless a `ways`-way task can be drawn from this number of classes."""
    if not 1 <= ways <= classes:
        raise ValueError(f"ways must lie in 1..{classes}, the number of classes, but it is {ways}.")


def check_classes_have_images(source: LabelledImages) -> None:
    """Raise ValueError unless every class has an image."""
    counts = torch.bincount(source.labels_on_host, minlength=len(source.classes)).tolist()
    if empty := [name for name, count in zip(source.classes, counts, strict=True) if not count]:
        raise ValueError(f"each class must have an image, but {empty[0]} has none; leave it out.")


def sample_task(
    source: LabelledImages,
    *,
    ways: int,
    shots: int | None,
    test_per_class: int,
    generator: torch.Generator,
) -> Task:
    """Draw a task: classes and, within each class, images, all without replacement.

    Equal generator states draw equal tasks, on every device. The number of shots changes neither
    the classes nor the test images, so that tasks of few and many shots can be compared.

    Args:
        source: N images of K classes.
        ways: Number of classes k of the task, in random order.
        shots: Training images of each class; None takes all but the test images.
        test_per_class: Test images of each class; 0 gives a task without a test.
        generator: Draws the task, on the CPU.

    Returns:
        The task, its tensors on the device of `source.labels`.

    Raises:
        ValueError: There are fewer classes than `ways`, a class has too few images, or a number is
            too small.
    """
    _check_numbers(ways, shots, test_per_class, len(source.classes))
    labels = source.labels_on_host
    classes = torch.randperm(len(source.classes), generator=generator)[:ways]
    counts = torch.bincount(labels, minlength=len(source.classes))[classes]
    _check_counts(counts, shots, test_per_class)
    rows, positions = _shuffled_by_class(labels, classes, len(source.classes), generator)
    ranks = torch.arange(len(rows)) - (counts.cumsum(0) - counts)[positions]
    is_test = ranks < test_per_class
    is_train = ~is_test if shots is None else ~is_test & (ranks < test_per_class + shots)
    parts = (classes, rows[is_train], positions[is_train], rows[is_test], positions[is_test])
    return Task(source, *(part.to(source.labels.device) for part in parts))


def _shuffled_by_class(
    labels: Tensor, classes: Tensor, number: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Rows of the images of `classes`, class by class and shuffled within, and their labels."""
    position = torch.full((number,), -1).index_copy(0, classes, torch.arange(len(classes)))
    positions = position[labels]
    rows = torch.nonzero(positions >= 0).squeeze(1)
    rows = rows[torch.randperm(len(rows), generator=generator)]
    order = torch.argsort(positions[rows], stable=True)
    rows = rows[order]
    return rows, positions[rows]


def _check_numbers(ways: int, shots: int | None, test_per_class: int, classes: int) -> None:
    check_ways(ways, classes)
    if shots is not None and shots < 1:
        raise ValueError(f"shots must be at least 1, or None for all images, but it is {shots}.")
    if test_per_class < 0:
        raise ValueError(f"test_per_class must be at least 0, but it is {test_per_class}.")


def _check_counts(counts: Tensor, shots: int | None, test_per_class: int) -> None:
    fewest = int(counts.min())
    needed = test_per_class + (1 if shots is None else shots)
    if needed > fewest:
        raise ValueError(
            f"shots + test_per_class must be at most {fewest}, the number of images of the "
            f"smallest class drawn, but it is {needed}; ask for fewer."
        )

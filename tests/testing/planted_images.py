"""Augmentations and draws of tasks with one fault each.

Each row of `PLANTED` has a name, what is wrong, the law that has to notice, and the subject with all laws of its kind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from neuroevo.data import augmentation
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task, sample_task
from neuroevo.testing.laws import Law, augmentation_laws, task_laws


def rolled(images: Tensor, *, padding: int = 1, generator: torch.Generator) -> Tensor:
    """Let what leaves at one edge come in at the other."""
    shifts = torch.randint(-padding, padding + 1, (len(images), 2), generator=generator).tolist()
    return torch.stack([image.roll(shift, (1, 2)) for image, shift in zip(images, shifts, strict=True)])


def uncropped(images: Tensor, *, padding: int = 1, generator: torch.Generator) -> Tensor:
    """Return padded images."""
    moved = augmentation.random_crop(images, padding=padding, generator=generator)
    return torch.nn.functional.pad(moved, (padding,) * 4)


def stretched(images: Tensor, *, padding: int = 1, generator: torch.Generator) -> Tensor:
    """Brighten the batch to its greatest number."""
    moved = augmentation.random_crop(images, padding=padding, generator=generator)
    return (moved.float() * 255 / images.max().clamp(min=1)).to(torch.uint8) if padding else moved


def default_padding(images: Tensor, *, padding: int = 1, generator: torch.Generator) -> Tensor:
    """Treat 0 as if nothing was given."""
    return augmentation.random_crop(images, padding=padding or 1, generator=generator)


def shots_of_all(source: LabelledImages, *, shots: int | None, ways: int, **settings: Any) -> Task:
    """Take as many images as one class should have from all."""
    task = sample_task(source, shots=shots, ways=ways, **settings)
    return replace(task, train=task.train[: shots or None], train_labels=task.train_labels[: shots or None])


def tested_on_training(source: LabelledImages, **settings: Any) -> Task:
    """Test on images that were trained on, if there are enough."""
    task = sample_task(source, **settings)
    fits = torch.equal(task.train_labels, task.test_labels)
    return replace(task, test=task.train.clone()) if fits else task


def training_first(
    source: LabelledImages, *, shots: int | None, test_per_class: int, ways: int, generator: torch.Generator
) -> Task:
    """Draw the training images before those of the test."""
    if shots is None or not test_per_class:
        return sample_task(source, ways=ways, shots=shots, test_per_class=test_per_class, generator=generator)
    task = sample_task(source, ways=ways, shots=test_per_class, test_per_class=shots, generator=generator)
    return Task(source, task.classes, task.test, task.test_labels, task.train, task.train_labels)


def fewer_if_need_be(source: LabelledImages, *, shots: int | None, **settings: Any) -> Task:
    """Take fewer training images from small classes."""
    fewest = int(torch.bincount(source.labels, minlength=len(source.classes)).min())
    least = max(1, fewest - max(0, settings["test_per_class"]))
    return sample_task(source, shots=None if shots is None else min(shots, least), **settings)


def labels_in_order(source: LabelledImages, **settings: Any) -> Task:
    """Sort the classes: label 0 is mostly one of the first."""
    task = sample_task(source, **settings)
    classes, order = task.classes.sort()
    place = order.argsort()
    train, test = place[task.train_labels], place[task.test_labels]
    first, second = train.argsort(stable=True), test.argsort(stable=True)
    return Task(source, classes, task.train[first], train[first], task.test[second], test[second])


CROPPED: list[Law] = augmentation_laws(like="crop", padding=1, amount="padding")
COUNTED = "classes, images and their orders are as frequent as the reference's"

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("rolled", "images that wrap around", "images are distributed as the reference's", (rolled, CROPPED)),
    ("uncropped", "a crop without the crop", "shape, dtype and device are kept", (uncropped, CROPPED)),
    (
        "stretched",
        "a statistic of the whole batch",
        "an image's result depends on no other image",
        (stretched, CROPPED),
    ),
    ("default_padding", "`padding or default`", "amount 0 is the identity", (default_padding, CROPPED)),
    (
        "shots_of_all",
        "shots of all classes together",
        "a task has as many classes and images as wanted",
        (shots_of_all, task_laws()),
    ),
    (
        "tested_on_training",
        "training images in the test",
        "images are of their classes, and none occurs twice",
        (tested_on_training, task_laws()),
    ),
    (
        "training_first",
        "shots that change the test",
        "the number of shots changes neither classes nor test images",
        (training_first, task_laws()),
    ),
    (
        "fewer_if_need_be",
        "other shots than wanted",
        "tasks that can't be drawn are refused",
        (fewer_if_need_be, task_laws()),
    ),
    ("labels_in_order", "labels that follow the order of classes", COUNTED, (labels_in_order, task_laws())),
)

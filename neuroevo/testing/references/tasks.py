"""Tasks, drawn class by class and image by image (`neuroevo.data.tasks`)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task


def sample_task(
    source: LabelledImages, *, ways: int, shots: int | None, test_per_class: int, generator: torch.Generator
) -> Task:
    """Draw classes in random order, and of each one images without replacement: the test's, then the training's."""
    if not 1 <= ways <= len(source.classes) or (shots is not None and shots < 1) or test_per_class < 0:
        raise ValueError("numbers")
    draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    classes = _some([*range(len(source.classes))], ways, draws)
    train: list[tuple[int, int]] = []
    test: list[tuple[int, int]] = []
    for label, number in enumerate(classes):
        rows = [row for row, own in enumerate(source.labels.tolist()) if own == number]
        wanted = len(rows) - test_per_class if shots is None else shots
        if wanted < 1 or test_per_class + wanted > len(rows):
            raise ValueError("images")
        drawn = _some(rows, test_per_class + wanted, draws)
        test += [(row, label) for row in drawn[:test_per_class]]
        train += [(row, label) for row in drawn[test_per_class:]]
    return Task(source, torch.tensor(classes), *_columns(train), *_columns(test))


def _some(things: list[int], number: int, draws: np.random.Generator) -> list[int]:
    left = [*things]
    return [left.pop(int(draws.integers(len(left)))) for _ in range(number)]


def _columns(pairs: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    table = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def default_ways(classes: int) -> int:
    """Return 20, or all if there are fewer."""
    if classes <= 0:
        raise ValueError("classes")
    return 20 if classes > 20 else classes


def smallest_class(source: LabelledImages) -> int:
    """Count the images of each class."""
    return min(source.labels.tolist().count(label) for label in range(len(source.classes)))


def unseen_per_class(source: LabelledImages, *, shots: int, wanted: int) -> int:
    """Return what the smallest class has left, and at most what is wanted."""
    left = smallest_class(source) - shots
    if left < 1:
        raise ValueError("shots")
    return left if left < wanted else wanted

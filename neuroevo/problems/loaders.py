"""The data of a PyTorch loader, read once and without drawing from a generator."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, SequentialSampler


def tensors_of(loader: DataLoader[Any]) -> tuple[Tensor, Tensor]:
    """Return all inputs and targets of a loader's data set, in its order.

    Raises:
        TypeError: It is no loader, its data set has no length, or it does not yield inputs and targets.
        ValueError: There is no example, or its sampler does not take each of them once.
    """
    if not isinstance(loader, DataLoader):
        raise TypeError(f"loader must be a torch.utils.data.DataLoader, but it is a {type(loader).__name__}.")
    if isinstance(loader.dataset, IterableDataset):
        raise TypeError("loader must have a data set with a length, but it has an IterableDataset; give one by index.")
    _check_sampler(loader)
    batch, count = loader.batch_size or 1, len(loader.dataset)  # type: ignore[arg-type]
    parts = [
        _pair(loader.collate_fn([loader.dataset[row] for row in range(first, min(first + batch, count))]))
        for first in range(0, count, batch)
    ]
    if not parts:
        raise ValueError("loader must have at least one example, but its data set is empty.")
    inputs, targets = zip(*parts, strict=True)
    return torch.cat(inputs), torch.cat(targets)


def _check_sampler(loader: DataLoader[Any]) -> None:
    sampler = loader.sampler
    once = isinstance(sampler, SequentialSampler) or (isinstance(sampler, RandomSampler) and not sampler.replacement)
    if not once or len(sampler) != len(loader.dataset):  # type: ignore[arg-type]
        raise ValueError(
            f"loader must take each example once, but its sampler is a {type(sampler).__name__}; give a loader of a "
            "torch.utils.data.Subset, or `minibatch` to the problem."
        )


def _pair(batch: object) -> tuple[Tensor, Tensor]:
    if not isinstance(batch, tuple | list) or len(batch) != 2 or not all(isinstance(one, Tensor) for one in batch):
        raise TypeError(
            "loader must yield batches of two tensors, inputs and targets, but one is a "
            f"{type(batch).__name__}; give it another collate_fn."
        )
    inputs, targets = batch
    return inputs, targets

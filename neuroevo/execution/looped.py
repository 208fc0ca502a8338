"""The looped mode: one network after the other on each of several threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from neuroevo.execution.descent import descend, optimizer_of
from neuroevo.execution.precision import FLOAT32, Precision, computing
from neuroevo.execution.training import Outcome, Training, correct_answers, in_training

T = TypeVar("T")
R = TypeVar("R")


def in_threads(function: Callable[[T], R], items: Sequence[T], *, workers: int | None = None) -> list[R]:
    """Map over items on several threads with one torch thread each; results come in the order of the items."""
    threads = torch.get_num_threads()
    # The number of torch threads changes the order of float additions and with it the last bits.
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(workers or threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(function, items))
    finally:
        torch.set_num_threads(threads)


def train(training: Training, *, precision: Precision = FLOAT32) -> Outcome:
    """Train one network in place and measure it along the way."""
    network, task = training.network, training.task
    device = task.train.device
    network.to(memory_format=torch.channels_last)
    parameters = training.free_parameters()

    def loss(rows: Tensor, labels: Tensor) -> Tensor:
        with computing(precision, device):
            return training.loss(network, training.images(rows), labels)

    def measure() -> Tensor:
        with computing(precision, device):
            return correct_answers(network, task, training.pixels)

    with in_training(network, training.frozen):
        measured, last = descend(
            training,
            optimizer_of(parameters.values(), training.recipe),
            loss,
            training.batches(),
            zeros=[(parameters[name], mask.to(device)) for name, mask in training.zero.items() if name in parameters],
            kept=[*network.parameters(), *network.buffers()],
            measure=measure,
        )
    # Only here does the host wait for the device.
    return Outcome(tuple(float(count) / len(task.test) for count in measured), float(last))

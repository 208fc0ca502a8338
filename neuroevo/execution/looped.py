"""The looped way: one network after the other on each of several threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from neuroevo.execution.training import Outcome, Recipe, Training, correct_answers, in_training

T = TypeVar("T")
R = TypeVar("R")


def train_all(trainings: Sequence[Training], *, workers: int | None = None) -> list[Outcome]:
    """Train networks in place and return their outcomes in the same order.

    Each training runs on one torch thread, so its result depends neither on the number of workers nor on the other
    trainings, bit for bit on the CPU.

    Args:
        trainings: Independent training runs.
        workers: Threads on the CPU; default as many as torch uses. On a GPU there is one, whose kernels queue.
    """
    if not trainings:
        return []
    if trainings[0].network.head.weight.device.type != "cpu":
        return [train(training) for training in trainings]
    return in_threads(train, trainings, workers=workers)


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


def train(training: Training) -> Outcome:
    """Train one network in place and measure it on the way."""
    network, task, recipe = training.network, training.task, training.recipe
    network.to(memory_format=torch.channels_last)
    rows, labels = training.batches()
    parameters = training.free_parameters()
    optimizer = _optimizer(parameters, recipe)
    zeros = [
        (parameters[name], mask.to(task.train.device)) for name, mask in training.zero.items() if name in parameters
    ]
    measured: dict[int, Tensor] = {}
    loss = torch.tensor(torch.nan)
    with in_training(network, training.frozen):
        for update, rate in enumerate(recipe.rates()):
            if update in training.measure_at:
                measured[update] = correct_answers(network, task, training.pixels)
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            loss = training.loss(network, training.images(rows[update]), labels[update])
            loss.backward()
            optimizer.step()
            for parameter, mask in zeros:
                parameter.data.masked_fill_(mask, 0)
    if recipe.updates in training.measure_at:
        measured[recipe.updates] = correct_answers(network, task, training.pixels)
    # Only here does the host wait for the device.
    accuracy = tuple(float(measured[update]) / len(task.test) for update in training.measure_at)
    return Outcome(accuracy, float(loss.detach()))


def _optimizer(parameters: Mapping[str, Tensor], recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        parameters.values(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        fused=True,
    )

"""How many networks are trained together: as many as the memory allows, fewer when it runs out."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from neuroevo.execution.forward import UNSTACKABLE
from neuroevo.execution.memory import in_parts
from neuroevo.execution.threads import some_threads
from neuroevo.execution.training import Outcome, Training
from neuroevo.individual import Failure

log = logging.getLogger(__name__)

CPU_BYTES = 2**30
"""Bytes that a chunk may take on a CPU; a fixed number, so that chunks are the same on every machine."""

GPU_SHARE = 0.8
"""The share of a GPU's free memory that a chunk may take."""

COPIES = {"sgd": 3, "adamw": 4}
"""Copies of each parameter: itself, its gradient and its moments."""


def in_chunks(
    run: Callable[[Sequence[Training]], list[Outcome]],
    trainings: Sequence[Training],
    *,
    size: int | None,
    workers: int | None,
) -> list[Outcome]:
    """Train networks of one structure in chunks, one after the other.

    A chunk that runs out of memory is halved and trained again from the start.

    Args:
        run: Trains a chunk; if it fails, it leaves the networks as they were.
        trainings: Runs of one structure.
        size: Largest number of networks in a chunk; by default as many as the memory allows.
        workers: Torch threads on the CPU; default as many as torch uses.

    Raises:
        torch.OutOfMemoryError: There is not enough memory for one network.
    """
    size = min(size or len(trainings), largest_chunk(trainings[0]))
    chunks = [trainings[start : start + size] for start in range(0, len(trainings), size)]
    if len(chunks) > 1:
        log.info("%d networks are trained %d at a time, %d MiB each", len(trainings), size, _mebibytes(trainings[0]))
    with some_threads(workers):
        return [outcome for chunk in chunks for outcome in _halving(run, chunk)]


def largest_chunk(training: Training) -> int:
    """Return how many networks a chunk may have, at least 1."""
    device = training.task.train.device
    free = GPU_SHARE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else CPU_BYTES
    return max(1, int(free // bytes_of_one(training)))


def bytes_of_one(training: Training) -> int:
    """Return an estimate of the memory that training one network takes: its tensors and what its backward pass reads.

    It is derived from shapes, without computing. Only the tensors count if a network does not run on shapes alone.
    """
    network = copy.deepcopy(training.network).to("meta").train()
    total: int = COPIES[training.recipe.optimizer] * sum(tensor.nbytes for tensor in network.state_dict().values())

    def count(saved: Tensor) -> Tensor:
        nonlocal total
        total += saved.nbytes
        return saved

    images = min(training.recipe.batch, len(training.task.train))
    try:
        with saved_tensors_hooks(count, lambda saved: saved):
            network(torch.empty(images, *training.task.source.images.shape[1:], device="meta"))
    except UNSTACKABLE:
        pass
    return total


def _halving(run: Callable[[Sequence[Training]], list[Outcome]], chunk: Sequence[Training]) -> list[Outcome]:
    states = {id(training): training.generator.get_state() for training in chunk}

    def again(part: Sequence[Training]) -> list[Outcome]:
        for training in part:
            training.generator.set_state(states[id(training)])
        return run(part)

    outcomes = in_parts(again, chunk, size=None)
    if any(isinstance(outcome, Failure) for outcome in outcomes):
        raise torch.OutOfMemoryError(_too_large(chunk[0]))
    return outcomes


def _too_large(training: Training) -> str:
    device = training.task.train.device
    free, there = torch.cuda.mem_get_info(device) if device.type == "cuda" else (CPU_BYTES, CPU_BYTES)
    return (
        f"training one {type(training.network).__name__} on batches of {training.recipe.batch} takes about "
        f"{_mebibytes(training)} MiB, but {free // 2**20} of {there // 2**20} MiB are free on {device}: "
        "make the batch or the network smaller."
    )


def _mebibytes(training: Training) -> int:
    return -(-bytes_of_one(training) // 2**20)

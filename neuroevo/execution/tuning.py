"""Which way is faster here: measured once, and then written down, for results must not depend on the clock."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from neuroevo.execution.chunks import largest_chunk
from neuroevo.execution.training import Training
from neuroevo.execution.ways import AUTO, Execution, Way, chosen, train_all

REPEATS = 3
WAYS: tuple[Way, ...] = ("looped", "stacked")

Seconds = dict[str, float]


def tuned(
    make: Callable[[], Sequence[Training]], *, execution: Execution = AUTO, workers: int | None = None
) -> tuple[Execution, Seconds]:
    """Return the execution with the faster way, and the median seconds of each.

    Both ways are run in turn, after one untimed run of each. On a tie it is the looped one.

    Args:
        make: Makes a population of short training runs, a new one in each call.
        execution: Everything else that is told.
        workers: Threads on the CPU.
    """
    seconds: dict[Way, list[float]] = {way: [] for way in WAYS}
    for repeat in range(REPEATS + 1):
        for way, found in seconds.items():
            taken = _seconds(make(), replace(execution, way=way), workers)
            if repeat:
                found.append(taken)
    medians = {way: statistics.median(found) for way, found in seconds.items()}
    return replace(execution, way=min(WAYS, key=medians.__getitem__)), {
        str(way): value for way, value in medians.items()
    }


def settled(execution: Execution, training: Training) -> Execution:
    """Return the execution with the way and the chunk that trainings like this one have, whatever the memory is later.

    The chunk of a looped population is left open.
    """
    way = chosen(execution.way, training)
    if way == "looped" or execution.chunk is not None:
        return replace(execution, way=way)
    return replace(execution, way=way, chunk=largest_chunk(training))


def _seconds(trainings: Sequence[Training], execution: Execution, workers: int | None) -> float:
    on_gpu = trainings[0].task.train.device.type == "cuda"
    if on_gpu:
        torch.cuda.synchronize()
    started = time.perf_counter()
    train_all(trainings, workers=workers, execution=execution)
    if on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter() - started

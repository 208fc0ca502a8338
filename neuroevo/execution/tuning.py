"""Which mode is faster on this machine: measured once and then recorded, because results must not depend on timings."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from neuroevo.execution.chunks import largest_chunk
from neuroevo.execution.modes import AUTO, Execution, Mode, chosen, train_all
from neuroevo.execution.training import Training

REPEATS = 3
MODES: tuple[Mode, ...] = ("looped", "stacked")

Seconds = dict[str, float]


def tuned(
    make: Callable[[], Sequence[Training]], *, execution: Execution = AUTO, workers: int | None = None
) -> tuple[Execution, Seconds]:
    """Return the execution with the faster mode, and the median seconds of each.

    Both modes run in turn, after one untimed run of each. A tie goes to the looped one.

    Args:
        make: Makes a population of short training runs, a new one in each call.
        execution: All other settings of the execution.
        workers: Threads on the CPU.
    """
    seconds: dict[Mode, list[float]] = {mode: [] for mode in MODES}
    for repeat in range(REPEATS + 1):
        for mode, found in seconds.items():
            taken = _seconds(make(), replace(execution, mode=mode), workers)
            if repeat:
                found.append(taken)
    medians = {mode: statistics.median(found) for mode, found in seconds.items()}
    return replace(execution, mode=min(MODES, key=medians.__getitem__)), {
        str(mode): value for mode, value in medians.items()
    }


def settled(execution: Execution, training: Training) -> Execution:
    """Return the execution with the mode and the chunk of trainings like this one fixed, whatever the memory is later.

    The chunk of a looped population is left open.
    """
    mode = chosen(execution.mode, training)
    if mode == "looped" or execution.chunk is not None:
        return replace(execution, mode=mode)
    return replace(execution, mode=mode, chunk=largest_chunk(training))


def _seconds(trainings: Sequence[Training], execution: Execution, workers: int | None) -> float:
    on_gpu = trainings[0].task.train.device.type == "cuda"
    if on_gpu:
        torch.cuda.synchronize()
    started = time.perf_counter()
    train_all(trainings, workers=workers, execution=execution)
    if on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter() - started

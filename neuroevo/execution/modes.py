"""Execution modes: which one a population is trained in, by a fixed rule of device and structure.

All modes give the same numbers, `looped` the same bits for any number of workers, `stacked` up to rounding.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import torch

from neuroevo.execution.chunks import in_chunks
from neuroevo.execution.cuda import on_streams
from neuroevo.execution.forward import UNSTACKABLE
from neuroevo.execution.heap import keep_freed_memory
from neuroevo.execution.looped import in_threads, train
from neuroevo.execution.precision import FLOAT32, Precision, check_precision, multiplying
from neuroevo.execution.stacked import structure, train_stacked
from neuroevo.execution.training import Outcome, Training

log = logging.getLogger(__name__)

Mode = Literal["auto", "looped", "stacked"]


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How populations are trained.

    Attributes:
        mode: "looped" trains one network after the other on each of several threads or streams, "stacked" trains
            networks of one structure together, "auto" is the one of these that `chosen` returns.
        precision: "float32", or on a GPU "tf32" or "bf16": faster, less exact forward passes; weights stay float32.
        compile: Whether the forward pass of stacked networks is compiled by `torch.compile`.
        chunk: Largest number of networks in a stack; default as many as the memory allows.
    """

    mode: Mode = "auto"
    precision: Precision = FLOAT32
    compile: bool = False
    chunk: int | None = None

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode must be one of {', '.join(get_args(Mode))}, but it is {self.mode!r}.")
        check_precision(self.precision)
        if self.chunk is not None and self.chunk < 1:
            raise ValueError(f"chunk must be at least 1, but it is {self.chunk}.")


AUTO = Execution()


def train_all(
    trainings: Sequence[Training], *, workers: int | None = None, execution: Execution = AUTO
) -> list[Outcome]:
    """Train networks in place and return their outcomes in the same order.

    Each looped training uses one torch thread, so its result depends neither on the number of workers nor on the other
    trainings, bit for bit on the CPU. Stacked ones are grouped by structure, and the groups are cut into chunks.

    Args:
        trainings: Independent training runs.
        workers: Threads on the CPU; default as many as torch uses.
        execution: How they are trained.

    Raises:
        torch.OutOfMemoryError: There is not enough memory for one network.
    """
    keep_freed_memory()
    modes = [chosen(execution.mode, training) for training in trainings]
    outcomes: dict[int, Outcome] = {}
    with multiplying(execution.precision):
        for numbers in _groups(trainings, modes):
            members = [trainings[number] for number in numbers]
            run = _stacked if modes[numbers[0]] == "stacked" else _looped
            outcomes |= zip(numbers, run(members, workers, execution), strict=True)
    return [outcomes[number] for number in range(len(trainings))]


def chosen(mode: Mode, training: Training) -> Literal["looped", "stacked"]:
    """Return the mode in which a training runs.

    The rule depends on the device, never on timings: on a GPU networks are stacked, because many small kernels would
    leave it waiting; on a CPU they are looped, which is fastest for convolutions and gives the same bits however many
    are trained together.
    """
    if mode != "auto":
        return mode
    return "looped" if training.task.train.device.type == "cpu" else "stacked"


def _groups(trainings: Sequence[Training], modes: Sequence[str]) -> list[list[int]]:
    """Return the indices of trainings that run together: all looped ones, stacked ones by structure."""
    groups: dict[object, list[int]] = defaultdict(list)
    for number, (training, mode) in enumerate(zip(trainings, modes, strict=True)):
        groups[structure(training) if mode == "stacked" else "looped"].append(number)
    return list(groups.values())


def _looped(trainings: Sequence[Training], workers: int | None, execution: Execution) -> list[Outcome]:
    one = partial(train, precision=execution.precision)
    device = trainings[0].task.train.device
    if device.type == "cuda":
        return on_streams(one, trainings, device)
    return in_threads(one, trainings, workers=workers) if device.type == "cpu" else [*map(one, trainings)]


def _stacked(trainings: Sequence[Training], workers: int | None, execution: Execution) -> list[Outcome]:
    states = [training.generator.get_state() for training in trainings]
    run = partial(train_stacked, precision=execution.precision, compiled=execution.compile)
    try:
        return in_chunks(run, trainings, size=execution.chunk, workers=workers)
    except torch.OutOfMemoryError:
        # This says nothing about the network; a loop would hide it.
        raise
    except UNSTACKABLE as error:
        reason = str(error).partition("\n")[0]
        log.warning("%s is trained one network after the other: %s", type(trainings[0].network).__name__, reason)
    for training, state in zip(trainings, states, strict=True):
        training.generator.set_state(state)
    return _looped(trainings, workers, execution)

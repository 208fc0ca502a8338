"""Timing: samples of several works in turn, their medians and quartiles, how time grows, and what memory is held.

Machines are noisy, and noise that lasts hits what is measured then. So works take turns in a rotating order, one
untimed call before the first sample, and a sample lasts long enough to be read off a clock.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from neuroevo.runs.machine import machine

Work = Callable[[], object]

SAMPLE = 0.05
"""Seconds that a sample lasts at least."""

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles, in milliseconds unless stated otherwise.

    Attributes:
        median: Of all samples.
        low: The first quartile.
        high: The third quartile.
        samples: Their number, n.
    """

    median: float
    low: float
    high: float
    samples: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return that of values, at least one."""
        # A single one has no quantiles.
        several = values if len(values) > 1 else [*values, *values]
        low, median, high = statistics.quantiles(several, n=4, method="inclusive")
        return cls(median, low, high, len(values))


def in_turn(
    works: Mapping[str, Work],
    *,
    repeats: int,
    device: torch.device | str = "cpu",
    seconds: float = SAMPLE,
    on_sample: Callable[[], object] = lambda: None,
) -> dict[str, list[float]]:
    """Return the milliseconds that one call of each work takes, by name and repeat.

    Args:
        works: What is timed.
        repeats: Samples of each.
        device: Where they run; a sample ends when the device has done all.
        seconds: What a sample lasts at least, by calling a work several times.
        on_sample: Called after each sample.
    """
    calls = {}
    for name, work in works.items():
        timed(work, device=device)
        calls[name] = max(1, math.ceil(seconds / timed(work, device=device)))
    found: dict[str, list[float]] = {name: [] for name in works}
    names = list(works)
    for repeat in range(repeats):
        for place in range(len(names)):
            name = names[(place + repeat) % len(names)]
            found[name].append(1000 * timed(works[name], device=device, calls=calls[name]) / calls[name])
            on_sample()
    return found


def timed(
    work: Work, *, device: torch.device | str = "cpu", calls: int = 1, clock: Callable[[], float] | None = None
) -> float:
    """Return the seconds that a number of calls takes on a clock, by default the wall's, the device's work included."""
    clock = clock or time.perf_counter
    device = torch.device(device)
    _wait(device)
    started = clock()
    for _ in range(calls):
        work()
    _wait(device)
    return max(clock() - started, 1e-9)


def exponent(populations: Sequence[int], milliseconds: Sequence[float]) -> float:
    """Return the power of P that the time grows with, by least squares of logarithms; NaN for fewer than two P."""
    if len(populations) < 2:
        return math.nan
    return statistics.linear_regression([*map(math.log, populations)], [*map(math.log, milliseconds)]).slope


def peak_mebibytes(work: Work, *, device: torch.device | str = "cpu") -> float | None:
    """Return how much more memory is held during a call than before, at most; None where the system does not say.

    It is the device's, or what is resident of this process.
    """
    device = torch.device(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return float(torch.cuda.max_memory_allocated(device) - before) / 2**20
    _give_back()
    try:
        CLEAR.write_text("5")  # the high-water mark begins anew
        before = _resident("VmRSS")
        work()
        return max(0, _resident("VmHWM") - before) / 1024
    except OSError:  # only Linux has the files
        work()
        return None


def conditions(device: torch.device | str = "cpu") -> dict[str, object]:
    """Return what a measurement holds for: hardware, threads and versions."""
    device = torch.device(device)
    return {
        "machine": str(machine()["processor"]),
        "cores": os.cpu_count() or 1,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def describe_conditions(conditions: Mapping[str, object], *, samples: int) -> str:
    """Return the conditions as one sentence."""
    return (
        f"{conditions['machine']}, {conditions['cores']} cores, {conditions['device']}, {conditions['threads']} torch "
        "threads, "
        f"torch {conditions['torch']}, Python {conditions['python']}; medians of n = {samples} (quartiles)."
    )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _give_back() -> None:
    """Let the C library return what was freed to the system: kept pages would be used again and not be counted."""
    trim = getattr(ctypes.CDLL(None) if os.name == "posix" else None, "malloc_trim", None)
    if trim is not None:
        trim(0)


def _resident(key: str) -> int:
    """Return a number of KiB that the system keeps of this process."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1])

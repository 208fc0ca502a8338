"""Suite `scaleout`: what worker processes cost and bring, and what a thousand workers would.

Claim to be tested: training on worker processes keeps the workers busy, that is, the efficiency (speed-up over one
training run after the other in one process, divided by the workers) is near 1 as long as there are cores, and a task
costs the driver milliseconds. Overhead, serial training runs and those on workers are measured in turn, several times;
medians are quoted with their ranges. From the recorded times of training runs a simulation predicts the efficiency of
up to 1,000 workers, with a barrier after each generation and without (see `simulation`). Results of workers are
compared with those of the process itself before anything is timed.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch

from neuroevo.backbones import ConvNet4
from neuroevo.benchmarks.analysis.csv_rows import rows_to_csv
from neuroevo.benchmarks.speed.measured import of_records, to_records
from neuroevo.benchmarks.speed.simulation import Cluster, simulate
from neuroevo.benchmarks.suites.measurement import Counter, Measurement, MeasurementSetup
from neuroevo.data.images import LabelledImages
from neuroevo.execution import Pixels, Processes, Recipe, WorkerMap
from neuroevo.individual import Individual
from neuroevo.problems import Live, TrainingSetup
from neuroevo.seeds import stream

LIVES = 8
RECIPE = Recipe(updates=15, batch=64)
TASKS = 200
MEASURED = (1, 2)
SIMULATED = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
FAILURE_RATE, SIGMA = 0.01, 0.5
"""The simulation's choice of ours: a try in a hundred is lost, and times have a tail as of mixed machines."""


@dataclass(frozen=True)
class Row:
    """What is known of a number of workers.

    Attributes:
        workers: The workers.
        speed_up: Median over the repeats of serial time / time on workers; None where it was not measured.
        efficiency: Median of speed-up / workers, likewise.
        efficiency_low: Its least value.
        efficiency_high: Its greatest value.
        simulated_barrier: Efficiency that the simulation predicts with a barrier after each generation.
        simulated_steady: Without.
    """

    workers: int
    speed_up: float | None
    efficiency: float | None
    efficiency_low: float | None
    efficiency_high: float | None
    simulated_barrier: float
    simulated_steady: float


@dataclass(frozen=True)
class Scaleout:
    """What one run of the suite measured.

    Attributes:
        machine: The processor's name as the platform gives it.
        cores: Its cores.
        torch: Version of torch.
        repeats: Repeats, n.
        lives: Training runs that were timed together.
        life_seconds: Median time of one training run in the process itself.
        overhead_milliseconds: Median time of a task that does nothing, on one worker.
        overhead_low: Its least value.
        overhead_high: Its greatest value.
        failure_rate: Share of tries that the simulation loses.
        sigma: Standard deviation of the logarithm of the simulation's times around recorded ones.
        rows: By workers.
    """

    machine: str
    cores: int
    torch: str
    repeats: int
    lives: int
    life_seconds: float
    overhead_milliseconds: float
    overhead_low: float
    overhead_high: float
    failure_rate: float
    sigma: float
    rows: tuple[Row, ...]


def measure(*, repeats: int = 5, on_repeat: Callable[[], object] = lambda: None) -> Scaleout:
    """Measure overhead, serial training runs and those on workers in turn, after one untimed call of each.

    Raises:
        RuntimeError: Workers gave other results than the process itself.
    """
    live = _live()
    individuals = [Individual(None, id=slot) for slot in range(LIVES)]
    maps = {workers: WorkerMap(Processes(), workers=workers) for workers in MEASURED}
    try:
        _check(live, individuals, maps.values())
        overheads: list[float] = []
        lives: list[list[float]] = []
        seconds: dict[int, list[float]] = {workers: [] for workers in MEASURED}
        for _ in range(repeats):
            overheads.append(_timed(lambda: [maps[1](abs, [-1]) for _ in range(TASKS)]) / TASKS)
            lives.append([_timed(partial(live, individuals[slot], slot)) for slot in range(LIVES)])
            for workers, map_ in maps.items():
                seconds[workers].append(_timed(partial(map_, live, individuals, range(LIVES))))
            on_repeat()
    finally:
        for map_ in maps.values():
            map_.close()
    return summarise(overheads, lives, seconds)


def summarise(
    overheads: Sequence[float], lives: Sequence[Sequence[float]], seconds: Mapping[int, Sequence[float]]
) -> Scaleout:
    """Return the measurement that recorded times in seconds make.

    Args:
        overheads: A task's, by repeat.
        lives: Each training run's in the process itself, by repeat.
        seconds: All training runs' on workers, by workers and repeat.
    """
    recorded = [time for repeat in lives for time in repeat]
    overhead = statistics.median(overheads)
    return Scaleout(
        machine=platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        torch=torch.__version__,
        repeats=len(lives),
        lives=len(lives[0]),
        life_seconds=statistics.median(recorded),
        overhead_milliseconds=1000 * overhead,
        overhead_low=1000 * min(overheads),
        overhead_high=1000 * max(overheads),
        failure_rate=FAILURE_RATE,
        sigma=SIGMA,
        rows=tuple(_row(workers, lives, seconds.get(workers, []), recorded, overhead) for workers in SIMULATED),
    )


def describe(result: Scaleout) -> str:
    """Return the measurement as text."""
    measured = [row for row in result.rows if row.efficiency is not None]
    speeds = [
        f"{row.workers}: speed-up {row.speed_up:.2f}, efficiency {row.efficiency:.2f} "
        f"({row.efficiency_low:.2f} to {row.efficiency_high:.2f})"
        for row in measured
    ]
    simulated = [f"{row.workers}: {row.simulated_barrier:.2f} / {row.simulated_steady:.2f}" for row in result.rows]
    return (
        f"A task costs {result.overhead_milliseconds:.2f} ms ({result.overhead_low:.2f} to "
        f"{result.overhead_high:.2f}), a training run of ConvNet4 takes {result.life_seconds:.2f} s.\n"
        f"Worker processes, {result.lives} training runs: {'; '.join(speeds)}.\n"
        f"Simulated efficiency with a barrier / in a steady state ({result.failure_rate:.0%} of tries lost, times "
        f"log-normal, sigma {result.sigma:g}): {', '.join(simulated)}.\n"
        f"n = {result.repeats}, {result.cores} cores, torch {result.torch}, {result.machine}."
    )


def to_csv(result: Scaleout) -> str:
    """Return the rows as comma-separated values with a header."""
    return rows_to_csv(Row, result.rows)


def records(result: Scaleout) -> list[dict[str, object]]:
    """Return the measurement as records: what was measured at large, then a row for each number of workers."""
    facts = {key: value for key, value in asdict(result).items() if key != "rows"}
    return to_records("scaleout", facts, result.rows)


def from_records(found: Sequence[Mapping[str, Any]]) -> Scaleout | None:
    """Return the measurement that records hold; None if they are not complete."""
    if (parts := of_records("scaleout", found)) is None:
        return None
    head, rows = parts
    return Scaleout(**head, rows=tuple(Row(**row) for row in rows))


def _row(
    workers: int, lives: Sequence[Sequence[float]], seconds: Sequence[float], recorded: Sequence[float], overhead: float
) -> Row:
    cluster = Cluster(workers=workers, overhead=overhead, failure_rate=FAILURE_RATE, sigma=SIGMA)
    predicted = simulate(cluster, recorded, seed=0)
    speed_ups = [sum(serial) / elapsed for serial, elapsed in zip(lives, seconds, strict=False)]
    efficiencies = [speed_up / workers for speed_up in speed_ups]
    return Row(
        workers,
        statistics.median(speed_ups) if speed_ups else None,
        statistics.median(efficiencies) if speed_ups else None,
        min(efficiencies, default=None),
        max(efficiencies, default=None),
        predicted.barrier,
        predicted.steady,
    )


def _live() -> Live:
    """Return the training runs: of ConvNet4 on noise, one torch thread each."""
    generator = stream(0, "scaleout")
    images = torch.randint(256, (2000, 1, 28, 28), dtype=torch.uint8, generator=generator)
    labelled = LabelledImages(images, torch.arange(2000) % 20, tuple(f"class {label}" for label in range(20)))
    setup = TrainingSetup(backbone=ConvNet4(), pixels=Pixels((0.5,), (0.3,)), recipe=RECIPE)
    return Live(setup=setup, images=labelled, ways=20, seed=0, workers=1)


def _check(live: Live, individuals: Sequence[Individual], maps: Iterable[WorkerMap]) -> None:
    own = live(individuals[0], 0).state_dict()
    for map_ in maps:
        theirs = map_(live, individuals, range(len(individuals)))[0].state_dict()
        if any(not torch.equal(own[name], theirs[name]) for name in own):
            raise RuntimeError("training on workers must give what it gives in this process, but the weights differ.")


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _measured(setup: MeasurementSetup, *, repeats: int | None = None) -> Scaleout:
    """Measure overhead, serial training runs and those on workers in turn.

    Args:
        setup: Whether to be quick, and what hears of samples.
        repeats: Repeats; by default 5, or 2 where the suite has to be quick.
    """
    repeats = repeats or (2 if setup.quick else 5)
    return measure(repeats=repeats, on_repeat=Counter(setup, repeats))


SUITES = {
    "scaleout": Measurement(
        name="scaleout",
        summary="What do worker processes cost and bring?",
        claim="Training on worker processes keeps the workers busy, that is, the efficiency is near 1 as long as there "
        "are cores, and a task costs the driver milliseconds.",
        measure=_measured,
        records=records,
        from_records=from_records,
        to_csv=to_csv,
        describe=describe,
    )
}

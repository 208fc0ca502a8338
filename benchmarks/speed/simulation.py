"""Evolution on many workers, simulated: how long they wait for each other, for the driver and for lost work.

Training runs take times that are drawn from recorded ones. A free worker takes the next run; the driver sends them out
one by one. With a barrier a generation begins when all runs of the one before have ended; in a steady state the next
run begins at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What is simulated.

    Attributes:
        workers: Workers that work side by side.
        lives_per_worker: Training runs of a generation, divided by the workers.
        generations: Generations.
        overhead: Seconds that the driver needs for each training run, one after the other.
        failure_rate: Probability that a try is lost, at a moment that is drawn evenly from its time; it is repeated.
        sigma: Standard deviation of the logarithm of what each time is multiplied by: a heavy tail, with mean 1.
    """

    workers: int
    lives_per_worker: int = 2
    generations: int = 20
    overhead: float = 0.0
    failure_rate: float = 0.0
    sigma: float = 0.0

    def __post_init__(self) -> None:
        if min(self.workers, self.lives_per_worker, self.generations) < 1:
            raise ValueError(f"workers, lives_per_worker and generations must be at least 1, but they are {self}.")
        if not (self.overhead >= 0 and 0 <= self.failure_rate < 1 and self.sigma >= 0):
            raise ValueError(
                f"overhead and sigma must be at least 0 and failure_rate lie in [0, 1), but they are {self}."
            )


@dataclass(frozen=True)
class Efficiency:
    """The share of the workers' time that went into training runs that ended.

    Attributes:
        barrier: With a barrier after each generation.
        steady: Without.
    """

    barrier: float
    steady: float


def simulate(cluster: Cluster, recorded: Sequence[float], *, seed: int) -> Efficiency:
    """Return the efficiency with and without barriers for the same training runs.

    Args:
        cluster: What is simulated.
        recorded: Times of training runs in seconds, above 0, from which times are drawn.
        seed: Seed of the draws.

    Raises:
        ValueError: There are no times, or some are not above 0.
    """
    times = np.asarray(recorded, dtype=float)
    if not times.size or not (times > 0).all():
        raise ValueError(f"recorded must be times above 0 seconds, at least one, but they are {list(recorded)}.")
    source = np.random.default_rng(seed)
    size = cluster.workers * cluster.lives_per_worker
    stretch = source.lognormal(-(cluster.sigma**2) / 2, cluster.sigma, (cluster.generations, size))
    lives = source.choice(times, (cluster.generations, size)) * stretch
    busy = lives + _lost(lives, cluster.failure_rate, source)
    useful = float(lives.sum())
    barrier = sum(elapsed(row, workers=cluster.workers, overhead=cluster.overhead) for row in busy)
    steady = elapsed(busy.reshape(-1), workers=cluster.workers, overhead=cluster.overhead)
    return Efficiency(useful / (cluster.workers * barrier), useful / (cluster.workers * steady))


def elapsed(times: Sequence[float] | np.ndarray, *, workers: int, overhead: float = 0.0) -> float:
    """Return when the last training run ends, if free workers take them in turn and a driver sends them out."""
    free, driver, end = [0.0] * workers, 0.0, 0.0
    for time in times:
        driver = max(driver, heapq.heappop(free)) + overhead
        heapq.heappush(free, driver + float(time))
        end = max(end, driver + float(time))
    return end


def _lost(lives: np.ndarray, rate: float, source: np.random.Generator) -> np.ndarray:
    """Return the time that was lost before each training run succeeded."""
    lost = np.zeros_like(lives)
    if not rate:
        return lost
    failures = source.geometric(1 - rate, lives.shape) - 1
    while failures.any():
        lost += np.where(failures > 0, source.random(lives.shape) * lives, 0)
        failures = np.maximum(failures - 1, 0)
    return lost

"""pyribs in the race (extra `qd`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Spent, Trial

RIBS = "pyribs"
CELLS = 20
FIRST = 100
"""Random genomes that MAP-Elites begins with."""
EMITTERS, BATCH = 5, 36
"""Emitters of CMA-ME and what each asks for, from its tutorials."""


def lines(archive: Any, trial: Trial) -> list[Any]:
    """Return the emitter of MAP-Elites.

    Its noise of 0.01 is meant for genes in [0, 1], and is scaled with their bounds; it begins with random genomes.
    """
    from ribs.emitters import IsoLineEmitter

    low, high = trial.bounds
    first = np.random.default_rng(trial.seed).uniform(low, high, (FIRST, trial.size))
    bounds = list(zip(low, high, strict=True))
    noise: Any = 0.01 * (high - low)
    return [IsoLineEmitter(archive, iso_sigma=noise, initial_solutions=first, bounds=bounds, seed=trial.seed)]


def improvements(archive: Any, trial: Trial) -> list[Any]:
    """Return the emitters of CMA-ME."""
    from ribs.emitters import EvolutionStrategyEmitter

    low, high = trial.bounds
    common: dict[str, Any] = {
        "x0": trial.start,
        "sigma0": float(trial.spread.min()),
        "bounds": list(zip(low, high, strict=True)),
    }
    seeds = [trial.seed * EMITTERS + number for number in range(EMITTERS)]
    return [EvolutionStrategyEmitter(archive, batch_size=BATCH, seed=seed, **common) for seed in seeds]


def repertoire(trial: Trial, *, emitters: Callable[[Any, Trial], list[Any]]) -> Tensor:
    """Return the elites of an archive, [K, D]."""
    from ribs.archives import GridArchive
    from ribs.schedulers import Scheduler

    problem: Any = trial.problem
    archive = GridArchive(
        solution_dim=trial.size, dims=[CELLS] * len(problem.measures), ranges=problem.measures, seed=trial.seed
    )
    scheduler = Scheduler(archive, emitters(archive, trial))
    try:
        while True:
            values = trial.values(scheduler.ask())
            scheduler.tell(values[:, 0], values[:, 1:])
    except Spent:
        return trial.found(np.array(archive.data("solution")))


ENTRANTS = {
    "ribs-map-elites": Entrant(partial(repertoire, emitters=lines), RIBS, "ribs", kinds=("repertoires",)),
    "ribs-cma-me": Entrant(partial(repertoire, emitters=improvements), RIBS, "ribs", kinds=("repertoires",)),
}

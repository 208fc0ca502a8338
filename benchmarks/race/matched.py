"""Searches here with the settings of their specialists: the same population, rates and steps, where both have them.

What differs from the defaults of both is how a search works, not how large its population is. A search that is not
here begins with its specialist's population and steps by default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from neuroevo.benchmarks.race.entrant import ONE_BEST, OURS, Entrant
from neuroevo.benchmarks.race.ours import best
from neuroevo.benchmarks.race.with_evotorch import PGPE_SAMPLES
from neuroevo.benchmarks.race.with_scipy import GENERATIONS
from neuroevo.problems import Problem
from neuroevo.strategies import PGPE, PSO, Differential, Genetic, Search

PER_GENE = 15
"""Individuals for each gene in a population of scipy."""


def like_scipy(problem: Problem, **common: Any) -> Differential:
    """Return differential evolution with scipy's population, rate of crossover and mean factor."""
    return Differential(problem, population=PER_GENE * problem.space.size, factor=0.75, rate=0.7, **common)


def _of(strategy: Callable[..., Search]) -> Entrant:
    return Entrant(partial(best, strategy=strategy), OURS, "neuroevo", kinds=ONE_BEST)


MATCHED: Mapping[str, tuple[str, str]] = {
    "genetic-as-pymoo": ("genetic", "pymoo-ga"),
    "differential-as-pymoo": ("differential", "pymoo-de"),
    "differential-as-scipy": ("differential", "scipy-de"),
    "pso-as-pymoo": ("pso", "pymoo-pso"),
    "pgpe-as-evotorch": ("pgpe", "evotorch-pgpe"),
}
"""The search here and its specialist, by the name of what has the specialist's settings."""

ENTRANTS = {
    "genetic-as-pymoo": _of(partial(Genetic, population=100, offspring=100)),
    "differential-as-pymoo": _of(partial(Differential, population=100, rate=0.5)),
    "differential-as-scipy": replace(_of(like_scipy), least=PER_GENE * GENERATIONS),
    "pso-as-pymoo": _of(partial(PSO, population=25, pull=2.0)),
    "pgpe-as-evotorch": _of(partial(PGPE, population=PGPE_SAMPLES, sigma_rate=0.1)),
}

"""neuroevo in the race, with the defaults of its strategies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.benchmarks.race.entrant import HELD_OUT, ONE_BEST, OURS, Entrant
from neuroevo.benchmarks.race.trial import Trial
from neuroevo.evolution import evolve
from neuroevo.graph import Networks
from neuroevo.individual import genomes_of
from neuroevo.strategies import (
    CMAES,
    CMAME,
    NEAT,
    NSGA2,
    PGPE,
    PSO,
    SHADE,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    Island,
    MAPElites,
    Memetic,
    OpenAIES,
    Search,
    SeparableCMAES,
    recommend,
)
from neuroevo.strategies.search.evaluations import generations_within
from neuroevo.strategies.search.repertoire import Repertoire

RULE = "recommended"
"""The entrant that searches as `recommend` says."""


def best(trial: Trial, *, strategy: Callable[..., Search]) -> Tensor:
    """Return the genome that a strategy ends with, [1, D]."""
    search = _searched(trial, strategy)
    found: Tensor = search.result().genome[None]
    trial.spent = search.budget.evaluations
    return found


def front(trial: Trial) -> Tensor:
    """Return the front of NSGA-II, [K, D]."""
    search: Any = _searched(trial, NSGA2)
    trial.spent = search.budget.evaluations
    return genomes_of(search.front)


def repertoire(trial: Trial, *, strategy: Callable[..., Search]) -> Tensor:
    """Return the elites of a repertoire, [K, D]."""
    search = _searched(trial, strategy)
    trial.spent = search.budget.evaluations
    return genomes_of(search.individuals)


def until_solved(trial: Trial) -> Tensor:
    """Return the evaluations until the best graph answers all questions, [1, 1]; all that there are if none does."""
    problem: Any = trial.problem
    search = NEAT(problem, seed=trial.seed)
    for generation in evolve(search, generations_within(search, trial.evaluations)):
        trial.spent = generation.budget.evaluations
        answers = Networks([search.result().genome])(problem.questions)[0]
        if bool(((answers > 0.5) == (problem.targets > 0.5)).all()):
            return torch.tensor([[float(trial.spent)]])
    return torch.tensor([[float(trial.evaluations)]])


def by_rule(trial: Trial) -> Tensor:
    """Return what the recommended search ends with, [K, D]; what the rule looked at is spent."""
    found = recommend(trial.problem, trial.evaluations)
    trial.chosen = next(name for name, one in SEARCHES.items() if one is found.strategy)
    search: Any = _searched(trial, found.strategy, evaluations=trial.evaluations - found.evaluations)
    rows: Tensor
    if isinstance(search, Repertoire):
        rows = genomes_of(search.individuals)
    else:
        rows = genomes_of(search.front) if isinstance(search, NSGA2) else search.result().genome[None]
    trial.spent = found.evaluations + search.budget.evaluations
    return rows


def _searched(trial: Trial, strategy: Callable[..., Search], evaluations: int | None = None) -> Search:
    """Return a strategy that has spent the evaluations, those that score finalists again included."""
    evaluations = trial.evaluations if evaluations is None else evaluations
    search = strategy(trial.problem, seed=trial.seed)
    number = generations_within(search, evaluations)
    number = generations_within(search, evaluations - search.final_cost(number).evaluations)
    for _ in evolve(search, number):
        pass
    return search


def _of(strategy: type[Search], **settings: Any) -> Entrant:
    make = partial(strategy, **settings) if settings else strategy
    return Entrant(partial(best, strategy=make), OURS, "neuroevo", kinds=ONE_BEST, most_genes=strategy.MAX_GENES)


SEARCHES: Mapping[str, type[Search]] = {
    "genetic": Genetic,
    "island": Island,
    "memetic": Memetic,
    "evolution-strategy": EvolutionStrategy,
    "differential": Differential,
    "shade": SHADE,
    "pso": PSO,
    "cma-es": CMAES,
    "separable-cma-es": SeparableCMAES,
    "snes": SNES,
    "pgpe": PGPE,
    "openai-es": OpenAIES,
    "nsga2": NSGA2,
    "map-elites": MAPElites,
    "cma-me": CMAME,
}
SINGLE = {name: one for name, one in SEARCHES.items() if one not in (NSGA2, MAPElites, CMAME)}

ENTRANTS = {
    **{name: _of(one) for name, one in SINGLE.items()},
    "cma-es-bipop": replace(_of(CMAES, restarts="bipop"), most_genes=30),
    "nsga2": Entrant(front, OURS, "neuroevo", kinds=("fronts",)),
    "map-elites": Entrant(partial(repertoire, strategy=MAPElites), OURS, "ribs", kinds=("repertoires",)),
    "cma-me": Entrant(partial(repertoire, strategy=CMAME), OURS, "ribs", kinds=("repertoires",)),
    "neat": Entrant(until_solved, OURS, "neuroevo", kinds=("graphs",)),
    RULE: Entrant(by_rule, OURS, "neuroevo", kinds=(*ONE_BEST, HELD_OUT, "fronts", "repertoires")),
}

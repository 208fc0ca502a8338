"""Differential evolution: individuals move by differences of others, and replace themselves where that was better.

Source: Storn and Price, Differential Evolution (Journal of Global Optimization, 1997), the scheme DE/rand/1/bin:

    v_k = x_r1 + F (x_r2 - x_r3) with three different others        (equation 2)
    u_k = v_k in each gene with probability CR, else x_k             (equation 4)
    x_k <- u_k if it is no worse                                     (section 3)

A gene beyond a bound comes to lie half way from it to x_k (`bounds.halfway`), so that differences never vanish there.
Defaults: F = 0.5 of section 4; CR = 0.5, our choice between 0.1, where genes count alone, and 0.9, where they
depend on each other (both tried there); P = 5 D to 10 D there, here 5 D within [20, 40], for budgets of thousands of
evaluations (`docs/search-quality.md` has the experiment). Cost of a generation: P evaluations and O(P D)
operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from neuroevo.columns import Places
from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.differential import LEAST, binomial, rand_one
from neuroevo.population import ids_of, joined, parents_of, taken
from neuroevo.problems import Problem
from neuroevo.ranking import at_least_as_good
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, compact
from neuroevo.strategies.search.bounds import halfway
from neuroevo.strategies.toolbox import Checks, Verbs


class Differential(Search):
    """Differential evolution.

    Args:
        problem: What genomes are scored on.
        population: Individuals, P, at least 4; default 5 D, but 20 at least and 40 at most.
        seed: The run's seed.
        factor: Weight of a difference, F.
        rate: Probability that a gene is the mutant's, CR, in [0, 1].
    """

    VERBS: ClassVar[Verbs] = {
        "differ": "differ(genomes [P, D]) -> mutants [P, D]",
        "trial": "trial(genomes [P, D], mutants [P, D]) -> trials [P, D]",
    }
    CHECKS: ClassVar[Checks] = {"differ": checks.like(0), "trial": checks.like(0)}
    MIN_POPULATION = LEAST

    def __init__(
        self, problem: Problem, *, population: int | None = None, seed: int = 0, factor: float = 0.5, rate: float = 0.5
    ) -> None:
        wanted = min(40, max(20, 5 * problem.space.size)) if population is None else population
        super().__init__(problem, population=wanted, seed=seed)
        self.toolbox.register("differ", partial(rand_one, factor=factor, generator=self.generator))
        self.toolbox.register("trial", partial(binomial, rate=rate, generator=self.generator))

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later a trial for each."""
        if not self.individuals:
            return self.initial_population()
        genomes = genomes_of(self.individuals)
        trials = self.toolbox.trial(genomes, self.toolbox.differ(genomes))
        return self.new_individuals(
            halfway(self.space, trials, genomes), list(zip(ids_of(self.individuals), strict=True))
        )

    def tell(self, population: Sequence[Individual]) -> None:
        """Replace individuals whose trial is no worse."""
        self.individuals = compact(better_of(self.individuals, population) if self.individuals else population)


def better_of(
    individuals: Sequence[Individual], trials: Sequence[Individual], *, ties: bool = True
) -> Sequence[Individual]:
    """Return for each individual its trial, of which it is the parent, if there is one that is better, or itself.

    Args:
        individuals: The individuals.
        trials: Those that may take their places.
        ties: Whether a trial that is no better, and no worse, takes the place.
    """
    every, places = joined(trials, individuals), trials_of(individuals, trials)
    own = np.arange(len(trials), len(every))
    places = np.where(places < 0, own, places)
    rivals = taken(every, places)
    won = at_least_as_good(rivals, individuals) if ties else ~at_least_as_good(individuals, rivals)
    return taken(every, np.where(won, places, own))


def trials_of(individuals: Sequence[Individual], trials: Sequence[Individual]) -> Places:
    """Return the place of the last trial of each individual; -1 where there is none."""
    known = {parents[0]: place for place, parents in enumerate(parents_of(trials)) if parents}
    return np.array([known.get(number, -1) for number in ids_of(individuals)], dtype=np.intp)


STRATEGIES = {"differential": Differential}

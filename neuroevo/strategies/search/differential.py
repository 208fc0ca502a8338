"""Differential evolution: individuals move by differences of others, and replace themselves where that was better.

Source: Storn and Price, Differential Evolution (Journal of Global Optimization, 1997), the scheme DE/rand/1/bin:

    v_k = x_r1 + F (x_r2 - x_r3) with three different others        (equation 2)
    u_k = v_k in each gene with probability CR, else x_k             (equation 4)
    x_k <- u_k if it is no worse                                     (section 3)

A gene beyond a bound comes to lie half way from it to x_k (`bounds.halfway`), so that differences never vanish there.
Defaults: F = 0.5 of section 4; CR = 0.5, our choice between 0.1, where genes count alone, and 0.9, where they
depend on each other (both tried there); P = 5 D to 10 D there, here 5 D within [20, 40], for budgets of thousands of
evaluations (`docs/search-quality.md` has the experiment). Cost of a generation: P evaluations and O(P D + P^2)
operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.differential import LEAST, binomial, rand_one
from neuroevo.problems import Problem
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

    def ask(self) -> list[Individual]:
        """Return first individuals, later a trial for each."""
        if not self.individuals:
            return self.initial_population()
        genomes = genomes_of(self.individuals)
        trials = self.toolbox.trial(genomes, self.toolbox.differ(genomes))
        return self.new_individuals(halfway(self.space, trials, genomes), [(one.id,) for one in self.individuals])

    def tell(self, population: Sequence[Individual]) -> None:
        """Replace individuals whose trial is no worse."""
        trials = {one.parents[0]: one for one in population if one.parents}
        better = [max(trials.get(one.id, one), one, key=lambda rival: rival.fitness) for one in self.individuals]
        self.individuals = compact(better or population)


STRATEGIES = {"differential": Differential}

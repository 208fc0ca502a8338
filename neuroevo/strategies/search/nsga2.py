"""NSGA-II: several objectives at once, by non-dominated fronts and by how crowded they are.

Source: Deb, Pratap, Agarwal and Meyarivan, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II (IEEE
Transactions on Evolutionary Computation, 2002): fronts of section III.A, crowding distance III.B, main loop III.C.
DEAP's `selNSGA2` as `replace`, used before, let more fronts of ZDT2 collapse (`docs/search-quality.md`).

One generation: parents win binary tournaments by front, then by crowding distance; neighbours are crossed by
simulated binary crossover, children mutate polynomially; of parents and children together the best P survive.
Defaults are those of section V: P = 100, crossover index 20 at half of the genes of every pair, mutation index 20
at 1 / D of the genes. Where a bound is missing, children mutate by steps up to the space's spread; bits, integers
and permutations vary as in `Genetic`. Cost of a
generation: P evaluations, at most O(M P^2) comparisons, O(P D) operations and O(P D + P^2) numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.columns import Places
from neuroevo.generations import born_in
from neuroevo.individual import Individual
from neuroevo.operators.crossover import simulated_binary
from neuroevo.operators.fronts import crowding, front_numbers
from neuroevo.operators.mutation import polynomial
from neuroevo.operators.selection import tournament
from neuroevo.population import failed_of, fitness_values, joined, taken, wvalues_of
from neuroevo.problems import Problem
from neuroevo.space import Space
from neuroevo.strategies.search.base import ALL, Search, compact
from neuroevo.strategies.search.variation import (
    VARIATION,
    VARIATION_CHECKS,
    default_crossover,
    default_mutation,
    register_variation,
)
from neuroevo.strategies.toolbox import Checks, Verbs

ETA = 20.0


class NSGA2(Search):
    """A genetic algorithm for any number of objectives.

    `front` holds the non-dominated individuals of the population; `result` is the one of them that is nearest to the
    best of all objectives, each measured by the range of the front.

    The operators are those of `Genetic`.

    Args:
        problem: What genomes are scored on, with any number of objectives.
        population: Individuals that live at a time, P, at least 2.
        seed: The run's seed.
        rate: Probability that a gene mutates; default 1 / D.
    """

    VERBS: ClassVar[Verbs] = VARIATION
    CHECKS: ClassVar[Checks] = VARIATION_CHECKS
    MIN_POPULATION = 2
    OBJECTIVES = None
    SPACES = ALL

    def __init__(self, problem: Problem, *, population: int = 100, seed: int = 0, rate: float | None = None) -> None:
        super().__init__(problem, population=population, seed=seed)
        space = self.space
        rate = 1 / space.size if rate is None else rate
        crossover = default_crossover(space, generator=self.generator)
        mutation = default_mutation(space, rate=rate, generator=self.generator)
        if space.KIND == Space.KIND:
            limits: dict[str, Any] = {"eta": ETA, "low": space.low, "high": space.high, "generator": self.generator}
            crossover = partial(simulated_binary, **limits)
            if bool((space.high - space.low).isfinite().all()):
                # Mutations check their limits on the CPU.
                near = limits | {name: limits[name].cpu() for name in ("low", "high")}
                mutation = partial(polynomial, rate=rate, **near)
        register_variation(
            self.toolbox, space, self.ids, generator=self.generator, crossover=crossover, mutation=mutation
        )
        self.toolbox.register("select", crowded_tournament, generator=self.generator)
        self.toolbox.register("replace", survivors)
        self.toolbox.register("population", self.population_of)

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later the children of tournament winners."""
        if not self.individuals:
            return self.initial_population()
        children: Sequence[Individual] = self.toolbox.vary(self.toolbox.select(self.individuals, self.population))
        born_in(self.generation, children)
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Choose the survivors of parents and children."""
        self.individuals = compact(self.toolbox.replace(self.individuals, population))

    @property
    def front(self) -> list[Individual]:
        """The non-dominated individuals of the population."""
        return list(self._front)

    @property
    def _front(self) -> Sequence[Individual]:
        if not self.individuals:
            return []
        numbers = front_numbers(values_of(self.individuals))
        return taken(self.individuals, (numbers == 0).nonzero().squeeze(-1).numpy())

    def final_cost(self, generations: int) -> Budget:
        """Return that the result costs nothing: the front is what was measured."""
        del generations
        return Budget()

    def result(self, which: Literal["best", "center", "rescored"] | None = None) -> Individual:
        """Return the individual of the front that is nearest to the best of all objectives.

        Raises:
            RuntimeError: No generation has ended.
            ValueError: `which` is another one than "best".
        """
        if which not in (None, "best"):
            raise ValueError(f"which must be best for NSGA2, but it is {which!r}.")
        if not (front := self._front):
            raise RuntimeError("there is no result yet: run a generation first.")
        return front[nearest(front)]

    def record(self) -> dict[str, Any]:
        """Return the values of the result and of the front."""
        front = self._front
        values = fitness_values(front)
        return {"best_values": list(values[nearest(front)]) if front else [], "front": values}


def nearest(front: Sequence[Individual]) -> int:
    """Return the place of the individual that is nearest to the best of all objectives."""
    values = values_of(front)
    best, worst = values.amax(0), values.amin(0)
    width = torch.where(best > worst, best - worst, 1.0)
    return int(((best - values) / width).norm(dim=-1).argmin())


def crowded_tournament(
    individuals: Sequence[Individual], k: int, *, generator: torch.Generator
) -> Sequence[Individual]:
    """Return the winners of binary tournaments: the lower front wins, then the greater crowding distance."""
    ranks = torch.empty(len(individuals), dtype=torch.float64)
    ranks[torch.from_numpy(best_first(individuals))] = -torch.arange(len(individuals), dtype=torch.float64)
    return taken(individuals, tournament(ranks, k=k, size=2, generator=generator).numpy())


def survivors(parents: Sequence[Individual], children: Sequence[Individual]) -> Sequence[Individual]:
    """Return as many of parents and children as there were parents, the lowest fronts first; failed ones come last."""
    individuals, wanted = joined(parents, children), len(parents) or len(children)
    failed = failed_of(individuals)
    # One that failed may be good in another objective.
    sound = np.flatnonzero(~failed)
    places = sound[best_first(taken(individuals, sound))] if len(sound) else sound
    return taken(individuals, np.concatenate([places, np.flatnonzero(failed)])[:wanted])


def best_first(individuals: Sequence[Individual]) -> Places:
    """Return the places of individuals by front, then by crowding distance; equals keep their order."""
    values = values_of(individuals)
    fronts = front_numbers(values)
    apart = crowding(values.nan_to_num(neginf=0.0), fronts)
    return np.lexsort([-apart.numpy(), fronts.numpy()])


def values_of(individuals: Sequence[Individual]) -> Tensor:
    """Return the weighted values of individuals, to be maximised, float64 [P, M]; -inf for those that failed."""
    return torch.from_numpy(wvalues_of(individuals))


STRATEGIES = {"nsga2": NSGA2}

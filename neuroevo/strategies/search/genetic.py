"""Genetic algorithm over any genomes in tensors: tournaments, crossover, mutation; generational or steady-state.

Sources: Holland, Adaptation in Natural and Artificial Systems (1975); tournaments of Goldberg and Deb (1991); uniform
crossover of Syswerda (1989), at two points for bits and integers; mutation by steps of all lengths after Mühlenbein and
Schlierkamp-Voosen (1993); (mu + lambda) survival of Schwefel (1981); steady state after Whitley, GENITOR (1989): a pair
of children at a time takes the place of the worst. Such et al., Deep Neuroevolution (arXiv 1712.06567), is what it does
to networks.

One generation: parents win tournaments, neighbours among them exchange genes, children mutate, and `replace` chooses
the survivors: the best of parents and children, or under noise the children and one elite. Defaults are our choice, and
`docs/search-quality.md` has the experiment: P = 50, tournaments of 3, a tenth of the genes mutated by steps up to the
space's spread. Bits are flipped, integers drawn anew; permutations exchange genes by order crossover, and the genes
that mutate change places. Cost of a generation: P evaluations (`offspring` in a steady state) and O(P D) operations and
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from torch import Tensor

from neuroevo.generations import born_in
from neuroevo.individual import Individual
from neuroevo.operators.replacement import generational, plus
from neuroevo.problems import Problem
from neuroevo.strategies.search.base import ALL, Search, compact
from neuroevo.strategies.search.variation import (
    VARIATION,
    VARIATION_CHECKS,
    default_crossover,
    default_mutation,
    register_variation,
    select_by_tournament,
)
from neuroevo.strategies.toolbox import Checks, Verbs


class Genetic(Search):
    """A genetic algorithm: (mu + lambda), generational with `elites`, or in a steady state with fewer `offspring`.

    `vary` calls `mate` and `mutate`, for the whole population at once where these are operators on tensors in the
    adapters of `neuroevo.operators.verbs`.

    Args:
        problem: What genomes are scored on.
        population: Individuals that live at a time, P.
        offspring: Children in a generation; default P. Fewer make it a steady state.
        seed: The run's seed.
        elites: Parents that survive while children replace all others. By default the best of parents and children
            survive, as in a steady state; where the problem is noisy, so that lucky ones would live for ever, 1.
        tournament: Entrants of a tournament.
        sigma: Largest step of a mutation of real numbers, one for all genes or one for each; default the space's
            spread.
        rate: Probability that a gene mutates, in [0, 1].
        mating: Probability that a pair of parents exchanges genes, in [0, 1].

    Raises:
        ValueError: There is no child in a generation, or more than P, or a probability lies outside [0, 1].
    """

    VERBS: ClassVar[Verbs] = VARIATION
    CHECKS: ClassVar[Checks] = VARIATION_CHECKS
    SPACES = ALL

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 50,
        offspring: int | None = None,
        seed: int = 0,
        elites: int | None = None,
        tournament: int = 3,
        sigma: Tensor | float | None = None,
        rate: float = 0.1,
        mating: float = 1.0,
    ) -> None:
        super().__init__(problem, population=population, seed=seed)
        if offspring is not None and not 1 <= offspring <= population:
            raise ValueError(f"offspring must lie in [1, {population}], the population, but it is {offspring}.")
        self.offspring = population if offspring is None else offspring
        register_variation(
            self.toolbox,
            self.space,
            self.ids,
            generator=self.generator,
            crossover=default_crossover(self.space, generator=self.generator),
            mutation=default_mutation(self.space, sigma=sigma, rate=rate, generator=self.generator),
            mating=mating,
        )
        self.toolbox.register("select", select_by_tournament(tournament, self.generator))
        self.toolbox.register("replace", plus if self.offspring < population else survival(elites, noisy=self.noisy))
        self.toolbox.register("population", self.population_of)

    def size(self, generation: int) -> int:
        """Return how many individuals a generation has."""
        return self.offspring if generation else self.population

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later the children of tournament winners."""
        if not self.individuals:
            return self.initial_population()
        children: Sequence[Individual] = self.toolbox.vary(self.toolbox.select(self.individuals, self.offspring))
        born_in(self.generation, children)
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Choose the survivors."""
        self.individuals = compact(self.toolbox.replace(self.individuals, population))


def survival(elites: int | None, *, noisy: bool) -> Callable[..., Sequence[Individual]]:
    """Return which parents and children survive: the best of all, or the children with some elites."""
    if elites is None and not noisy:
        return plus
    return partial(generational, elites=1 if elites is None else elites)


STRATEGIES = {"genetic": Genetic}

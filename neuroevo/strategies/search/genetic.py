"""Genetic algorithm over weight vectors: tournaments, crossover, mutation; generational or steady-state.

Sources: Holland, Adaptation in Natural and Artificial Systems (1975); tournaments of Goldberg and Deb (1991),
crossover at two points and Gaussian mutation as in DEAP (`selTournament`, `cxTwoPoint`, `mutGaussian`); steady
state after Whitley, GENITOR (1989): a pair of children at a time takes the place of the worst. Such et al., Deep
Neuroevolution (arXiv 1712.06567), is what it does to networks.

One generation: parents win tournaments, neighbours among them exchange genes, children mutate, and `replace` says
who lives on. Defaults are our choice: P = 100, tournaments of 3, a tenth of the genes mutated by a third of the
space's spread, one elite. Cost of a generation: P evaluations (`offspring` in a steady state) and O(P D) operations
and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from deap.base import Toolbox
from torch import Tensor

from neuroevo.individual import Individual
from neuroevo.operators.crossover import two_point
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.replacement import generational, plus
from neuroevo.operators.selection import tournament
from neuroevo.operators.verbs import Mate, Mutate, Select, Vary
from neuroevo.problems import Problem
from neuroevo.space import Space
from neuroevo.strategies.search.base import Search, first_sigma, gathered
from neuroevo.strategies.strategy import Verb

MUTATION = 1 / 3
"""Step of a mutation, in units of the space's spread."""


class Genetic(Search):
    """A genetic algorithm, generational unless it is told how many children come at a time.

    Verbs on the toolbox, beside `generate`, `evaluate`, `update` and `map`: `select(individuals, k)`,
    `vary(parents)`, which calls the operators `cross(first, second) -> pair` and `perturb(genomes)` over tensors
    [..., D], and `replace(parents, children)`. For stock DEAP loops there are `population(n)`, `mate` and `mutate`,
    over the same two operators.

    Args:
        problem: What genomes are scored on.
        population: Individuals that live at a time, P.
        offspring: Children in a generation; default P, which replace their parents. Fewer make it a steady state, where
            the best of parents and children live on.
        seed: The run's seed.
        elites: Parents that live on, in the generational form.
        tournament: Entrants of a tournament.
        sigma: Step of a mutation, one for all genes or one for each; default a third of the space's spread.
        rate: Probability that a gene mutates, in [0, 1].
        mating: Probability that a pair of parents exchanges genes, in [0, 1].

    Raises:
        ValueError: There is no child in a generation, or more than P, or a probability lies outside [0, 1].
    """

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 100,
        offspring: int | None = None,
        seed: int = 0,
        elites: int = 1,
        tournament: int = 3,
        sigma: Tensor | float | None = None,
        rate: float = 0.1,
        mating: float = 1.0,
    ) -> None:
        super().__init__(problem, population=population, seed=seed)
        if offspring is not None and not 1 <= offspring <= population:
            raise ValueError(f"offspring must lie in [1, {population}], the population, but it is {offspring}.")
        self.offspring = population if offspring is None else offspring
        sizes = mutation_step(self.space, sigma)
        toolbox = self.toolbox
        toolbox.register("cross", two_point, generator=self.generator)
        toolbox.register("perturb", gaussian, sigma=sizes, rate=rate, generator=self.generator)
        register_variation(toolbox, self, mating=mating)
        toolbox.register("select", select_by_tournament(tournament, self))
        steady = self.offspring < population
        toolbox.register("replace", plus if steady else partial(generational, elites=elites))

    def size(self, generation: int) -> int:
        """Return how many individuals a generation has."""
        return self.offspring if generation else self.population

    def ask(self) -> list[Individual]:
        """Return first individuals, later the children of tournament winners."""
        if not self.people:
            return self.first()
        children: list[Individual] = self.toolbox.vary(self.toolbox.select(self.people, self.offspring))
        for child in children:
            child.generation = self.generation
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Decide who lives on."""
        self.people = gathered(self.toolbox.replace(self.people, population))


class Within:
    """An operator over genomes [..., D] whose results are moved into the bounds of a space."""

    def __init__(self, space: Space, operator: Callable[..., Any]) -> None:
        self.space = space
        self.operator = operator

    def __call__(self, *genomes: Tensor) -> Any:
        """Return what the operator returns, within the bounds."""
        found = self.operator(*genomes)
        if isinstance(found, tuple):
            return tuple(map(self.space.clip, found))
        return self.space.clip(found)


def mutation_step(space: Space, sigma: Tensor | float | None) -> Tensor:
    """Return the step of a mutation, [D], or [] where it is the same for all genes, which takes less time to use.

    Args:
        space: Where genomes lie.
        sigma: What is wanted, one for all genes or one for each; None is a third of the space's spread.

    Raises:
        ValueError: One is not finite and above 0.
    """
    sizes = MUTATION * space.spread if sigma is None else first_sigma(space, sigma)
    return sizes[0] if bool((sizes == sizes[0]).all()) else sizes


def register_variation(toolbox: Toolbox, search: Search, *, mating: float = 1.0) -> None:
    """Register `vary`, `mate`, `mutate` and `population` over whatever is registered as `cross` and `perturb`."""
    cross, perturb = (Within(search.space, Verb(toolbox, name)) for name in ("cross", "perturb"))
    toolbox.register("vary", Vary(cross, perturb, search.ids, mating=mating, generator=search.generator))
    toolbox.register("mate", Mate(cross, search.ids))
    toolbox.register("mutate", Mutate(perturb, search.ids))
    toolbox.register("population", search.first)


def select_by_tournament(size: int, search: Search) -> Select:
    """Return the selection by tournaments of so many entrants."""
    return Select(partial(tournament, size=size, generator=search.generator))

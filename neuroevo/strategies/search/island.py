"""Island model: genetic algorithms side by side that now and then send each other their best.

Sources: Tanese, Distributed Genetic Algorithms (1989), and Whitley, Rana and Heckendorn, The Island Model Genetic
Algorithm (1999), sections 1 and 2: between migrations islands know nothing of each other; the best of each then
take the places of the worst on the next one of a ring.

Defaults are our choice: 4 islands of 25, a migration every 5 generations,
of 1 individual; within an island those of `Genetic`. Cost of a generation: I P evaluations and O(I P D) operations
and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from neuroevo.generations import born_in
from neuroevo.individual import Individual
from neuroevo.operators.replacement import best
from neuroevo.population import joined
from neuroevo.problems import Problem
from neuroevo.strategies.search.base import ALL, Search, compact
from neuroevo.strategies.search.genetic import survival
from neuroevo.strategies.search.variation import (
    VARIATION,
    VARIATION_CHECKS,
    default_crossover,
    default_mutation,
    register_variation,
    select_by_tournament,
)
from neuroevo.strategies.toolbox import Checks, Verbs

Islands = list[Sequence[Individual]]


class Island(Search):
    """Genetic algorithms on islands with migration.

    The operators are those of `Genetic`, called for one island after the other, and `migrate`.

    Args:
        problem: What genomes are scored on.
        population: Individuals on all islands together; a multiple of `islands`.
        islands: Their number, I.
        interval: Generations from one migration to the next.
        migrants: How many leave an island then.
        seed: The run's seed.
        elites: Parents that survive on each island while children replace all others; by default the best of parents
            and children survive, and 1 where the problem is noisy.
        tournament: Entrants of a tournament.
        sigma: Largest step of a mutation of real numbers, one for all genes or one for each; default the space's
            spread.
        rate: Probability that a gene mutates, in [0, 1].

    Raises:
        ValueError: The population is no multiple of the islands, or more migrate than live on an island.
    """

    VERBS: ClassVar[Verbs] = {**VARIATION, "migrate": "migrate(islands) -> islands"}
    CHECKS: ClassVar[Checks] = VARIATION_CHECKS
    SPACES = ALL

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 100,
        islands: int = 4,
        interval: int = 5,
        migrants: int = 1,
        seed: int = 0,
        elites: int | None = None,
        tournament: int = 3,
        sigma: Tensor | float | None = None,
        rate: float = 0.1,
    ) -> None:
        super().__init__(problem, population=population, seed=seed)
        if islands < 1 or population % islands:
            raise ValueError(f"population must be a multiple of islands, but they are {population} and {islands}.")
        if interval < 1:
            raise ValueError(f"interval must be at least 1, but it is {interval}.")
        if not 0 <= migrants <= population // islands:
            raise ValueError(f"migrants must lie in [0, {population // islands}], an island, but it is {migrants}.")
        self.islands = islands
        self.interval = interval
        register_variation(
            self.toolbox,
            self.space,
            self.ids,
            generator=self.generator,
            crossover=default_crossover(self.space, generator=self.generator),
            mutation=default_mutation(self.space, sigma=sigma, rate=rate, generator=self.generator),
        )
        self.toolbox.register("select", select_by_tournament(tournament, self.generator))
        self.toolbox.register("replace", survival(elites, noisy=self.noisy))
        self.toolbox.register("migrate", ring, migrants=migrants)
        self.toolbox.register("population", self.population_of)

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later the children of all islands, one island after the other."""
        if not self.individuals:
            return self.initial_population()
        vary, select = self.toolbox.vary, self.toolbox.select
        islands = split(self.individuals, self.islands)
        children = joined(*(vary(select(island, len(island))) for island in islands))
        born_in(self.generation, children)
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Replace the parents of each island; now and then the best leave for the next one."""
        before = split(self.individuals, self.islands) if self.individuals else [[]] * self.islands
        after = split(population, self.islands)
        islands = [self.toolbox.replace(old, new) for old, new in zip(before, after, strict=True)]
        if (self.generation + 1) % self.interval == 0:
            islands = self.toolbox.migrate(islands)
        self.individuals = compact(joined(*islands))


def ring(islands: Islands, *, migrants: int) -> Islands:
    """Return the islands after the best of each took the places of the worst of the next.

    Args:
        islands: The individuals of each, scored, as many on each.
        migrants: How many leave.
    """
    if len(islands) < 2:
        return islands
    leaving = [best(island, migrants) for island in islands]
    return [joined(best(island, len(island) - migrants), leaving[place - 1]) for place, island in enumerate(islands)]


def split(individuals: Sequence[Individual], islands: int) -> Islands:
    """Return individuals island by island, as many on each."""
    each = len(individuals) // islands
    return [individuals[place * each : (place + 1) * each] for place in range(islands)]


STRATEGIES = {"island": Island}

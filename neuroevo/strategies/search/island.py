"""Island model: genetic algorithms side by side that now and then send each other their best.

Sources: Tanese, Distributed Genetic Algorithms (1989), and Whitley, Rana and Heckendorn, The Island Model Genetic
Algorithm (1999), sections 1 and 2: between migrations islands know nothing of each other; the best of each then
take the places of the worst on the next one of a ring.

All islands are varied in one call of each operator, over genomes [I, P, D]; every operator of `neuroevo.operators`
draws for each leading index by itself. Defaults are our choice: 4 islands of 25, a migration every 5 generations,
of 1 individual; within an island those of `Genetic`. Cost of a generation: I P evaluations and O(I P D) operations
and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.crossover import two_point
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.replacement import best, generational
from neuroevo.operators.selection import tournament as by_tournament
from neuroevo.problems import Problem
from neuroevo.strategies.search.base import Search, gathered, scores_of
from neuroevo.strategies.search.genetic import mutation_step

Islands = list[list[Individual]]


class Island(Search):
    """Genetic algorithms on islands with migration.

    Verbs on the toolbox, beside `generate`, `evaluate`, `update` and `map`: `choose(scores [I, P], k=P) -> indices
    [I, P]`, `cross(first, second) -> pair` and `perturb(genomes)` over tensors [I, ..., D], `replace(parents,
    children)` on one island, and `migrate(islands) -> islands`.

    Args:
        problem: What genomes are scored on.
        population: Individuals on all islands together; a multiple of `islands`.
        islands: Their number, I.
        interval: Generations from one migration to the next.
        migrants: How many leave an island then.
        seed: The run's seed.
        elites: Parents that live on, on each island.
        tournament: Entrants of a tournament.
        sigma: Step of a mutation, one for all genes or one for each; default a third of the space's spread.
        rate: Probability that a gene mutates, in [0, 1].

    Raises:
        ValueError: The population is no multiple of the islands, or more migrate than live on an island.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 100,
        islands: int = 4,
        interval: int = 5,
        migrants: int = 1,
        seed: int = 0,
        elites: int = 1,
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
        sizes = mutation_step(self.space, sigma)
        toolbox = self.toolbox
        toolbox.register("choose", by_tournament, size=tournament, generator=self.generator)
        toolbox.register("cross", two_point, generator=self.generator)
        toolbox.register("perturb", gaussian, sigma=sizes, rate=rate, generator=self.generator)
        toolbox.register("replace", partial(generational, elites=elites))
        toolbox.register("migrate", ring, migrants=migrants)

    def ask(self) -> list[Individual]:
        """Return first individuals, later the children of all islands, one island after the other."""
        if not self.people:
            return self.first()
        each = len(self.people) // self.islands
        genomes = genomes_of(self.people).unflatten(0, (self.islands, each))
        chosen = self.toolbox.choose(scores_of(self.people).unflatten(0, (self.islands, each)), k=each)
        parents = genomes.gather(1, chosen.to(genomes.device).unsqueeze(-1).expand_as(genomes))
        children = self.toolbox.perturb(self._crossed(parents))
        return self.born(children.flatten(0, 1), self._families(chosen))

    def tell(self, population: Sequence[Individual]) -> None:
        """Replace the parents of each island; now and then the best leave for the next one."""
        before = split(self.people, self.islands) if self.people else [[]] * self.islands
        after = split(population, self.islands)
        islands = [self.toolbox.replace(old, new) for old, new in zip(before, after, strict=True)]
        if (self.generation + 1) % self.interval == 0:
            islands = self.toolbox.migrate(islands)
        self.people = gathered([one for island in islands for one in island])

    def _crossed(self, parents: Tensor) -> Tensor:
        paired = parents.shape[1] // 2 * 2
        if not paired:
            return parents
        pairs = self.toolbox.cross(parents[:, 0:paired:2], parents[:, 1:paired:2])
        return torch.cat([torch.stack(pairs, dim=2).flatten(1, 2), parents[:, paired:]], dim=1)

    def _families(self, chosen: Tensor) -> list[list[int]]:
        """Return the ids of the parents of each child: its own and its mate's."""
        each = chosen.shape[1]
        families = []
        for island, places in enumerate(chosen.tolist()):
            ids = [self.people[island * each + place].id for place in places]
            families += [ids[place - place % 2 :][:2] for place in range(each)]
        return families


def ring(islands: Islands, *, migrants: int) -> Islands:
    """Return the islands after the best of each took the places of the worst of the next.

    Args:
        islands: The individuals of each, scored, as many on each.
        migrants: How many leave.
    """
    if len(islands) < 2:
        return islands
    leaving = [best(island, migrants) for island in islands]
    return [[*best(island, len(island) - migrants), *leaving[place - 1]] for place, island in enumerate(islands)]


def split(people: Sequence[Individual], islands: int) -> Islands:
    """Return individuals island by island, as many on each."""
    each = len(people) // islands
    return [list(people[place * each : (place + 1) * each]) for place in range(islands)]

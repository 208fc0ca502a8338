"""Memetic algorithm without gradients: a genetic algorithm whose best individual is improved gene by gene.

Sources: Moscato, On Evolution, Search, Optimization, Genetic Algorithms and Martial Arts (1989), for evolution with
local search; the local search is `pattern`, after Tseng and Chen (2008).

One generation: half of it are children as in `Genetic`; the other half are a point near the best individual, and a step
up and one down from it in as many genes as fit, each in turn. The next point is where all these genes together go, as
long as the last one was no worse than what is known, and else the best individual. Only the best of that half
competes with the children, for its individuals are almost equal, and the best of parents and children survive, under
noise as well: it suits problems without. `Lamarckian` learns by gradients instead.

Defaults are those of `Genetic`; the half is our choice (`docs/search-quality.md`). Where the score is a sum over genes
it is far ahead of all others here; elsewhere it is no better than `Genetic`. Cost of a generation: P evaluations and
O(P D) operations and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from neuroevo.generations import born_in
from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.replacement import plus
from neuroevo.population import ids_of, joined, taken
from neuroevo.problems import Problem
from neuroevo.ranking import best_place, order_of
from neuroevo.space import Space
from neuroevo.strategies.search.base import scores_of
from neuroevo.strategies.search.genetic import Genetic
from neuroevo.strategies.search.pattern import moves, next_steps, probes
from neuroevo.strategies.toolbox import Verbs


class Memetic(Genetic):
    """A genetic algorithm with a local search that needs no gradient.

    Args:
        problem: What genomes are scored on.
        population: Individuals that live at a time, and evaluations of a generation, P, at least 5.
        seed: The run's seed.
        share: Share of a generation that searches near the best individual, in (0, 1); at least three individuals do,
            and two are children.
        tournament: Entrants of a tournament.
        sigma: Largest step of a mutation; default the space's spread.
        rate: Probability that a gene mutates, in [0, 1].

    Raises:
        ValueError: The share or the rate lies outside its interval.
    """

    VERBS: ClassVar[Verbs] = {"probe": "probe(genome [D], steps [K], places [K]) -> genomes [2 K, D]"}
    EVOLVING = ("point", "steps", "turn", "near")
    STEPS: ClassVar[dict[str, str]] = {"step": "steps"}
    SPACES = (Space,)
    MIN_POPULATION = 5

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 50,
        seed: int = 0,
        share: float = 0.5,
        tournament: int = 3,
        sigma: Tensor | float | None = None,
        rate: float = 0.1,
    ) -> None:
        super().__init__(problem, population=population, seed=seed, tournament=tournament, sigma=sigma, rate=rate)
        if not 0 < share < 1:
            raise ValueError(f"share must lie in (0, 1), but it is {share}.")
        wanted = min(max(1, int((share * population - 1) // 2)), (population - 3) // 2)
        self.genes = min(wanted, self.space.size)
        self.point = self.space.start.clone()
        self.steps = self.space.spread.clone()
        self.turn = 0
        self.near: dict[str, int] = {}
        # There are fewer children than parents, so that they can't replace them.
        self.toolbox.register("replace", plus)
        self.toolbox.register("probe", probes)

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later children, and those near the best individual."""
        if not self.individuals:
            return self.initial_population()
        children = self.toolbox.vary(self.toolbox.select(self.individuals, self.population - 1 - 2 * self.genes))
        born_in(self.generation, children)
        probed = self.toolbox.probe(self.point, self.steps[self.places], self.places)
        best = ids_of(self.individuals)[best_place(self.individuals)]
        genomes = torch.cat([self.point.unsqueeze(0), probed])
        near = self.new_individuals(genomes, [(best,)] * len(genomes))
        self.near |= {str(number): place for place, number in enumerate(ids_of(near))}
        return joined(children, near)

    def tell(self, population: Sequence[Individual]) -> None:
        """Choose the survivors, and move the point."""
        before = order_of(self.individuals, best_place(self.individuals)) if self.individuals else None
        turns = [self.near.get(str(number), -1) for number in ids_of(population)]
        places = sorted((place for place, turn in enumerate(turns) if turn >= 0), key=turns.__getitem__)
        near = taken(population, places)
        children = taken(population, [place for place, turn in enumerate(turns) if turn < 0])
        super().tell(joined(children, taken(near, [best_place(near)] if near else [])))
        best = genomes_of(taken(self.individuals, [best_place(self.individuals)]))
        whole = len(near) == 1 + 2 * self.genes
        led = whole and before is not None and order_of(near, 0) >= before
        led = led and bool((genomes_of(near) == best).all(1).any())
        moved = self._moved_by(near) if whole else self.point
        self.point = moved if led else best[0].clone()
        self.near = {}

    @property
    def places(self) -> Tensor:
        """The genes whose turn it is, int64 [K]."""
        return (self.turn + torch.arange(self.genes, device=self._device())) % self.space.size

    def _moved_by(self, near: Sequence[Individual]) -> Tensor:
        """Return the point [D] with all genes moved whose turn it was; it is the next genes' turn, and steps adapt."""
        scores, genomes, places = scores_of(near), genomes_of(near), self.places
        found = moves(scores[0], scores[1:]).to(genomes)
        # What the bounds left of each step.
        up, down = (rows.gather(1, places.unsqueeze(1)).squeeze(1) for rows in genomes[1:].chunk(2))
        own = genomes[0, places]
        point = genomes[0].clone()
        point[places] = own + torch.where(found > 0, found * (up - own), -found * (down - own))
        self.steps = self.steps.clone()
        self.steps[places] = next_steps(self.steps[places], found, self.space.spread[places], generator=self.generator)
        self.turn = (self.turn + self.genes) % self.space.size
        return point


STRATEGIES = {"memetic": Memetic}

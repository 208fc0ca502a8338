"""Genetic algorithms in plain numpy: generational, in a steady state, and on islands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from neuroevo.testing.references.strategies.individuals import (
    Child,
    Plain,
    PlainPopulation,
    State,
    best_first,
    row,
    winner,
)

Genome = tuple[float, ...]
Row = NDArray[np.float64]
First = Callable[[np.random.Generator], Genome]
Cross = Callable[..., tuple[Row, Row]]
Mutate = Callable[..., Row]
Clip = Callable[[Row], Genome]


def unclipped(genome: Row) -> Genome:
    """Return genes as they are."""
    return tuple(genome.tolist())


class PlainGenetic(PlainPopulation):
    """Holland (1975) with tournaments of Goldberg and Deb (1991), and survival of Schwefel (1981) or Whitley (1989).

    Args:
        first: Draws a genome of the first generation.
        cross: Crosses two genomes [D].
        mutate: Mutates a genome [D].
        clip: Moves a genome into the bounds.
        population: Individuals that live at a time, P.
        offspring: Children of a generation; default P.
        elites: Parents that survive while children replace all others; None for the best of all.
        tournament: Entrants of a tournament.
        mating: Probability that a pair exchanges genes.
    """

    def __init__(
        self,
        *,
        first: First,
        cross: Cross,
        mutate: Mutate,
        clip: Clip = unclipped,
        population: int = 50,
        offspring: int | None = None,
        elites: int | None = None,
        tournament: int = 3,
        mating: float = 1.0,
    ) -> None:
        self.first, self.cross, self.mutate, self.clip = first, cross, mutate, clip
        self.population = population
        self.offspring = population if offspring is None else offspring
        self.elites = elites
        self.tournament = tournament
        self.mating = mating

    def size(self, state: State) -> int:
        """Return how many individuals the next generation has."""
        return self.offspring if state["generation"] else self.population

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return first individuals, later the children of winners."""
        if not state["individuals"]:
            return [Child(self.first(generator)) for _ in range(self.population)]
        return self.brood(state["individuals"], self.offspring, generator)

    def brood(self, individuals: Sequence[Plain], count: int, generator: np.random.Generator) -> list[Child]:
        """Return children: neighbours among the winners mate, and every child mutates."""
        parents = self.select(individuals, count, generator)
        children = [Child(parent.genome, (parent.id,)) for parent in parents]
        for place in range(0, count - 1, 2):
            if generator.random() < self.mating:
                first, second = parents[place], parents[place + 1]
                litter = self.cross(row(first.genome), row(second.genome), generator=generator)
                family = (first.id, second.id)
                children[place], children[place + 1] = (Child(self.clip(genome), family) for genome in litter)
        return [
            Child(self.clip(self.mutate(row(child.genome), generator=generator)), child.parents) for child in children
        ]

    def select(self, individuals: Sequence[Plain], count: int, generator: np.random.Generator) -> list[Plain]:
        """Return parents, the winners of tournaments."""
        return [winner(individuals, size=self.tournament, generator=generator) for _ in range(count)]

    def survivors(self, state: State, population: Sequence[Plain]) -> list[Plain]:
        """Return the best of all, or the children of one generation, with the worst replaced by elites."""
        parents = state["individuals"]
        if self.offspring < self.population:
            return best_first([*population, *parents])[: self.population]
        return generational(parents, population, elites=self.elites)


class PlainIslands(PlainGenetic):
    """Genetic algorithms on a ring of islands (Tanese 1989; Whitley, Rana and Heckendorn 1999).

    Args:
        first: As in `PlainGenetic`.
        cross: As in `PlainGenetic`.
        mutate: As in `PlainGenetic`.
        clip: As in `PlainGenetic`.
        population: Individuals on all islands together.
        islands: Their number.
        interval: Generations from one migration to the next.
        migrants: How many leave an island then.
        elites: As in `PlainGenetic`, on each island.
        tournament: Entrants of a tournament.
    """

    def __init__(
        self,
        *,
        first: First,
        cross: Cross,
        mutate: Mutate,
        clip: Clip = unclipped,
        population: int = 100,
        islands: int = 4,
        interval: int = 5,
        migrants: int = 1,
        elites: int | None = None,
        tournament: int = 3,
    ) -> None:
        super().__init__(
            first=first,
            cross=cross,
            mutate=mutate,
            clip=clip,
            population=population,
            elites=elites,
            tournament=tournament,
        )
        self.islands, self.interval, self.migrants = islands, interval, migrants

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return first individuals, later the children of each island."""
        if not state["individuals"]:
            return super().generate(state, generator)
        each = self.population // self.islands
        return [child for island in self.split(state["individuals"]) for child in self.brood(island, each, generator)]

    def survivors(self, state: State, population: Sequence[Plain]) -> list[Plain]:
        """Return the survivors of each island; every `interval` generations the best take the places of the worst."""
        parents = self.split(state["individuals"]) if state["individuals"] else [[] for _ in range(self.islands)]
        children = self.split(population)
        islands = [generational(old, new, elites=self.elites) for old, new in zip(parents, children, strict=True)]
        if (state["generation"] + 1) % self.interval == 0 and self.islands > 1:
            leaving = [best_first(island)[: self.migrants] for island in islands]
            staying = [best_first(island)[: len(island) - self.migrants] for island in islands]
            islands = [staying[place] + leaving[place - 1] for place in range(self.islands)]
        return [one for island in islands for one in island]

    def split(self, individuals: Sequence[Plain]) -> list[list[Plain]]:
        """Return individuals island by island."""
        each = self.population // self.islands
        return [[*individuals[place * each : (place + 1) * each]] for place in range(self.islands)]

    def comparable(self, state: State) -> State:
        """Return what is compared of a state: who lives on which island."""
        islands = [sorted(island, key=lambda one: one.id) for island in self.split(state["individuals"])]
        return {**state, "individuals": [one for island in islands for one in island]}


def generational(parents: Sequence[Plain], children: Sequence[Plain], *, elites: int | None) -> list[Plain]:
    """Return the children, with the worst replaced by the best parents that are better; of equals the children."""
    wanted = len(parents) or len(children)
    return best_first([*children, *best_first(parents)[:elites]])[:wanted]

"""MAP-Elites and novelty search in plain numpy, cell by cell and behaviour by behaviour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroevo.testing.references.strategies.genetic import Clip, First, Mutate, unclipped
from neuroevo.testing.references.strategies.individuals import Child, Plain, PlainPopulation, State, row, winner

EDGE = 1e-6
"""What the distance from the lower bound is raised by before it is rounded down, in cells (pyribs' default)."""

Ranges = Sequence[tuple[float, float]]


class PlainMAPElites(PlainPopulation):
    """MAP-Elites (Mouret and Clune 2015, algorithm 1) with the variation of Vassiliades and Mouret (2018), equation 2.

    Args:
        first: Draws a genome of the first generation.
        clip: Moves a genome into the bounds.
        ranges: Least and greatest value of each measure.
        population: Children in a generation, P.
        cells: Cells in each measure.
        sigma: Largest noise of a child.
        line: Step along the line to another elite, in units of their distance.
        least: Smallest noise of a child's gene, in units of the largest.
    """

    def __init__(
        self,
        *,
        first: First,
        clip: Clip = unclipped,
        ranges: Ranges,
        population: int = 100,
        cells: int = 20,
        sigma: Any,
        line: float = 0.2,
        least: float = 0.01,
    ) -> None:
        self.first, self.clip, self.ranges = first, clip, ranges
        self.population, self.cells, self.sigma, self.line, self.least = population, cells, sigma, line, least

    def size(self, state: State) -> int:
        """Return how many individuals the next generation has."""
        del state
        return self.population

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return first individuals, later children of two elites each, every one of which is equally likely."""
        elites = state["individuals"]
        if not elites:
            return [Child(self.first(generator)) for _ in range(self.population)]
        children = []
        for _ in range(self.population):
            one, other = (elites[generator.integers(len(elites))] for _ in range(2))
            scales = self.least ** generator.random(len(one.genome))
            noise = self.sigma * scales * generator.normal(size=len(one.genome))
            along = self.line * generator.normal() * (row(other.genome) - row(one.genome))
            children.append(Child(self.clip(row(one.genome) + noise + along), (one.id, other.id)))
        return children

    def survivors(self, state: State, population: Sequence[Plain]) -> list[Plain]:
        """Return the elites: children take empty cells, and those whose elites are worse; the first of equals stays."""
        elites: dict[tuple[int, ...], Plain] = {}
        for one in [*state["individuals"], *population]:
            if one.failed:
                continue
            cell = self.cell(one)
            if cell not in elites or objective(one) > objective(elites[cell]):
                elites[cell] = one
        return [elites[cell] for cell in sorted(elites)]

    def cell(self, one: Plain) -> tuple[int, ...]:
        """Return the cell of an individual; beyond the ranges it is the one at the edge."""
        places = [
            math.floor(self.cells * (value - low) / (high - low) + EDGE)
            for value, (low, high) in zip(one.values[1:], self.ranges, strict=True)
        ]
        return tuple(min(max(place, 0), self.cells - 1) for place in places)

    def record(self, best: Plain, survivors: Sequence[Plain]) -> dict[str, Any]:
        """Return the best value, the share of cells that are taken, and the sum of the elites' objectives."""
        total = round(sum(objective(one) for one in survivors), 9)
        coverage = len(survivors) / self.cells ** len(self.ranges)
        return {**super().record(best, survivors), "coverage": coverage, "objective_sum": total}

    def comparable(self, state: State) -> State:
        """Return what is compared of a state: sums are rounded."""
        total = round(state["record"]["objective_sum"], 9) + 0.0
        return {**super().comparable(state), "record": {**state["record"], "objective_sum": total}}


class PlainNovelty(PlainPopulation):
    """Novelty search (Lehman and Stanley 2011, section 3) with an archive.

    Args:
        first: Draws a genome of the first generation.
        mutate: Mutates a genome [D].
        clip: Moves a genome into the bounds.
        ranges: Least and greatest value of each measure.
        population: Individuals that live at a time, P.
        neighbours: Nearest ones that novelty is measured by, k.
        threshold: Novelty from which on a behaviour enters the archive; default a twentieth of the ranges' diagonal.
        tournament: Entrants of a tournament.
    """

    def __init__(
        self,
        *,
        first: First,
        mutate: Mutate,
        clip: Clip = unclipped,
        ranges: Ranges,
        population: int = 100,
        neighbours: int = 15,
        threshold: float | None = None,
        tournament: int = 3,
    ) -> None:
        self.first, self.mutate, self.clip = first, mutate, clip
        self.population, self.neighbours, self.tournament = population, neighbours, tournament
        diagonal = math.sqrt(sum((high - low) ** 2 for low, high in ranges))
        self.threshold = diagonal / 20 if threshold is None else threshold

    def size(self, state: State) -> int:
        """Return how many individuals the next generation has."""
        del state
        return self.population

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return first individuals, later the children of winners of tournaments of novelty."""
        if not state["individuals"]:
            return [Child(self.first(generator)) for _ in range(self.population)]
        pairs = zip(state["individuals"], state["novelty"], strict=True)
        rivals = [Plain(one.id, one.genome, (novelty,), (1.0,), (), 0) for one, novelty in pairs]
        parents = [winner(rivals, size=self.tournament, generator=generator) for _ in range(self.population)]
        return [Child(self.clip(self.mutate(row(one.genome), generator=generator)), (one.id,)) for one in parents]

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps."""
        archive = {"behaviours": strategy.behaviours.tolist(), "novelty": strategy.novelty.tolist()}
        return {**super().state_of(strategy), **archive}

    def survivors(self, state: State, population: Sequence[Plain]) -> list[Plain]:
        """Return all children that did not fail; parents stay if all failed."""
        return [one for one in population if not one.failed] or state["individuals"]

    def update(self, state: State, population: Sequence[Plain]) -> State:
        """Return the state after a generation: novelty is measured before any behaviour enters the archive."""
        living = [one for one in population if not one.failed]
        novelty = [self.novelty(one, state["behaviours"]) for one in living]
        new = [[*one.values[1:]] for one, far in zip(living, novelty, strict=True) if far >= self.threshold]
        behaviours = [*state["behaviours"], *new]
        after = super().update(state, population)
        archive = {"behaviours": behaviours, "novelty": novelty or state["novelty"]}
        return {**after, **archive, "record": {**after["record"], "behaviours": len(behaviours)}}

    def novelty(self, one: Plain, behaviours: Sequence[Sequence[float]]) -> float:
        """Return the mean distance to the k nearest behaviours in the archive (equation 1)."""
        if not behaviours:
            return self.threshold
        distances = sorted(math.dist(one.values[1:], behaviour) for behaviour in behaviours)
        return float(np.mean(distances[: self.neighbours]))

    def comparable(self, state: State) -> State:
        """Return what is compared of a state: novelty is rounded, and belongs to its individual."""
        pairs = sorted((one.id, round(far, 9)) for one, far in zip(state["individuals"], state["novelty"], strict=True))
        return {**super().comparable(state), "novelty": pairs}


def objective(one: Plain) -> float:
    """Return the objective, to be maximised."""
    return math.copysign(one.values[0], one.values[0] * one.weights[0])

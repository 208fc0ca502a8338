"""What plain strategies with populations have in common: individuals as tuples of numbers, and their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

State = dict[str, Any]
"""What a strategy keeps between generations, by name: plain individuals, numbers, and sequences of them."""

Order = tuple[bool, tuple[float, ...]]


@dataclass(frozen=True)
class Plain:
    """An individual.

    Attributes:
        id: Its id.
        genome: Its genes, or another genome.
        values: What it scored, as it was measured.
        weights: The weight of each value.
        parents: The ids of its parents.
        generation: When it was born.
    """

    id: int
    genome: Any
    values: tuple[float, ...]
    weights: tuple[float, ...]
    parents: tuple[int, ...]
    generation: int

    @property
    def failed(self) -> bool:
        """Whether a value is not finite."""
        return not all(math.isfinite(value) for value in self.values)

    @property
    def scores(self) -> tuple[float, ...]:
        """The values, to be maximised; -inf for those that are not finite."""
        pairs = zip(self.values, self.weights, strict=True)
        return tuple(value * weight if math.isfinite(value) else -math.inf for value, weight in pairs)

    @cached_property
    def order(self) -> Order:
        """The key by which individuals are compared: those that failed are the worst."""
        return not self.failed, self.scores


@dataclass(frozen=True)
class Child:
    """A child that has not been scored.

    Attributes:
        genome: Its genes, or another genome.
        parents: The ids of its parents.
    """

    genome: Any
    parents: tuple[int, ...] = ()


def plain(one: Any) -> Plain:
    """Return an `Individual` as tuples of numbers; a genome that is no tensor stays what it is."""
    genome = tuple(one.genome.tolist()) if hasattr(one.genome, "tolist") else one.genome
    return Plain(one.id, genome, one.fitness.values, one.fitness.weights, one.parents, one.generation)


def best_first(individuals: Sequence[Plain]) -> list[Plain]:
    """Return individuals from the best to the worst; of equals the first comes first."""
    return sorted(individuals, key=lambda one: one.order, reverse=True)


def winner(individuals: Sequence[Plain], *, size: int, generator: np.random.Generator) -> Plain:
    """Return the best of `size` entrants, drawn with replacement; of equals the first (Goldberg and Deb 1991)."""
    entrants = generator.integers(len(individuals), size=size)
    return best_first([individuals[place] for place in sorted(entrants.tolist())])[0]


def row(genome: Sequence[float]) -> NDArray[np.float64]:
    """Return genes as an array [D]."""
    return np.array(genome, dtype=np.float64)


def clipped(genome: NDArray[np.float64], low: float, high: float) -> tuple[float, ...]:
    """Return genes, moved into their bounds."""
    return tuple(min(max(gene, low), high) for gene in genome.tolist())


class PlainPopulation:
    """A strategy in plain numpy; subclasses say how children are made (`generate`) and who survives (`survivors`).

    Attributes:
        cost: What an individual costs: gradient steps, their multiply-adds, the steps one after the other, evaluations.
        generations: Generations after which children are compared, with how those before were scored.
    """

    cost: tuple[int, int, int, int] = (0, 0, 0, 1)
    generations: Sequence[tuple[int, str]] = ((0, "distinct"), (1, "distinct"), (2, "failures"), (2, "ties"))

    def size(self, state: State) -> int:
        """Return how many individuals the next generation has."""
        raise NotImplementedError

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return the individuals of a generation."""
        raise NotImplementedError

    def survivors(self, state: State, population: Sequence[Plain]) -> list[Plain]:
        """Return the individuals that the strategy keeps after a generation."""
        raise NotImplementedError

    def score(self, genome: tuple[float, ...]) -> tuple[float, ...] | None:
        """Return the values of a genome; None if that is the problem's affair alone."""
        del genome
        return None

    def numbers(self, child: Child, state: State) -> list[float]:
        """Return what is compared of a child: its distance from its first parent, and who its parents are."""
        places = {one.id: place for place, one in enumerate(state["individuals"])}
        parents = [places[parent] for parent in child.parents]
        origin = state["individuals"][parents[0]].genome if parents else (0.0,) * len(child.genome)
        steps = [gene - before for gene, before in zip(child.genome, origin, strict=True)]
        return [*steps, *([*parents, -1, -1][:2])]

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps."""
        found = None
        if strategy.generation:
            found = plain(strategy.result())
        return {
            "individuals": [*map(plain, strategy.individuals)],
            "result": found,
            "generation": strategy.generation,
            "budget": astuple(strategy.budget),
            "record": strategy.record(),
        }

    def update(self, state: State, population: Sequence[Plain]) -> State:
        """Return what the strategy keeps after a generation."""
        survivors = self.survivors(state, population)
        best = self.best(state, population, survivors)
        return {
            "individuals": survivors,
            "result": best,
            "generation": state["generation"] + 1,
            "budget": spent(state["budget"], self.cost, len(population)),
            "record": self.record(best, survivors),
        }

    def best(self, state: State, population: Sequence[Plain], survivors: Sequence[Plain]) -> Plain:
        """Return the best individual of all generations; the older one of equals."""
        del survivors
        known = [] if state["result"] is None else [state["result"]]
        return best_first([*known, *population])[0]

    def record(self, best: Plain, survivors: Sequence[Plain]) -> dict[str, Any]:
        """Return what the strategy records."""
        del survivors
        return {"best_values": [*best.values]}

    def complaint(self, state: State, population: Sequence[Plain], after: State) -> str:
        """Return what is wrong with the state after a generation, as the end of a sentence; nothing if it is right."""
        expected, found = self.comparable(self.update(state, population)), self.comparable(after)
        for name, value in expected.items():
            if repr(value) != repr(found[name]):
                return f"{name} should be {value!r}, but it is {found[name]!r}"
        return ""

    def comparable(self, state: State) -> State:
        """Return what is compared of a state: the order of individuals means nothing."""
        return {**state, "individuals": sorted(state["individuals"], key=lambda one: one.id)}


def spent(before: Sequence[int], cost: Sequence[int], count: int) -> tuple[int, ...]:
    """Return the budget after individuals were scored side by side."""
    steps, adds, path, evaluations = cost
    each = (count * steps, count * adds, path, count * evaluations)
    return tuple(one + other for one, other in zip(before, each, strict=True))

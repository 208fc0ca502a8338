"""Planted faults of strategies with populations: genetic algorithms with a wrong rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.problems.function import SPHERE
from neuroevo.strategies import Genetic
from neuroevo.testing.laws import Law, call_laws, population_laws
from neuroevo.testing.references.crossover import two_point
from neuroevo.testing.references.mutation import gaussian
from neuroevo.testing.references.strategies.genetic import PlainGenetic
from neuroevo.testing.references.strategies.individuals import State, clipped

LOW, HIGH = -5.12, 5.12
POPULATION, RATE, SIGMA = 5, 0.3, 0.5


def first(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw a genome."""
    return tuple(generator.uniform(LOW, HIGH, size=3))


REFERENCE = PlainGenetic(
    first=first,
    cross=two_point,
    mutate=partial(gaussian, sigma=SIGMA, rate=RATE),
    clip=partial(clipped, low=LOW, high=HIGH),
    population=POPULATION,
)


class Sound(Genetic):
    """A genetic algorithm in which faults are planted."""

    def __init__(self, seed: int, *, rate: float = RATE) -> None:
        super().__init__(SPHERE(3), population=POPULATION, seed=seed, sigma=SIGMA, rate=rate)


class ElitesByPosition(Sound):
    """Keeps the first parent, as if they were sorted."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Choose the survivors."""
        parents = sorted(self.individuals, key=lambda one: one.id)[:1]
        self.individuals = [*sorted(population, key=lambda one: one.fitness.order)[len(parents) :], *parents]


class YoungestOfEquals(Sound):
    """Takes a new best one that is only as good as the old one."""

    def _keep_best(self, population: Sequence[Individual]) -> None:
        best = max(population, key=lambda one: one.fitness.order)
        if self._best is None or best.fitness >= self._best.fitness:
            self._best = best


class Cloned(Sound):
    """Gives every pair of children one and the same parent."""

    def ask(self) -> list[Individual]:
        """Return children."""
        if not self.individuals:
            return self.initial_population()
        parents = self.toolbox.select(self.individuals, self.population)
        children: list[Individual] = self.toolbox.vary([parents[place - place % 2] for place in range(len(parents))])
        for child in children:
            child.generation = self.generation
        return children


class PlainPairs:
    """What `Sound` calls: parents are selected, varied, and replaced."""

    operators = ("select", "vary", "replace")

    def state_of(self, strategy: Any) -> State:
        """Return the population."""
        return {"individuals": list(strategy.individuals), "generation": strategy.generation}

    def generate(self, state: State, call: Callable[..., Any]) -> tuple[list[Individual], State]:
        """Return the children of the selected."""
        children = call("vary", call("select", state["individuals"], POPULATION))
        for child in children:
            child.generation = state["generation"]
        return children, state

    def update(self, state: State, population: Sequence[Individual], call: Callable[..., Any]) -> State:
        """Return the population after replacement."""
        survivors = call("replace", state["individuals"], population)
        return {"individuals": survivors, "generation": state["generation"] + 1}

    def result(self, state: State, call: Callable[..., Any]) -> None:
        """Return nothing."""

    def result_of(self, strategy: Any) -> None:
        """Return nothing."""


CALLED = PlainPairs()


def begun(kind: type[Sound], seed: int) -> Sound:
    """Return a strategy after its first generation."""
    strategy = kind(seed)
    list(evolve(strategy, 1))
    return strategy


class SelectsTwice(Sound):
    """Selects among those that were selected before."""

    def ask(self) -> list[Individual]:
        """Return children."""
        if self.individuals:
            self.individuals = self.toolbox.select(self.individuals, self.population)
        return super().ask()


LEAVES = "a generation leaves what it leaves in the reference"
CHILDREN = "a generation's children are distributed as the reference's"


def _judged(make: Callable[[int], Genetic]) -> tuple[object, list[Law]]:
    return make, population_laws(REFERENCE)


PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("ElitesByPosition", "elites by position", LEAVES, _judged(ElitesByPosition)),
    ("YoungestOfEquals", "a best individual that equals replace", LEAVES, _judged(YoungestOfEquals)),
    ("Cloned", "both parents of a pair are the same", CHILDREN, _judged(Cloned)),
    (
        "SelectsTwice",
        "parents are selected from those that were selected",
        "operators are called as in the reference",
        (partial(begun, SelectsTwice), call_laws(CALLED)),
    ),
    ("squared_rate", "a rate that is squared", CHILDREN, _judged(partial(Sound, rate=RATE**2))),
)

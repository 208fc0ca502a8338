"""Populations in columns: individuals are made when they are looked at, and whether they are makes no difference."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from neuroevo.evolution import Generation, evolve
from neuroevo.individual import Failure, Fitness, Individual, genomes_of
from neuroevo.population import Population, columns_of, ids_of, in_columns, joined, taken
from neuroevo.problems import Function
from neuroevo.problems.function import ARM, SPHERE, ZDT1
from neuroevo.ranking import at_least_as_good, best_place, descending, order_of, ranks
from neuroevo.strategies import (
    CMAES,
    CMAME,
    NSGA2,
    PGPE,
    PSO,
    SHADE,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    Island,
    MAPElites,
    Memetic,
    Novelty,
    OpenAIES,
    Search,
    SeparableCMAES,
)

SINGLE: tuple[Any, ...] = (
    Genetic,
    Island,
    EvolutionStrategy,
    Differential,
    SHADE,
    PSO,
    CMAES,
    SeparableCMAES,
    SNES,
    PGPE,
    OpenAIES,
    Memetic,
)
MAKERS: dict[str, Callable[[], Search]] = {
    **{one.__name__: lambda one=one: one(SPHERE(3), population=8, seed=1) for one in SINGLE},
    **{one.__name__: lambda one=one: one(ARM(3), population=8, seed=1) for one in (MAPElites, CMAME, Novelty)},
    "NSGA2": lambda: NSGA2(ZDT1(3), population=8, seed=1),
}


def scored(values: Sequence[Sequence[float]], *, weights: tuple[float, ...] = (1.0,), first: int = 0) -> Population:
    """Return a population in columns with these values."""
    count = len(values)
    genomes = torch.arange(2.0 * count).reshape(count, 2) + first
    found = Population.new(
        genomes, weights=weights, ids=range(first, first + count), parents=[()] * count, generations=[0] * count
    )
    assert found.score([tuple(row) for row in values])
    return found


def facts(search: Search, generations: Sequence[Generation]) -> list[Any]:
    """Return everything that a run is compared by."""
    records = [{key: value for key, value in one.record().items() if key != "seconds"} for one in generations]
    return [
        json.dumps(records),
        search.result().id,
        search.result().genome.tolist(),
        search.generator.get_state().sum(),
    ]


@dataclass
class Looking:
    """An evaluator that looks at all individuals, which keep their scores themselves then."""

    problem: Any

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the values of one individual."""
        return tuple(self.problem(individual))

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the values of each individual."""
        return list(self.problem.batch(list(individuals)))


@pytest.mark.parametrize("name", MAKERS)
def test_looking_makes_no_difference(name: str) -> None:
    """A run whose individuals are all looked at, before and after scoring, is that of one that is not looked into."""
    pytest.importorskip("ribs")
    quiet, watched = MAKERS[name](), MAKERS[name]()
    watched.toolbox.register("evaluate", Looking(watched.problem))

    def look(generation: Generation) -> None:
        assert all(isinstance(one, Individual) for one in (*generation.population, *watched.individuals))

    expected = facts(quiet, list(evolve(quiet, 5)))
    assert facts(watched, list(evolve(watched, 5, callbacks=[look]))) == expected


@pytest.mark.parametrize("name", MAKERS)
def test_a_generation_that_is_not_looked_into_makes_no_individuals(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the best so far is made, however many individuals there are."""
    pytest.importorskip("ribs")
    search = MAKERS[name]()
    run = evolve(search, 4)
    for _ in range(2):
        next(run)
    made: list[Individual] = []
    begin = Individual.__init__

    def counted(one: Individual, *given: Any, **named: Any) -> None:
        made.append(one)
        begin(one, *given, **named)

    monkeypatch.setattr(Individual, "__init__", counted)
    for _ in run:
        pass
    assert len(made) <= 2


def test_individuals_that_were_looked_at_stay_the_same_objects() -> None:
    """They are so in what was selected from their population, too; a copy has its own."""
    population = scored([[1.0], [3.0], [2.0]])
    record, chosen = copy.deepcopy(population), population.take([2, 2, 0])
    assert chosen[0] is chosen[1] is population[2]
    assert chosen[-1] is population[-3] is population[0]
    assert in_columns(population) is None
    assert in_columns(chosen) is None
    assert in_columns(record) is not None
    assert record[2] == population[2]
    assert record[2] is not population[2]
    population[0].fitness.values = (9.0,)
    assert best_place(population) == 0


def test_it_is_a_sequence() -> None:
    """Places, slices, loops, sums, equality and copies are those of a list of the same individuals."""

    def pair() -> tuple[Population, list[Individual]]:
        population = scored([[1.0], [3.0], [2.0]])
        return population, list(copy.deepcopy(population))

    population, individuals = pair()
    assert len(population) == 3
    assert population
    assert list(population) == individuals
    assert population == individuals
    assert population[1:] == individuals[1:]
    assert population[::-1] == individuals[::-1]
    assert population + individuals[:1] == [*individuals, individuals[0]] == individuals + population[:1]
    assert individuals[1] in population
    assert population.index(individuals[1]) == 1
    for twin in (copy.deepcopy(population), pickle.loads(pickle.dumps(population))):
        assert [one.id for one in twin] == [0, 1, 2]
        assert twin == individuals
    with pytest.raises(IndexError, match="must lie below 3"):
        population[3]
    assert repr(population) == "Population(3 individuals)"
    assert not population.take([])
    assert list(population.take([])) == []


def test_joined_populations_stay_columns_if_they_are_alike() -> None:
    """Their genomes are gathered from each; anything else becomes a list."""
    first, second = scored([[1.0], [3.0]]), scored([[2.0]], first=10)
    every = joined(first, [], second)
    assert in_columns(every) is every
    assert ids_of(taken(every, [2, 0])) == [10, 0]
    assert torch.equal(genomes_of(taken(every, [2, 0])), torch.tensor([[10.0, 11.0], [0.0, 1.0]]))
    assert torch.equal(genomes_of(every), torch.cat([genomes_of(first), genomes_of(second)]))
    other = scored([[2.0]], weights=(-1.0,))
    assert isinstance(joined(first, other), list)
    assert isinstance(joined(scored([[1.0]]), list(scored([[1.0]]))), list)


@pytest.mark.parametrize(
    "results", [[(1.0,), Failure("it broke")], [(1.0,), [2.0]], [(1.0,), (2,)], [(1.0,), (1.0, 2.0)], [1.0, 2.0]]
)
def test_results_that_columns_cannot_hold_are_set_one_by_one(results: list[Any]) -> None:
    """Failures with a reason, and whatever is no tuple of floats."""
    found = Population.new(torch.zeros(2, 1), weights=(1.0,), ids=range(2), parents=[()] * 2, generations=[0] * 2)
    assert not found.score(results)
    assert in_columns(found, scored=False) is found


VALUES = [[1.0, 2.0], [1.0, 3.0], [np.nan, 9.0], [1.0, 2.0], [np.inf, np.nan], [0.0, -np.inf], [-0.0, 5.0], [0.0, 5.0]]


@pytest.mark.parametrize("weights", [(1.0, 1.0), (-1.0, 0.5), (1.0, 0.0), (1e308, -1e308)])
def test_the_order_in_columns_is_that_of_the_individuals(weights: tuple[float, ...]) -> None:
    """Failures, ties, signed zeros and overflows included."""
    population = scored([*VALUES, [1e300, 1e300]], weights=weights)
    individuals = list(copy.deepcopy(population))
    assert list(descending(population)) == list(descending(individuals))
    assert best_place(population) == best_place(individuals)
    assert ranks(population).tolist() == ranks(individuals).tolist()
    assert [order_of(population, place) for place in range(9)] == [one.fitness.order for one in individuals]
    turned = population.take(range(8, -1, -1))
    assert at_least_as_good(population, turned).tolist() == at_least_as_good(individuals, individuals[::-1]).tolist()


def plain(genome: Tensor, **more: Any) -> Individual:
    """Return a scored individual."""
    return Individual(genome, Fitness((1.0,)), **{"id": 1, **more})


class Own(Individual):
    """A class of a user."""


def test_individuals_become_columns_if_they_are_nothing_more() -> None:
    """Whatever a user added stays, for then they are returned as they are."""
    known = [plain(torch.ones(2)), plain(torch.zeros(2), id=2, parents=(1,), generation=3)]
    found = columns_of(known)
    assert in_columns(found) is found
    assert found == known
    assert [(one.id, one.parents, one.generation) for one in found] == [(1, (), 0), (2, (1,), 3)]
    marked = plain(torch.ones(2))
    marked.history_index = 1
    failed = plain(torch.ones(2))
    failed.fitness.values = Failure("it broke")
    for odd in (
        marked,
        failed,
        plain(torch.ones(2), body=1),
        plain(torch.ones(2), memory=1),
        Own(torch.ones(2), Fitness((1.0,)), id=1),
        Individual(torch.ones(2), id=1),
        plain(torch.ones(3)),
        Individual(torch.ones(2), Fitness((1.0,), weights=(-1.0,)), id=1),
    ):
        individuals = [plain(torch.ones(2)), odd]
        assert columns_of(individuals) is individuals


def test_a_problem_that_fails_for_some_says_why() -> None:
    """The reason is that of the individual, as it is for lists."""

    def evaluate(genome: Tensor) -> float:
        if genome[0] > 0:
            raise ValueError("too much")
        return float(genome[0])

    search = Genetic(Function(evaluate, SPHERE(2).space), population=6, seed=1)
    for generation in evolve(search, 3):
        assert generation.failed == sum(one.fitness.failed for one in generation.population)

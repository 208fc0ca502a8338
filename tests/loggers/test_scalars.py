"""Numbers of a generation."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo import Budget, Fitness, Generation, Individual, evolve
from neuroevo.loggers import scalars
from neuroevo.problems.function import RASTRIGIN, ZDT1
from neuroevo.strategies import NSGA2, Genetic
from neuroevo.testing.strategies import populations


def generation(population: list[Individual], **details: object) -> Generation:
    """Return the first generation."""
    return Generation(0, tuple(population), Budget(evaluations=len(population)), 0.5, details)


@given(populations(min_individuals=1, non_finite=True))
def test_numbers_are_those_of_the_sound_individuals(population: list[Individual]) -> None:
    """The best lies between least and greatest, as the mean does; those that failed are counted and no more."""
    found = scalars(generation(population))
    scores = [one.fitness.values[0] for one in population if not one.fitness.failed]
    assert found["individuals"] == len(population)
    assert found["failed"] == len(population) - len(scores)
    if not scores:
        assert math.isnan(found["best_fitness"])
        return
    assert found["best_fitness"] == found["max_fitness"] == max(scores)
    assert found["min_fitness"] == min(scores)
    assert math.isclose(found["mean_fitness"], sum(scores) / len(scores), rel_tol=1e-9, abs_tol=1e-9)
    assert found["std_fitness"] >= 0


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=5))
def test_the_best_is_the_least_where_the_objective_is_minimised(scores: list[float]) -> None:
    """The sign of the weight decides."""
    population = [
        Individual(torch.zeros(1), fitness=Fitness((score,), weights=(-1.0,)), id=id) for id, score in enumerate(scores)
    ]
    assert scalars(generation(population))["best_fitness"] == min(scores)


def test_diversity_is_the_spread_of_a_gene() -> None:
    """It is 0 for equal genomes, the mean over genes of the deviation otherwise, and left out for other genomes."""
    genomes = torch.tensor([[0.0, 1.0], [2.0, 1.0]])
    population = [Individual(row, fitness=Fitness((1.0,)), id=id) for id, row in enumerate(genomes)]
    assert scalars(generation(population))["diversity"] == 0.5
    assert scalars(generation(population[:1]))["diversity"] == 0
    others = [Individual([1, 2], fitness=Fitness((1.0,)), id=0)]
    assert "diversity" not in scalars(generation(others))


def test_what_a_strategy_records_is_among_them() -> None:
    """Its best values, its numbers, and those in a mapping under both names; nothing else."""
    details = {
        "best_values": [3.0, 4.0],
        "coverage": 0.5,
        "cells": {"left": 1, "champion": 7},
        "name": "x",
        "flag": True,
        "ids": [1],
    }
    found = scalars(generation([Individual(torch.zeros(1), fitness=Fitness((1.0,)), id=0)], **details))
    assert {name: found[name] for name in ("best_so_far", "best_so_far_2", "coverage", "cells/left")} == {
        "best_so_far": 3.0,
        "best_so_far_2": 4.0,
        "coverage": 0.5,
        "cells/left": 1,
    }
    assert not {"name", "flag", "ids", "best_values"} & found.keys()


def test_each_objective_has_its_numbers() -> None:
    """Those of the second one end in 2."""
    (one,) = evolve(NSGA2(ZDT1(3), population=8), 1)
    found = scalars(one)
    assert found["best_fitness_2"] == min(each.fitness.values[1] for each in one.population)


def test_budget_and_speed_are_those_of_the_generation() -> None:
    """Evaluations since the start, and individuals by seconds."""
    *_, last = evolve(Genetic(RASTRIGIN(3), population=6), 2)
    found = scalars(last)
    assert found["evaluations"] == last.budget.evaluations
    assert found["individuals_per_second"] == len(last.population) / last.seconds

"""CMA-ME: the archive is the best of each cell, emitters learn what improves it, and begin anew at an elite."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.problems.function import ARM, Function
from neuroevo.space import Space

pytest.importorskip("ribs")

from neuroevo.strategies import CMAME


def scored(strategy: CMAME) -> list[Individual]:
    """Return a generation with its scores."""
    population: list[Individual] = strategy.toolbox.generate()
    for one, values in zip(population, strategy.problem.batch(population), strict=True):
        one.fitness.values = values
    return population


def test_gains_are_what_the_archive_gains() -> None:
    """A new cell gains its objective, a better elite the difference, and a worse one nothing."""
    strategy = CMAME(ARM(3), population=4, emitters=2, cells=2)
    population = scored(strategy)[:3]
    for one, values in zip(population, [(-3.0, 0.3, 0.3), (-1.0, 0.3, 0.3), (math.nan, 0.3, 0.3)], strict=True):
        one.fitness.values = values
    sign = strategy.problem.weights[0]
    assert strategy.insert(population[:1]) == [(2.0, -3.0 * sign)]
    better = [(1.0, 2.0), (-1.0, 0.0)] if sign > 0 else [(0.0, -2.0), (-1.0, 0.0)]
    assert strategy.insert(population[1:]) == better


def test_it_fills_cells() -> None:
    """The repertoire grows, and the result is the best of all."""
    strategy, covered, best = CMAME(ARM(6), seed=1), 0.0, -math.inf
    for generation in evolve(strategy, 20):
        assert strategy.coverage >= covered
        covered = strategy.coverage
        best = max(best, *(one.fitness.values[0] for one in generation.population))
    assert covered > 0.3
    assert strategy.result().fitness.values[0] == best


def test_an_emitter_that_improves_nothing_begins_anew() -> None:
    """At the genome of an elite, with the first deviations; the others keep what they have learned."""
    strategy = CMAME(ARM(4), population=10, emitters=2)
    for _ in evolve(strategy, 3):
        pass
    population = scored(strategy)
    for place, one in enumerate(population):
        if strategy.origin[str(one.id)] == 0:
            one.fitness.values = (math.nan, 0.0, 0.0)
        else:
            one.fitness.values = (-float(place), 0.01 * place, 0.02)
    before = strategy.models[1].update_count
    strategy.update(population)
    elites = [one.genome.tolist() for one in strategy.individuals]
    assert strategy.models[0].centroid.tolist() in elites
    assert np.allclose(np.sqrt(np.diag(strategy.models[0].C)), strategy.first.numpy())
    assert strategy.models[1].update_count == before + 1


def test_a_loaded_state_continues_bit_for_bit() -> None:
    """Distributions, their generator and the archive are in the state."""
    whole, stopped, resumed = (CMAME(ARM(3), population=12, emitters=3, cells=4) for _ in range(3))
    for _ in evolve(stopped, 4):
        pass
    resumed.load_state_dict(copy.deepcopy(stopped.state_dict()))
    genomes = [[one.genome for one in each.population] for each in evolve(whole, 9)]
    for expected, found in zip(genomes[4:], evolve(resumed, 9), strict=True):
        assert torch.equal(torch.stack(expected), torch.stack([one.genome for one in found.population]))


def test_all_that_fails_is_survived() -> None:
    """Without any elite emitters begin at first genomes."""

    def nowhere(genomes: Tensor) -> Tensor:
        return genomes.new_full((len(genomes), 2), math.nan)

    space = Space.box(2, low=-1, high=1)
    problem = Function(nowhere, space, weights=(-1.0, 0.0), batched=True, measures=((0.0, 1.0),))
    strategy = CMAME(problem, population=4, emitters=2)
    for _ in range(2):
        strategy.update(scored(strategy))
    assert strategy.individuals == []


@pytest.mark.parametrize(
    "settings", [{"emitters": 0}, {"population": 7, "emitters": 2}, {"population": 3, "emitters": 3}]
)
def test_wrong_numbers_are_refused(settings: dict[str, int]) -> None:
    """The sentence names both arguments."""
    with pytest.raises(ValueError, match=r"^population must be a multiple of emitters, two for each at least, but"):
        CMAME(ARM(3), **settings)

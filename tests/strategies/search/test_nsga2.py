"""NSGA-II: the front that is known, and what survives."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.individual import Fitness, Individual
from neuroevo.problems import Function
from neuroevo.problems.function import DTLZ2, ZDT1
from neuroevo.space import Space
from neuroevo.strategies import NSGA2
from neuroevo.strategies.search.nsga2 import crowded_tournament, survivors

OF_THE_FRONT = 2 / 3
"""The area below (1, 1) that the front f2 = 1 - sqrt(f1) dominates."""


def area(front: list[Individual]) -> float:
    """Return the area below (1, 1) that individuals dominate, both objectives being minimised."""
    total, least = 0.0, 1.0
    for first, second in sorted(one.fitness.values for one in front):
        if first < 1 and second < least:
            total += (1 - first) * (least - second)
            least = second
    return total


def test_zdt1_is_solved() -> None:
    """Within 250 generations the individuals dominate at least 0.85 of what the front does, and 30 genes are spread."""
    strategy = NSGA2(ZDT1(), seed=1)
    for _ in evolve(strategy, 250):
        pass
    assert area(strategy.front) >= 0.85 * OF_THE_FRONT
    assert len({one.fitness.values for one in strategy.front}) > 50
    first, second = strategy.result().fitness.values
    assert 0.1 < first < 0.9
    assert 0.1 < second < 0.9


@given(seed=st.integers(0, 2**32))
def test_the_front_never_gets_worse(seed: int) -> None:
    """What leaves the front is dominated by a newcomer, or the front is full."""
    strategy = NSGA2(DTLZ2(5), population=8, seed=seed)
    before: list[Individual] = []
    for _ in evolve(strategy, 6):
        front = strategy.front
        ids = {one.id for one in front}
        for gone in before:
            beaten = any(one.fitness.dominates(gone.fitness) for one in front)
            assert gone.id in ids or beaten or len(front) == 8
        before = front


def test_the_tournament_prefers_low_fronts_and_empty_places() -> None:
    """Of two, the one in the lower front wins more often, and within a front the one that is farther from others."""
    values = [(0.0, 3.0), (1.0, 2.0), (1.1, 1.9), (3.0, 0.0), (0.0, 0.0)]
    individuals = [Individual(None, Fitness(pair, weights=(1.0, 1.0)), id=place) for place, pair in enumerate(values)]
    winners = crowded_tournament(individuals, 4000, generator=torch.Generator().manual_seed(0))
    wins = [sum(one.id == place for one in winners) for place in range(5)]
    assert min(wins[0], wins[3]) > max(wins[1], wins[2]) > 0
    assert wins[4] < min(wins[:4]) / 2


def test_without_bounds_mutation_is_gaussian() -> None:
    """A space without bounds is searched, too, and one objective is enough."""
    problem = Function(lambda genomes: genomes.square().sum(-1), Space.box(4, start=torch.ones(4)), batched=True)
    strategy = NSGA2(problem, population=20, seed=1)
    for _ in evolve(strategy, 100):
        pass
    assert strategy.result().fitness.values[0] < 0.5


def test_there_is_no_result_before_a_generation() -> None:
    """Asking too early is an error."""
    with pytest.raises(RuntimeError, match=r"there is no result yet: run a generation first."):
        NSGA2(ZDT1()).result()


def test_one_that_failed_in_an_objective_survives_last() -> None:
    """However good it is in the other one."""
    genome, weights = torch.zeros(1), (1.0, 1.0)
    scores = [(0.0, 0.0), (math.nan, 9.0), (1.0, 1.0), (9.0, math.inf)]
    known = [Individual(genome, Fitness(each, weights=weights), id=number) for number, each in enumerate(scores)]
    assert {one.id for one in survivors(known[:2], known[2:])} == {0, 2}
    assert len(survivors(known[:3], known[3:])) == 3
    assert len(survivors([], known[1:2])) == 1

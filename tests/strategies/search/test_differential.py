"""Differential evolution: no individual gets worse, and the results that are known of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.problems.function import RASTRIGIN
from neuroevo.strategies import Differential


def solved(seed: int, *, evaluations: int) -> bool:
    """Return whether that number of evaluations finds the one best of 11 ** 10 minima."""
    strategy = Differential(RASTRIGIN(10), seed=seed)
    for _ in evolve(strategy, evaluations // strategy.population):
        pass
    return strategy.result().fitness.values[0] < 1e-3


def test_rastrigin_is_solved() -> None:
    """The best minimum in 10 dimensions is found."""
    assert solved(0, evaluations=45_000)


@pytest.mark.slow
def test_rastrigin_is_solved_nearly_always() -> None:
    """At least 8 of 10 seeds find it within 60,000 evaluations."""
    assert sum(solved(seed, evaluations=60_000) for seed in range(10)) >= 8


@given(seed=st.integers(0, 2**32))
def test_no_individual_gets_worse(seed: int) -> None:
    """Each place of the population holds, generation after generation, an individual that is no worse."""
    strategy = Differential(RASTRIGIN(4), seed=seed, population=6)
    before = None
    for _ in evolve(strategy, 6):
        values = [one.fitness for one in strategy.individuals]
        assert before is None or all(new >= old for new, old in zip(values, before, strict=True))
        before = values


def test_a_missing_individual_keeps_its_place() -> None:
    """A loop that scores only a part of a generation costs the others nothing."""
    strategy = Differential(RASTRIGIN(4), population=6)
    for _ in evolve(strategy, 1):
        pass
    kept = [one.id for one in strategy.individuals]
    trials = strategy.generate()[:2]
    for one in trials:
        one.fitness.values = (0.0,)
    strategy.update(trials)
    assert [one.id for one in strategy.individuals] == [trials[0].id, trials[1].id, *kept[2:]]

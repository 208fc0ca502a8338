"""Restarts of CMA-ES: when a run ends, how the next one begins, and that nothing else changes."""

from functools import partial
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.individual import genomes_of
from neuroevo.problems.function import RASTRIGIN, SPHERE, Function
from neuroevo.space import Space
from neuroevo.strategies import CMAES
from neuroevo.strategies.search.restarts import FIRST, TOLERANCE, following, horizon, stagnates
from neuroevo.testing.laws import check_strategy

KINDS: tuple[Literal["ipop", "bipop"], ...] = ("ipop", "bipop")


def flat(genomes: Tensor) -> Tensor:
    """Return 0 for every genome [P, D], so that a run ends as soon as it may."""
    return 0 * genomes[:, 0]


def plateau(seed: int = 0, **settings: Any) -> CMAES:
    """Return a search whose runs end after 12 updates or fewer."""
    problem = Function(flat, Space.box(2, low=-1, high=3), batched=True)
    return CMAES(problem, seed=seed, population=30, **settings)


@pytest.mark.parametrize("kind", KINDS)
def test_until_a_run_ends_nothing_changes(kind: Literal["ipop", "bipop"]) -> None:
    """Genomes are those of a search without restarts, bit for bit, and others from then on."""
    plain, restarted = plateau(), plateau(restarts=kind)
    first = 12
    assert horizon(plain.model) == first
    for own, other in zip(evolve(plain, 14), evolve(restarted, 14), strict=True):
        same = torch.equal(genomes_of(own.population), genomes_of(other.population))
        assert same == (own.number < first)


def test_each_run_of_ipop_has_twice_the_offspring() -> None:
    """A generation stays 30 evaluations: updates take one, two and four of them."""
    strategy, found = plateau(restarts="ipop"), []
    for generation in evolve(strategy, 75):
        assert len(generation.population) == 30
        found.append((strategy.record()["restarts"], strategy.model.lambda_))
    assert sorted(set(found)) == [(0, 30), (1, 60), (2, 120)]
    assert strategy.budget.evaluations == strategy.planned_budget(75).evaluations == 2250


@given(st.lists(st.tuples(st.floats(0, 0.999), st.floats(0, 0.999), st.integers(1, 50)), min_size=30, max_size=60))
def test_both_kinds_of_bipop_spend_as_much(runs: list[tuple[float, float, int]]) -> None:
    """The kind that has spent less comes next; small runs have less offspring, smaller steps and a limit."""
    schedule, largest = FIRST, 1
    for first, second, spent in runs:
        limit = schedule["most"] or spent
        before = {**schedule, "spent": min(spent, limit)}
        schedule, factor = following(before, "bipop", (first, second))
        assert schedule["small"] == (schedule["spent_small"] < schedule["spent_large"])
        if schedule["small"]:
            assert 1 <= schedule["offspring"] <= schedule["large"] // 2
            assert 0.01 < factor <= 1
            assert schedule["most"] >= 1
        else:
            assert schedule["offspring"] == schedule["large"] == 2 * largest
            assert factor == 1
            largest = schedule["large"]
        assert schedule["spent"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_strategy_laws(kind: Literal["ipop", "bipop"]) -> None:
    """With restarts on the way the laws of strategies are kept: a state continues bit for bit among them."""
    check_strategy(partial(plateau, restarts=kind), generations=15, population=30, examples=1)


@pytest.mark.parametrize("stop", [11, 12, 13, 24, 40])
def test_a_loaded_state_continues_bit_for_bit(stop: int) -> None:
    """Before, at and after a restart, and between the parts of an update."""
    whole, stopped, resumed = (plateau(restarts="bipop") for _ in range(3))
    for _ in evolve(stopped, stop):
        pass
    resumed.load_state_dict(stopped.state_dict())
    genomes = [genomes_of(each.population) for each in evolve(whole, 60)]
    for expected, found in zip(genomes[stop:], evolve(resumed, 60), strict=True):
        assert torch.equal(expected, genomes_of(found.population))


def test_the_result_is_that_of_all_runs() -> None:
    """A restart forgets no best individual, and starts somewhere else."""
    strategy, best, starts = CMAES(RASTRIGIN(2), restarts="ipop"), float("inf"), []
    for generation in evolve(strategy, 400):
        best = min(best, *(one.fitness.values[0] for one in generation.population))
        assert strategy.result().fitness.values[0] == best
        if strategy.schedule["spent"] == 0:
            starts.append(strategy.centre())
    assert len(starts) >= 2
    assert not torch.equal(starts[0], starts[1])
    assert best < 1e-8


def test_each_criterion() -> None:
    """Values, steps, the condition, and the precision of the mean end a run."""
    strategy = CMAES(SPHERE(3), population=6)
    model, first = strategy.model, strategy.deviations.numpy()
    values = np.linspace(0.0, 1.0, 6)
    rising = np.arange(horizon(model), dtype=np.float64)
    judge = partial(stagnates, model)
    assert judge(rising, values, first) is None
    assert judge(0 * rising, values, first) == "the best values are all the same"
    assert judge(0 * rising[1:], values, first) is None
    assert judge(1e-14 * rising, 1e-14 * values, first) == "values hardly differ"
    assert judge(rising, values, first / (0.5 * TOLERANCE)) == "steps are tiny"
    model.centroid = np.array([0.0, 0.0, 1e18])
    assert judge(rising, values, first) in (
        "a step along an axis moves nothing",
        "a step of a gene does not move it",
    )
    model.centroid = np.zeros(3)
    model.diagD = np.array([1.0, 1.0, 1e7])
    assert judge(rising, values, first) == "the condition is too great"

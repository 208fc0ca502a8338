"""CMA-ES: DEAP's numbers, and the results that are known of it."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from deap import cma

from neuroevo.evolution import evolve
from neuroevo.individual import Fitness
from neuroevo.problems.function import ELLIPSOID, RASTRIGIN, ROSENBROCK
from neuroevo.seeds import seed_of
from neuroevo.space import Space
from neuroevo.strategies import CMAES, SeparableCMAES


@pytest.mark.parametrize("seed", range(3))
def test_rosenbrock_is_solved(seed: int) -> None:
    """10 dimensions, below 1e-8 within 8,000 evaluations."""
    strategy = CMAES(ROSENBROCK(10), seed=seed)
    for _ in evolve(strategy, 800):
        pass
    assert strategy.budget.evaluations <= 8000
    assert strategy.result().fitness.values[0] < 1e-8


def test_the_numbers_are_deaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without negative weights, fed the same draws, genomes and distribution are those of DEAP's class, bit for bit."""
    problem, seed = ROSENBROCK(5), 4
    # Without bounds nothing is clipped, which DEAP's class does not do.
    object.__setattr__(problem, "space", Space.box(5, start=torch.full((5,), 2.0, dtype=torch.float64), spread=0.5))
    ours = CMAES(problem, seed=seed, active=False)
    draws = np.random.default_rng(seed_of(seed, "CMAES"))
    theirs = cma.Strategy([2.0] * 5, 1.0, cmatrix=0.25 * np.identity(5))
    monkeypatch.setattr("numpy.random.standard_normal", draws.standard_normal)

    class Point(np.ndarray[Any, np.dtype[np.float64]]):
        """An individual as DEAP's class takes it."""

    for generation in evolve(ours, 40):
        points = theirs.generate(lambda row: copy.copy(row).view(Point))
        assert np.array_equal(np.stack(points), torch.stack([one.genome for one in generation.population]).numpy())
        for point in points:
            point.fitness = Fitness([float(problem.function(torch.from_numpy(np.asarray(point))))], weights=(-1.0,))
        theirs.update(points)
        assert np.array_equal(theirs.C, ours.model.C)
        assert theirs.sigma == ours.model.sigma


def test_an_ellipsoid_far_from_a_sphere() -> None:
    """The separable form goes to 1e-6 of the start in 100 dimensions, with memory that grows with D alone."""
    strategy, start = SeparableCMAES(ELLIPSOID(100), seed=1), 0.0
    for generation in evolve(strategy, 1500):
        start = start or generation.mean
    assert strategy.result().fitness.values[0] < 1e-6 * start
    assert all(
        value.numel() <= 100
        for value in vars(strategy).values()
        if isinstance(value, torch.Tensor) and value.is_floating_point()
    )


def test_the_variances_are_the_axes_of_the_ellipsoid() -> None:
    """What the separable form learns is the inverse of the function's curvature, up to a factor."""
    strategy = SeparableCMAES(ELLIPSOID(10), seed=1, population=40)
    for _ in evolve(strategy, 200):
        pass
    curvatures = 1e6 ** torch.linspace(0, 1, 10, dtype=torch.float64)
    spread = (strategy.variances * curvatures).log10()
    assert float(spread.max() - spread.min()) < 1.5


def test_a_loaded_state_continues_bit_for_bit() -> None:
    """Also where products of matrices depend on their layout in memory."""
    whole, stopped, resumed = (CMAES(RASTRIGIN(6)) for _ in range(3))
    for _ in evolve(stopped, 5):
        pass
    resumed.load_state_dict(stopped.state_dict())
    assert resumed.model.B.flags.f_contiguous == stopped.model.B.flags.f_contiguous
    scores = [[one.fitness.values for one in each.population] for each in evolve(whole, 12)]
    assert [[one.fitness.values for one in each.population] for each in evolve(resumed, 12)] == scores[5:]

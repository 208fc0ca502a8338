"""Which strategy is recommended: one that takes the problem, by what the problem is and what may be spent."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.discrete import Bits
from neuroevo.problems.function import ACKLEY, ARM, ELLIPSOID, RASTRIGIN, ROSENBROCK, SPHERE, ZDT1, Function
from neuroevo.space import Space
from neuroevo.strategies import (
    CMAES,
    NSGA2,
    PGPE,
    Genetic,
    MAPElites,
    Memetic,
    OpenAIES,
    Search,
    SeparableCMAES,
    recommend,
)
from neuroevo.strategies.search.separable import EVALUATIONS, looks_separable

FREE = Space.box(300, start=torch.zeros(300))


@pytest.mark.parametrize(
    ("problem", "evaluations", "strategy"),
    [
        (ROSENBROCK(10), 1000, CMAES),
        (ROSENBROCK(10), 999, SeparableCMAES),
        (ACKLEY(1000), 10**6, OpenAIES),
        (Function(ACKLEY.function, FREE, batched=True), 10**6, PGPE),
        (RASTRIGIN(10), 640, Memetic),
        (RASTRIGIN(10), 639, SeparableCMAES),
        (replace(SPHERE(10), noisy=True), 2000, PGPE),
        (ZDT1(), 2000, NSGA2),
        (ARM(), 2000, MAPElites),
        (Function(lambda genome: float(genome.sum()), Bits(5)), 2000, Genetic),
    ],
)
def test_problems_of_each_kind(problem: Any, evaluations: int, strategy: type[Search]) -> None:
    """The page's rule."""
    assert recommend(problem, evaluations).strategy is strategy


@given(genes=st.integers(1, 300), evaluations=st.integers(1, 10**6), noisy=st.booleans())
def test_a_recommended_strategy_takes_the_problem(genes: int, evaluations: int, noisy: bool) -> None:
    """It has as many genes as it can do with, and can be made; the reason is a sentence."""
    problem = replace(SPHERE(genes), noisy=noisy)
    found = recommend(problem, evaluations)
    assert found.strategy.MAX_GENES is None or genes <= found.strategy.MAX_GENES
    assert found.strategy(problem).toolbox.generate()
    assert found.reason.endswith(".")


@pytest.mark.parametrize("landscape", [SPHERE, ELLIPSOID, RASTRIGIN, ROSENBROCK, ACKLEY])
@pytest.mark.parametrize("size", [2, 30])
def test_sums_over_genes_are_told_from_others(landscape: Callable[[int], Function], size: int) -> None:
    """With any seed, in single precision too, and by as many evaluations as are said."""
    alone, asked = landscape in (SPHERE, ELLIPSOID, RASTRIGIN), []

    def counted(genomes: torch.Tensor) -> torch.Tensor:
        asked.append(len(genomes))
        return function(genomes)

    for dtype in (torch.float32, torch.float64):
        own = landscape(size)
        function, space = own.function, Space.box(size, low=-5.12, high=5.12, dtype=dtype)
        for seed in range(5):
            assert looks_separable(Function(counted, space, batched=True), seed=seed) == alone
    assert sum(asked) == 10 * EVALUATIONS


def test_who_knows_need_not_look() -> None:
    """What is said is taken, and nothing is spent; a function that fails is no sum."""

    def fails(genome: torch.Tensor) -> float:
        raise ArithmeticError

    unseen = Function(fails, Space.box(5, low=0, high=1))
    assert recommend(unseen, 5000, separable=True).strategy is Memetic
    assert recommend(unseen, 5000, separable=False).evaluations == 0
    found = recommend(unseen, 5000)
    assert (found.strategy, found.evaluations) == (CMAES, EVALUATIONS)


def test_nothing_can_be_done_without_evaluations() -> None:
    """A number below 1 is refused."""
    with pytest.raises(ValueError, match=r"^evaluations must be at least 1, but they are 0\.$"):
        recommend(SPHERE(3), 0)

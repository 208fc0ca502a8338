"""Which strategy is recommended: one that takes the problem, by what the problem is and what may be spent."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.discrete import Bits
from neuroevo.problems.function import ARM, SPHERE, ZDT1, Function
from neuroevo.strategies import CMAES, NSGA2, PGPE, Genetic, MAPElites, OpenAIES, Search, SeparableCMAES, recommend


@pytest.mark.parametrize(
    ("problem", "evaluations", "strategy"),
    [
        (SPHERE(10), 2000, CMAES),
        (SPHERE(10), 1999, SeparableCMAES),
        (SPHERE(1000), 10**6, OpenAIES),
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


def test_nothing_can_be_done_without_evaluations() -> None:
    """A number below 1 is refused."""
    with pytest.raises(ValueError, match=r"^evaluations must be at least 1, but they are 0\.$"):
        recommend(SPHERE(3), 0)

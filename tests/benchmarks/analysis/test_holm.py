"""Holm's correction: sums by hand, the step-by-step procedure, and its bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.statistics import (
    holm,
)

P_VALUES = st.lists(st.floats(0, 1), max_size=8)


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.4, 0.9], [1.0, 1.0, 1.0]),
        ([0.02, 0.02, 0.02], [0.06, 0.06, 0.06]),
        ([0.02, math.nan, 0.01], [0.02, math.nan, 0.02]),
        ([math.nan], [math.nan]),
    ],
)
def test_holm_by_hand(p_values: list[float], adjusted: list[float]) -> None:
    """The tables agree; a NaN stays and does not count."""
    assert holm(p_values) == pytest.approx(adjusted, nan_ok=True)


@given(P_VALUES, st.floats(0.001, 0.5))
def test_holm_rejects_step_by_step(p_values: list[float], level: float) -> None:
    """Adjusted values reject what Holm's procedure rejects at any level."""
    rejected: set[int] = set()
    for step, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if (len(p_values) - step) * p_values[index] > level:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(holm(p_values)) if p <= level} == rejected


@given(P_VALUES)
def test_holm_lies_between_raw_and_bonferroni(p_values: list[float]) -> None:
    """Adjusted values keep the order, and lie between the raw ones and Bonferroni's."""
    adjusted = holm(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw <= value <= min(1.0, raw * len(p_values))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[index] for index in order] == sorted(adjusted)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.inf])
def test_holm_refuses_what_is_no_probability(bad: float) -> None:
    """Values outside [0, 1] are refused."""
    with pytest.raises(ValueError, match=r"p_values must lie in \[0, 1\], but they are"):
        holm([0.5, bad])

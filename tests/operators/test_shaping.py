"""Utilities by rank."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.operators.shaping import centred_ranks, nes_utilities

Shaping = Callable[[Tensor], Tensor]
all_shapings = pytest.mark.parametrize("shape", [centred_ranks, nes_utilities])
numbers = st.lists(st.sampled_from([-2.0, -0.5, 0.0, 1.0, 3.0, math.nan, math.inf, -math.inf]), min_size=1, max_size=9)


def as_scores(values: list[float]) -> Tensor:
    """Return scores."""
    return torch.tensor(values, dtype=torch.float64)


@all_shapings
@given(values=numbers)
def test_better_scores_get_more(shape: Shaping, values: list[float]) -> None:
    """The order is kept, equals get equal utilities, failures the least, and all sum to 0."""
    utilities = shape(as_scores(values)).tolist()
    known = [value if math.isfinite(value) else -math.inf for value in values]
    for first, one in zip(known, utilities, strict=True):
        for second, other in zip(known, utilities, strict=True):
            assert one == other if first == second else (one >= other) == (first > second) or one == other
    assert sum(utilities) == pytest.approx(0, abs=1e-12)


@all_shapings
@given(values=numbers, factor=st.floats(0.1, 10), shift=st.floats(-5, 5))
def test_only_the_order_counts(shape: Shaping, values: list[float], factor: float, shift: float) -> None:
    """A rising function of the scores changes nothing, and the scores stay as they are."""
    scores = as_scores(values)
    moved = (scores * factor).exp() + shift
    moved[~scores.isfinite()] = math.nan
    before = scores.clone()
    torch.testing.assert_close(shape(scores), shape(moved))
    torch.testing.assert_close(scores, before, equal_nan=True, rtol=0, atol=0)


@all_shapings
@given(rows=st.lists(st.lists(st.floats(-3, 3), min_size=5, max_size=5), min_size=1, max_size=4))
def test_each_row_is_a_population_of_its_own(shape: Shaping, rows: list[list[float]]) -> None:
    """A batch of populations gets what each gets by itself."""
    together = shape(torch.tensor(rows, dtype=torch.float64))
    for row, utilities in zip(rows, together, strict=True):
        torch.testing.assert_close(utilities, shape(as_scores(row)))


def test_the_numbers_of_the_sources() -> None:
    """Centred ranks go from -0.5 to 0.5; the logarithms follow the formula, rank by rank."""
    scores = as_scores([3, 1, 2, 4])
    assert centred_ranks(scores).tolist() == pytest.approx([1 / 6, -0.5, -1 / 6, 0.5])
    raw = [max(0.0, math.log(4 / 2 + 1) - math.log(rank)) for rank in (1, 2, 3, 4)]
    expected = [value / sum(raw) - 1 / 4 for value in raw]
    assert nes_utilities(scores).tolist() == pytest.approx([expected[rank] for rank in (1, 3, 2, 0)])

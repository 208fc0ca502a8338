"""Comparison of results with those of a reference."""

import numpy as np
import pytest
import torch

from neuroevo.testing.laws.equations import unlike

ONES = torch.ones(2)


@pytest.mark.parametrize(
    ("mine", "there"),
    [
        (ONES, ONES + 1e-7),
        (ONES, np.ones(2)),
        ({"a": (1.0, {3, 1})}, {"a": (1.0, {1, 3})}),
        (torch.tensor([torch.nan]), torch.tensor([torch.nan])),
    ],
)
def test_rounding_and_arrays_make_no_difference(mine: object, there: object) -> None:
    """Numbers are equal up to rounding, and a reference may be written with numpy."""
    assert unlike(mine, there) == ""


@pytest.mark.parametrize(
    ("mine", "there", "what"),
    [
        (ONES, ONES + 1e-3, "the result is"),
        (ONES.double(), ONES, "of torch.float64 on cpu, but the reference's is .* of torch.float32"),
        (ONES.clone().requires_grad_(), ONES, "of torch.float32 on cpu, with a gradient, but"),
        (ONES.to("meta"), ONES, "on meta, but"),
        (ONES.to("meta"), torch.ones(3, device="meta"), "the result is"),
        (ONES.long(), np.ones(2), "the result is"),
        ([ONES], [], "in the result only"),
    ],
)
def test_other_results_are_described(mine: object, there: object, what: str) -> None:
    """Other numbers, another dtype, a result that belongs to a graph, and parts that are missing."""
    with pytest.raises(AssertionError, match=what):
        assert not unlike(mine, there), unlike(mine, there)

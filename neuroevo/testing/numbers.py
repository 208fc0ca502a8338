"""Hypothesis strategies for tensors that find faults: ties, failures, many rows, and memory with gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

SMALL = 30
"""Numbers up to which each one may be drawn by itself."""

FEW = (1.0, 0.0, -1.0, 0.5, 2.0, -3.0)
"""Numbers that tie often."""

FAILURES = (math.nan, math.inf, -math.inf)

LARGE = (9, 16, 33, 64, 129, 300)
"""Sizes that are drawn now and then: on both sides of powers of two, and beyond what a byte counts."""

FLOATS = (torch.float32, torch.float64, torch.float16)


def sizes(least: int = 1, most: int = 300) -> SearchStrategy[int]:
    """Draw a size: mostly a small one, now and then one of hundreds; shrinks to the least."""
    small = st.integers(least, max(least, min(8, most)))
    large = [size for size in LARGE if least <= size <= most]
    return small | small | st.sampled_from(large) if large else small


@st.composite
def tensors(
    draw: DrawFn,
    *shape: int,
    dtypes: Sequence[torch.dtype] = FLOATS,
    failures: bool = False,
    magnitude: float = 1000.0,
) -> Tensor:
    """Draw numbers of a shape, with ties and, if wanted, failures; some lie in memory with gaps between them.

    Example: `tensor([[0., 1.], [nan, 1.]])`. Shrinks to few whole numbers, float32.

    Args:
        draw: Given by hypothesis.
        *shape: The shape.
        dtypes: Floating-point dtypes to choose from.
        failures: Whether NaN and infinities can be among them.
        magnitude: The greatest absolute number, before it is rounded to the dtype.
    """
    dtype = draw(st.sampled_from(list(dtypes)))
    count = math.prod(shape)
    # Numbers by a seed are fewer draws, which hypothesis takes for simpler: so a long tensor can become a short one.
    by_seed = not draw(st.booleans()) or count > SMALL
    values = _by_seed(draw, count, magnitude) if by_seed else _one_by_one(draw, count, magnitude)
    if failures:
        places = draw(st.dictionaries(st.integers(0, max(0, count - 1)), st.sampled_from(FAILURES), max_size=3))
        for place, failure in places.items():
            values[place : place + 1] = failure
    return _laid_out(values.to(dtype).reshape(shape), gaps=draw(st.booleans()))


def _one_by_one(draw: DrawFn, count: int, magnitude: float) -> Tensor:
    one = st.sampled_from(FEW) | st.floats(-magnitude, magnitude)
    return torch.tensor(draw(st.lists(one, min_size=count, max_size=count)), dtype=torch.float64)


def _by_seed(draw: DrawFn, count: int, magnitude: float) -> Tensor:
    """Draw numbers by a seed: normal ones, few different ones, or all equal."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["few", "normal", "equal"]))
    if kind == "normal":
        normal = torch.randn(count, generator=generator, dtype=torch.float64)
        return (normal * min(1.0, magnitude)).round(decimals=3)
    if kind == "few":
        return torch.randint(-3, 4, (count,), generator=generator).double()
    return torch.full((count,), 0.5, dtype=torch.float64)


def _laid_out(values: Tensor, *, gaps: bool) -> Tensor:
    """Return the numbers, in every second place of their memory if there are gaps."""
    if not gaps:
        return values
    wide = values.new_zeros(*values.shape, 2)
    wide[..., 0] = values
    return wide[..., 0]

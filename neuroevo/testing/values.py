"""Values that find faults: sizes, numbers and layouts in memory that operators are seldom tried with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

NON_FINITE = (math.nan, math.inf, -math.inf)

LAYOUTS = ("contiguous", "strided", "offset", "transposed")
"""How a tensor can lie in memory: every second number, behind others, column by column."""

ALL_LAYOUTS = (*LAYOUTS, "expanded", "requires_grad")
"""The same, one row for all rows, and tensors that require a gradient.

Writing into an argument of the last two raises an exception, which hides the fault; and right operators that change the
rows of a clone do not take tensors that require a gradient.
"""

FEW, MANY = 8, 300
"""Rows or genes of most shapes, and at most."""

KINDS = ("zeros", "spread", "ends", "equal rows")
"""What most genes of a batch are."""

PLACES = 4
"""Most genes of a batch that are drawn one by one."""

Shape = tuple[int, ...]
Numbers = SearchStrategy[float] | SearchStrategy[int]


def shapes(*, least: int = 1, length: int | None = None, leading: bool = False) -> SearchStrategy[Shape]:
    """Draw the shape (P, D) of a batch: 1 to 8 mostly, up to 300 rows or genes often enough; shrinks to few of both.

    Args:
        least: Fewest genes.
        length: The number of genes D, if it is fixed.
        leading: Whether there can be any number of leading dimensions in place of P.
    """
    few, many = st.integers(1, FEW), st.integers(FEW + 1, MANY)
    genes = st.integers(least, max(least, FEW)) if length is None else st.just(length)
    short = st.integers(least, least + 2) if length is None else st.just(length)
    long = st.integers(max(least, FEW + 1), max(least, MANY)) if length is None else st.just(length)
    kinds = [st.tuples(few, genes)] * 4 + [st.tuples(st.integers(1, 3), long), st.tuples(many, short)]
    drawn = st.integers(0, len(kinds) - 1).flatmap(kinds.__getitem__)
    return drawn.flatmap(_with_leading) if leading else drawn


def _with_leading(shape: Shape) -> SearchStrategy[Shape]:
    rows, genes = shape
    return st.sampled_from([shape, (genes,), (2, rows, genes), (1, 2, rows, genes)])


def inside(bounds: Tensor, dtype: torch.dtype, *, up: bool) -> Tensor:
    """Return bounds, float64, rounded to numbers of a dtype: up if they are the lowest ones, otherwise down."""
    if not dtype.is_floating_point:
        return bounds.ceil() if up else bounds.floor()
    rounded = bounds.to(dtype)
    outside = rounded.double() < bounds if up else rounded.double() > bounds
    nearest = torch.nextafter(rounded, torch.full_like(rounded, math.inf if up else -math.inf))
    return torch.where(outside, nearest, rounded).double()


def numbers(low: float, high: float, dtype: torch.dtype) -> Numbers:
    """Draw a number of a dtype within bounds that are numbers of the dtype; shrinks to 0 or the nearest."""
    if dtype.is_floating_point:
        # Numbers of bfloat16 are rounded afterwards.
        width = {torch.float64: 64, torch.float16: 16}.get(dtype, 32)
        return st.floats(low, high, width=width)  # type: ignore[arg-type]
    return st.integers(math.ceil(low), math.floor(high))


def extremes(dtype: torch.dtype) -> tuple[float, ...]:
    """Return finite numbers at the ends of a floating point dtype, and the negative zero."""
    facts = torch.finfo(dtype)
    return (facts.max, facts.min, facts.tiny, -0.0, 1 / facts.eps)


@st.composite
def batches(
    draw: DrawFn, shape: Shape, dtype: torch.dtype, low: Tensor, high: Tensor, special: Sequence[float] = ()
) -> Tensor:
    """Draw genomes [..., D] within bounds, from a seed but for a few genes.

    Args:
        draw: Given by hypothesis.
        shape: The shape.
        dtype: Any real dtype.
        low: Lowest numbers of the dtype, float64 [D].
        high: Highest numbers of the dtype, float64 [D].
        special: Other numbers that can be among the genes.
    """
    filled = _filled(draw, draw(st.sampled_from(KINDS)), shape, low, high)
    typed = filled.to(dtype) if dtype.is_floating_point else filled.round().to(dtype)
    batch = torch.minimum(torch.maximum(typed, low.to(dtype)), high.to(dtype))
    flat = batch.view(-1)
    for place in draw(st.sets(st.integers(0, len(flat) - 1), max_size=PLACES)):
        ends = float(low[place % shape[-1]]), float(high[place % shape[-1]])
        flat[place] = draw(numbers(*ends, dtype) | st.sampled_from([*ends, *special]))
    return batch


def _filled(draw: DrawFn, kind: str, shape: Shape, low: Tensor, high: Tensor) -> Tensor:
    if kind == "zeros":
        return torch.zeros(shape, dtype=torch.float64)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    shares = torch.rand(shape, generator=generator, dtype=torch.float64)
    if kind == "ends":
        shares = (3 * shares).floor() / 2
    if kind == "equal rows":
        shares = shares[..., :1, :].expand(shape) if len(shape) > 1 else shares
    return torch.lerp(low, high, shares)


@st.composite
def orders(draw: DrawFn, shape: Shape) -> Tensor:
    """Draw permutations of 0, …, D - 1 as rows, int64 [..., D]; shrinks to rows in order."""
    *rows, length = shape
    if math.prod(shape) <= FEW:
        drawn = [draw(st.permutations(range(length))) for _ in range(math.prod(rows))]
        return torch.tensor(drawn, dtype=torch.int64).reshape(shape)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    return torch.rand(shape, generator=generator, dtype=torch.float64).argsort(-1)


def arranged(batch: Tensor, layout: str) -> Tensor:
    """Return a tensor of the same numbers that lies in memory in one of `ALL_LAYOUTS`.

    For "expanded" all rows are the first one.
    """
    if layout == "strided":
        return torch.stack([batch, batch], -1)[..., 0]
    if layout == "offset":
        return torch.cat([batch.flatten()[:1], batch.flatten()])[1:].view(batch.shape)
    if layout == "transposed":
        return batch.mT.contiguous().mT if batch.dim() > 1 else batch
    if layout == "expanded":
        return batch[..., :1, :].expand(batch.shape) if batch.dim() > 1 else batch
    return batch.requires_grad_(layout == "requires_grad" and batch.is_floating_point())


def laid_out(batch: Tensor, layouts: Sequence[str] = LAYOUTS) -> SearchStrategy[Tensor]:
    """Draw one of the layouts, half of the time the first one."""
    if len(layouts) < 2:
        return st.just(arranged(batch, *layouts))
    chosen = st.booleans().flatmap(lambda other: st.sampled_from(layouts[1:]) if other else st.just(layouts[0]))
    return chosen.map(lambda layout: arranged(batch, layout))

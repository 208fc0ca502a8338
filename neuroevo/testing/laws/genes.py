"""Drawing batches of genomes for the laws of mutation and crossover."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.testing.strategies import genomes

Bounds = tuple[float, float]

WITHIN: Bounds = (-10.0, 10.0)
"""Default bounds of genes."""

DTYPES = (torch.float32, torch.float64)
NON_FINITE = (float("nan"), float("inf"), float("-inf"))
LONG = 24
"""Number of genes at which mutants practically never agree by chance."""


@st.composite
def batches(
    draw: DrawFn,
    *,
    bounds: Bounds | None,
    dtypes: tuple[torch.dtype, ...],
    min_genes: int = 1,
    non_finite: bool = False,
) -> Tensor:
    """Draw genomes [P, D], small ones, for example `tensor([[0.0, 2.5]])`; shrinks to one gene that is 0.

    Args:
        draw: Given by hypothesis.
        bounds: Bounds of the genes; the bounds themselves are drawn often.
        dtypes: One of them is drawn.
        min_genes: Smallest number of genes D.
        non_finite: Whether NaN and infinities can be among the genes.
    """
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(min_genes, max(5, min_genes)))
    low, high = bounds or WITHIN
    dtype = draw(st.sampled_from(dtypes))
    batch = draw(genomes(min_size=rows * columns, max_size=rows * columns, low=low, high=high, dtype=dtype))
    ends = [low, high, *(NON_FINITE if non_finite and dtype.is_floating_point else ())]
    places = draw(st.dictionaries(st.integers(0, rows * columns - 1), st.sampled_from(ends), max_size=3))
    for place, gene in places.items():
        batch[place] = gene
    return batch.reshape(rows, columns)


def copies(rows: int, *, bounds: Bounds | None, dtype: torch.dtype, genes: int = LONG) -> Tensor:
    """Return equal genomes [rows, genes] with genes spread between the bounds."""
    low, high = bounds or WITHIN
    return torch.linspace(low, high, genes).to(dtype).repeat(rows, 1)


def pairs(
    *, bounds: Bounds | None, dtypes: tuple[torch.dtype, ...], min_genes: int = 1, non_finite: bool = False
) -> SearchStrategy[tuple[Tensor, Tensor]]:
    """Draw two batches of genomes of one shape and dtype; for the arguments see `batches`."""
    return batches(bounds=bounds, dtypes=dtypes, min_genes=min_genes, non_finite=non_finite).flatmap(
        lambda first: _mates(first, bounds=bounds, non_finite=non_finite).map(lambda second: (first, second))
    )


@st.composite
def _mates(draw: DrawFn, first: Tensor, *, bounds: Bounds | None, non_finite: bool) -> Tensor:
    low, high = bounds or WITHIN
    size = first.numel()
    second = draw(genomes(min_size=size, max_size=size, low=low, high=high, dtype=first.dtype))
    if non_finite and first.is_floating_point():
        second[draw(st.integers(0, size - 1))] = draw(st.sampled_from(NON_FINITE))
    return second.reshape(first.shape)

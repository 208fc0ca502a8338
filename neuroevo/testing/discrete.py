"""Hypothesis strategies for genomes that are no weight vectors, and for their spaces."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.space import Space


def bit_strings(*, min_size: int = 1, max_size: int = 8) -> SearchStrategy[Tensor]:
    """Draw a bit string, bool [D], for example `tensor([False, True])`; shrinks to few bits that are False.

    Args:
        min_size: Smallest number of bits.
        max_size: Largest number of bits.
    """
    return st.lists(st.booleans(), min_size=min_size, max_size=max_size).map(torch.tensor)


def permutations(*, min_size: int = 2, max_size: int = 8) -> SearchStrategy[Tensor]:
    """Draw a permutation of 0, …, D - 1, int64 [D], for example `tensor([2, 0, 1])`; shrinks to few genes in order.

    Args:
        min_size: Smallest number of genes.
        max_size: Largest number of genes.
    """
    sizes = st.integers(min_size, max_size)
    return sizes.flatmap(lambda size: st.permutations(range(size))).map(torch.tensor)


@st.composite
def discrete_spaces(draw: DrawFn, *, max_size: int = 6) -> Space:
    """Draw a space of bits, integers or permutations, for example `Integers(3, low=-2, high=4)`; shrinks to one bit.

    Args:
        draw: Given by hypothesis.
        max_size: Largest number of genes D.
    """
    size = st.integers(1, max_size)
    low = st.integers(-5, 5)
    bounds = st.tuples(low, st.integers(1, 9)).map(lambda pair: (pair[0], sum(pair)))
    kind = draw(st.sampled_from(["bits", "integers", "named", "permutations"]))
    if kind == "bits":
        return Bits(draw(size))
    if kind == "integers":
        least, greatest = draw(bounds)
        return Integers(draw(size), low=least, high=greatest)
    if kind == "named":
        return Integers.named(**draw(st.dictionaries(st.sampled_from("abcd"), bounds, min_size=1)))
    return Permutations(draw(size) + 1)

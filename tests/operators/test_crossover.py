"""Crossover: children consist of their parents' genes, and nothing else changes."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch import Tensor

from neuroevo.operators.crossover import Pair, blend, one_point, two_point, uniform

Crossover = Callable[..., Pair]

EXCHANGES = [one_point, two_point, uniform, partial(uniform, rate=0.1)]
ALL = [*EXCHANGES, blend, partial(blend, alpha=0.0)]
SHAPES = st.lists(st.integers(1, 4), max_size=2).flatmap(
    lambda lead: st.integers(0, 7).map(lambda length: (*lead, length))
)
SEEDS = st.integers(0, 2**32)
exchanges = pytest.mark.parametrize("crossover", EXCHANGES)
every = pytest.mark.parametrize("crossover", ALL)


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


def parents(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float32) -> Pair:
    """Return two parents of normal genes."""
    both = torch.randn((2, *shape), generator=seeded(seed)).to(dtype)
    return both[0], both[1]


def storages(*tensors: Tensor) -> set[int]:
    """Return where the tensors' memory lies."""
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


@every
@given(SHAPES, SEEDS, st.sampled_from([torch.float32, torch.float64, torch.bfloat16]))
def test_arguments_are_left_alone(crossover: Crossover, shape: tuple[int, ...], seed: int, dtype: torch.dtype) -> None:
    """Children keep shape and dtype, share no storage, and the parents are as they were."""
    first, second = parents(shape, seed, dtype)
    before = first.clone(), second.clone()
    children = crossover(first, second, generator=seeded(seed))
    assert torch.equal(first, before[0])
    assert torch.equal(second, before[1])
    assert {(child.shape, child.dtype) for child in children} == {(first.shape, dtype)}
    if first.numel():
        assert not storages(first, second) & storages(*children)
        assert len(storages(*children)) == 2


@exchanges
@given(SHAPES, SEEDS, st.sampled_from([torch.int64, torch.bool]))
def test_genes_may_have_any_dtype(crossover: Crossover, shape: tuple[int, ...], seed: int, dtype: torch.dtype) -> None:
    """What moves floats moves integers to the same places."""
    zeros, ones = torch.zeros(shape, dtype=dtype), torch.ones(shape, dtype=dtype)
    child, _ = crossover(zeros, ones, generator=seeded(seed))
    expected, _ = crossover(zeros.float(), ones.float(), generator=seeded(seed))
    assert child.dtype == dtype
    assert torch.equal(child.float(), expected)


def runs(crossover: Crossover, length: int, pairs: int = 4000) -> list[tuple[int, ...]]:
    """Return at which positions the first child changes its donor, for many pairs."""
    zeros, ones = torch.zeros(pairs, length), torch.ones(pairs, length)
    child, _ = crossover(zeros, ones, generator=seeded(5))
    assert (child[:, 0] == 0).all()
    return [tuple((row.nonzero().flatten() + 1).tolist()) for row in child.diff() != 0]


def test_one_point_reaches_every_cut_equally() -> None:
    """Each pair has one cut of its own, and the 4 cuts of 5 genes are equally likely."""
    cuts = runs(one_point, 5)
    assert set(cuts) == {(1,), (2,), (3,), (4,)}
    assert chisquare([cuts.count((cut,)) for cut in range(1, 5)]).pvalue > 1e-3


def test_two_point_reaches_every_two_cuts_equally() -> None:
    """Each pair has two cuts of its own, the last behind the genes; all 6 are equally likely."""
    cuts = runs(two_point, 4)
    expected = {(1, 2), (1, 3), (2, 3), (1,), (2,), (3,)}
    assert set(cuts) == expected
    assert chisquare([cuts.count(cut) for cut in sorted(expected)]).pvalue > 1e-3


@pytest.mark.parametrize("crossover", [one_point, two_point])
@pytest.mark.parametrize("length", [0, 1])
def test_too_short_for_a_cut_gives_copies(crossover: Crossover, length: int) -> None:
    """Without a place for a cut the children are copies in their own storage."""
    first, second = parents((3, length), 0)
    children = crossover(first, second, generator=seeded(0))
    assert torch.equal(children[0], first)
    assert torch.equal(children[1], second)


@given(SHAPES, SEEDS)
def test_uniform_at_its_ends(shape: tuple[int, ...], seed: int) -> None:
    """Rate 0 exchanges nothing, rate 1 everything."""
    first, second = parents(shape, seed)
    kept = uniform(first, second, rate=0.0, generator=seeded(seed))
    exchanged = uniform(first, second, rate=1.0, generator=seeded(seed))
    assert torch.equal(torch.stack(kept), torch.stack([first, second]))
    assert torch.equal(torch.stack(exchanged), torch.stack([second, first]))


def test_uniform_exchanges_at_its_rate() -> None:
    """Over many genes the share that is exchanged is the rate."""
    child, _ = uniform(torch.zeros(100, 100), torch.ones(100, 100), rate=0.2, generator=seeded(0))
    assert chisquare([int(child.sum()), int((1 - child).sum())], [2000, 8000]).pvalue > 1e-3


@given(SHAPES, SEEDS, st.floats(0, 3))
def test_blend_stays_within_its_bounds(shape: tuple[int, ...], seed: int, alpha: float) -> None:
    """Children lie in the parents' interval widened by alpha, and keep the parents' sum."""
    pair = torch.stack(parents(shape, seed, torch.float64))
    children = torch.stack(blend(*pair, alpha=alpha, generator=seeded(seed)))
    low, high = pair.amin(0), pair.amax(0)
    margin = alpha * (high - low) + 1e-12
    assert (children >= low - margin).all()
    assert (children <= high + margin).all()
    assert torch.allclose(children.sum(0), pair.sum(0))


@given(SHAPES, SEEDS)
def test_blend_of_equals_changes_nothing(shape: tuple[int, ...], seed: int) -> None:
    """Where the parents agree the children have exactly their genes."""
    first, _ = parents(shape, seed)
    children = blend(first, first.clone(), alpha=2.0, generator=seeded(seed))
    assert torch.equal(torch.stack(children), torch.stack([first, first]))


def test_blend_mixes_each_gene_for_itself() -> None:
    """Proportions differ from gene to gene and fill their interval evenly."""
    child, _ = blend(torch.zeros(50, 80), torch.ones(50, 80), alpha=0.5, generator=seeded(0))
    counts = torch.histc(child, bins=8, min=-0.5, max=1.5)
    assert int(counts.sum()) == child.numel()
    assert chisquare(counts.tolist()).pvalue > 1e-3


@every
def test_parents_must_match(crossover: Crossover) -> None:
    """Parents of two shapes or dtypes, or without a dimension, are refused and described."""
    ones = torch.ones(2, 3)
    for first, second in [
        (ones, ones[0]),
        (ones, ones.double()),
        (torch.tensor(1.0), torch.tensor(1.0)),
    ]:
        with pytest.raises(ValueError, match=r"must have one shape \[\.\.\., D\], dtype and"):
            crossover(first, second, generator=seeded(0))


def test_wrong_settings_are_refused() -> None:
    """A rate outside [0, 1], a negative alpha and a mixture of integers are named."""
    ones = torch.ones(3)
    for rate in (-0.1, 1.5, math.nan):
        with pytest.raises(ValueError, match=r"rate must lie in \[0, 1\], but it is"):
            uniform(ones, ones, rate=rate, generator=seeded(0))
    for alpha in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="alpha must be finite and at least 0, but it is"):
            blend(ones, ones, alpha=alpha, generator=seeded(0))
    with pytest.raises(TypeError, match=r"floating point, but they are torch\.int64"):
        blend(ones.long(), ones.long(), generator=seeded(0))


KINDS = (torch.bool, torch.int8, torch.int64, torch.bfloat16, torch.float32, torch.float64, torch.complex128)


@pytest.mark.parametrize("dtype", KINDS)
def test_exchanged_genes_keep_every_bit(dtype: torch.dtype) -> None:
    """Not a number, zeros with a sign and what is not dense in memory are exchanged as they are."""
    first, second = (torch.randn(9, 6, generator=seeded(seed)).mul(3).to(dtype).T for seed in (0, 1))
    if dtype.is_floating_point:
        first[0, 0], first[1, 1], second[2, 2] = math.nan, -0.0, -math.inf
    children = uniform(first, second, rate=0.5, generator=seeded(5))
    assert {one.dtype for one in children} == {dtype}
    same = torch.stack([_same(children[0], first), _same(children[0], second)])
    assert same.any(0).all()
    assert torch.equal(_same(children[0], first), _same(children[1], second))


def _same(first: Tensor, second: Tensor) -> Tensor:
    """Return which genes are the same, NaN and the signs of zeros included."""
    if first.dtype.is_floating_point:
        equal = (first == second) & (first.signbit() == second.signbit())
        return equal | (first.isnan() & second.isnan())
    return first == second

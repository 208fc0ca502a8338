"""Mutation: which genes change, how much, and that all others keep every bit."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest
from torch import Tensor

from neuroevo.operators.mutation import gaussian, polynomial, uniform
from neuroevo.operators.trials import successes

Mutation = Callable[..., Tensor]

EVERY = [partial(gaussian, sigma=0.5), partial(uniform, low=-1.0, high=2.0)]
DTYPES = st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64])
SHAPES = st.lists(st.integers(1, 4), max_size=2).flatmap(
    lambda lead: st.integers(0, 9).map(lambda length: (*lead, length))
)
SEEDS = st.integers(0, 2**32)
every = pytest.mark.parametrize("mutation", EVERY)


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


@every
@given(SHAPES, SEEDS, DTYPES, st.sampled_from([0.0, 0.3, 1.0]))
def test_arguments_are_left_alone(
    mutation: Mutation, shape: tuple[int, ...], seed: int, dtype: torch.dtype, rate: float
) -> None:
    """Mutants keep shape and dtype, share no storage, repeat by seed; genomes are as before."""
    genomes = torch.randn(shape, generator=seeded(seed)).to(dtype)
    before = genomes.clone()
    mutants = mutation(genomes, rate=rate, generator=seeded(seed))
    assert torch.equal(genomes, before)
    assert (mutants.shape, mutants.dtype) == (genomes.shape, dtype)
    assert torch.equal(mutants, mutation(genomes, rate=rate, generator=seeded(seed)))
    if genomes.numel():
        assert mutants.untyped_storage().data_ptr() != genomes.untyped_storage().data_ptr()


@every
@given(SEEDS, st.floats(0, 1))
def test_only_drawn_genes_change(mutation: Mutation, seed: int, rate: float) -> None:
    """The genes that trials at the rate name are new, all others keep every bit."""
    genomes = torch.full((7, 9), math.nan)
    genomes[:, ::2] = 3.0
    chosen = torch.zeros(63, dtype=torch.bool)
    chosen[successes(63, rate, seeded(seed))] = True
    mutants = mutation(genomes, rate=rate, generator=seeded(seed))
    kept = ~chosen.view(7, 9) if rate < 1 else torch.zeros(7, 9, dtype=torch.bool)
    assert torch.equal(mutants.view(torch.int32)[kept], genomes.view(torch.int32)[kept])
    assert (mutants != genomes)[~kept].all()


def test_each_gene_has_its_own_step() -> None:
    """A step size for each gene goes to that gene, at any rate and in any number of dimensions."""
    sizes = torch.tensor([0.0, 1.0, 1000.0])
    for shape in [(3,), (4, 3), (2, 500, 3)]:
        for rate in (0.3, 0.7, 1.0):
            steps = gaussian(torch.zeros(shape), sigma=sizes, rate=rate, generator=seeded(3)).abs()
            assert (steps[..., 0] == 0).all()
            assert steps[..., 1].max() < 6
    assert steps[..., 2].max() > 100


def test_polynomial_bounds_belong_to_their_genes() -> None:
    """Each gene stays within bounds of its own when few of them mutate."""
    low, high = torch.tensor([0.0, 100.0, -5.0]), torch.tensor([1.0, 101.0, -4.0])
    genomes = ((low + high) / 2).expand(200, 3)
    mutants = polynomial(genomes, low=low, high=high, eta=0.0, rate=0.3, generator=seeded(0))
    assert ((mutants >= low) & (mutants <= high)).all()
    assert ((mutants != genomes).any(0)).all()


@every
@pytest.mark.parametrize("rate", [0.2, 0.95])
def test_genes_mutate_at_the_rate(mutation: Mutation, rate: float) -> None:
    """Over many genes the share that changes is the rate, alike in every row."""
    genomes = torch.full((100, 100), 5.0)
    changed = mutation(genomes, rate=rate, generator=seeded(0)) != genomes
    counts = [int(changed.sum()), int((~changed).sum())]
    assert chisquare(counts, [1e4 * rate, 1e4 - 1e4 * rate]).pvalue > 1e-3
    assert len({tuple(row) for row in changed.tolist()}) == 100


def test_gaussian_noise_is_normal() -> None:
    """The noise has mean 0 and the given standard deviation by a Kolmogorov-Smirnov test."""
    genomes = torch.full((40, 100), 3.0, dtype=torch.float64)
    noise = (gaussian(genomes, sigma=0.25, generator=seeded(1)) - genomes).flatten()
    assert kstest(noise.numpy() / 0.25, "norm").pvalue > 1e-3


@given(SHAPES, SEEDS)
def test_no_noise_changes_nothing(shape: tuple[int, ...], seed: int) -> None:
    """With sigma 0 mutants equal their genomes."""
    genomes = torch.randn(shape, generator=seeded(seed))
    assert torch.equal(gaussian(genomes, sigma=0.0, generator=seeded(seed)), genomes)


@given(
    SEEDS,
    DTYPES,
    st.sampled_from([(0.0, 1.0), (-1.0, 2.0), (0.1, 0.11), (-3e4, 6e4), (1.0, 1.0625)]),
)
def test_uniform_draws_stay_below_the_end(seed: int, dtype: torch.dtype, interval: tuple[float, float]) -> None:
    """Draws lie in [low, high) as rounded to the dtype, also where few numbers fit in it."""
    low, high = interval
    draws = uniform(torch.zeros(400, dtype=dtype), low=low, high=high, generator=seeded(seed))
    ends = torch.tensor([low, high], dtype=dtype)
    assert (draws >= ends[0]).all()
    assert (draws < ends[1]).all()


def test_uniform_draws_fill_the_interval_evenly() -> None:
    """The draws are uniform by a Kolmogorov-Smirnov test."""
    draws = uniform(torch.zeros(4000), low=-1.0, high=3.0, generator=seeded(2))
    assert kstest(draws.numpy(), "uniform", args=(-1, 4)).pvalue > 1e-3


def test_uniform_draws_are_even_on_a_coarse_grid() -> None:
    """Where 8 numbers of the dtype fit into the interval, all are equally likely."""
    genomes = torch.zeros(16000, dtype=torch.bfloat16)
    draws = uniform(genomes, low=1.0, high=1.0625, generator=seeded(0))
    counts = draws.unique(return_counts=True)[1].tolist()
    assert len(counts) == 8
    assert chisquare(counts).pvalue > 1e-3


def test_uniform_heals_what_is_not_finite() -> None:
    """Replaced genes are finite whatever was there before."""
    genomes = torch.tensor([math.nan, math.inf, -math.inf])
    assert uniform(genomes, low=0.0, high=1.0, generator=seeded(0)).isfinite().all()


@every
def test_wrong_arguments_are_refused(mutation: Mutation) -> None:
    """A rate outside [0, 1] and genomes of integers are named."""
    for rate in (-0.1, 1.5, math.nan):
        with pytest.raises(ValueError, match=r"rate must lie in \[0, 1\], but it is"):
            mutation(torch.ones(2), rate=rate, generator=seeded(0))
    with pytest.raises(TypeError, match=r"floating point, but they are torch\.int64"):
        mutation(torch.ones(2, dtype=torch.int64), generator=seeded(0))


def test_wrong_settings_are_refused() -> None:
    """Noise without a size and an interval without a number in it are named."""
    for sigma in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="sigma must be finite and at least 0, but it is"):
            gaussian(torch.ones(2), sigma=sigma, generator=seeded(0))
    for low, high in [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf), (1, 1 + 1e-12)]:
        with pytest.raises(ValueError, match="low must be below high and both finite in"):
            uniform(torch.ones(2), low=low, high=high, generator=seeded(0))

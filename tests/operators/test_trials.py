"""Trials: each succeeds with its probability and independently, however they are drawn."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from neuroevo.operators.trials import DENSE, happens, successes

SEEDS = st.integers(0, 2**32)
RATES = st.floats(0, 1) | st.sampled_from([1e-320, 1e-12, 0.01, math.nextafter(DENSE, 0), DENSE, math.nextafter(1, 0)])


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


@given(st.integers(0, 500), RATES, SEEDS)
def test_successes_are_numbers_of_trials(count: int, rate: float, seed: int) -> None:
    """They rise, lie in the range, repeat by seed, and are what the mask says."""
    found = successes(count, rate, seeded(seed))
    assert found.dtype == torch.int64
    assert (found.diff() > 0).all()
    assert ((found >= 0) & (found < count)).all()
    assert torch.equal(found, successes(count, rate, seeded(seed)))
    assert torch.equal(happens((count,), rate, seeded(seed)).nonzero().squeeze(-1), found)


@given(st.integers(0, 50), SEEDS)
def test_certain_and_impossible_trials(count: int, seed: int) -> None:
    """At rate 1 all succeed, at rate 0 none does."""
    assert successes(count, 1.0, seeded(seed)).tolist() == list(range(count))
    assert not len(successes(count, 0.0, seeded(seed)))


@pytest.mark.parametrize("rate", [0.002, 0.05, 0.39, 0.41, 0.9])
def test_the_number_of_successes_is_binomial(rate: float) -> None:
    """Over 400 draws of 200 trials, by a chi-square test against the quartiles of the distribution."""
    generator = seeded(7)
    counts = torch.tensor([len(successes(200, rate, generator)) for _ in range(400)])
    edges = sorted({int(binom.ppf(share, 200, rate)) for share in (0.25, 0.5, 0.75)})
    shares = torch.tensor([0.0, *binom.cdf(edges, 200, rate), 1.0]).diff()
    bins = torch.bucketize(counts, torch.tensor(edges))
    found = bins.bincount(minlength=len(shares)).tolist()
    assert chisquare(found, (400 * shares / shares.sum()).tolist()).pvalue > 1e-3


@pytest.mark.parametrize("rate", [0.1, 0.39, 0.6])
def test_every_trial_has_the_same_chance(rate: float) -> None:
    """First, middle and last trials succeed equally often, and neighbours are independent."""
    generator = seeded(1)
    masks = torch.stack([happens((12,), rate, generator) for _ in range(3000)]).double()
    assert chisquare(masks.sum(0).tolist()).pvalue > 1e-3
    correlations = torch.corrcoef(masks.T) - torch.eye(12)
    assert correlations.abs().max() < 5 / math.sqrt(3000)


def test_few_draws_are_taken_where_few_succeed() -> None:
    """What follows in the generator is nearer than the number of trials: the cost is that of the successes."""
    generator = seeded(0)
    successes(10**6, 1e-4, generator)
    after = torch.rand(1, generator=generator, dtype=torch.float64)
    assert after in torch.rand(200, generator=seeded(0), dtype=torch.float64)

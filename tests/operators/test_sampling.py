"""Samples around means."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.operators.sampling import mirrored, normal

all_samplings = pytest.mark.parametrize("sample", [normal, mirrored])


def draw(sample: Callable[..., Tensor], mean: Tensor, sigma: Tensor | float, count: int, seed: int = 0) -> Tensor:
    """Return a sample of a seed."""
    return sample(mean, sigma, count=count, generator=torch.Generator().manual_seed(seed))


@all_samplings
@given(size=st.integers(1, 5), count=st.integers(0, 6), seed=st.integers(0, 2**32), dtype=st.sampled_from(["32", "64"]))
def test_samples(sample: Callable[..., Tensor], size: int, count: int, seed: int, dtype: str) -> None:
    """They have the mean's dtype, are the same for the same seed, and are the means where nothing varies."""
    mean = torch.arange(size, dtype=getattr(torch, f"float{dtype}"))
    first, again = (draw(sample, mean, 0.5, count, seed) for _ in range(2))
    assert first.shape == (count, size)
    assert first.dtype == mean.dtype
    assert torch.equal(first, again)
    assert torch.equal(draw(sample, mean, 0.0, count, seed), mean.expand(count, size))


@all_samplings
def test_a_batch_of_means(sample: Callable[..., Tensor]) -> None:
    """Each mean gets a sample of its own, in the units of its own genes."""
    means, sigmas = torch.tensor([[0.0, 100.0], [50.0, -50.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    found = draw(sample, means, sigmas, 8)
    assert found.shape == (2, 8, 2)
    varies = found.std(1) > 0
    assert torch.equal(varies, sigmas > 0)


def test_moments() -> None:
    """Many draws have the mean and the standard deviations that were asked for."""
    mean, sigma = torch.tensor([1.0, -2.0], dtype=torch.float64), torch.tensor([0.5, 3.0], dtype=torch.float64)
    found = draw(normal, mean, sigma, 20_000)
    torch.testing.assert_close(found.mean(0), mean, rtol=0, atol=0.1)
    torch.testing.assert_close(found.std(0), sigma, rtol=0.05, atol=0)


@given(count=st.integers(1, 7), seed=st.integers(0, 2**32))
def test_mirrored_pairs(count: int, seed: int) -> None:
    """Each one of the second half lies opposite to its partner of the first."""
    found = draw(mirrored, torch.zeros(3, dtype=torch.float64), 1.0, count, seed)
    half = (count + 1) // 2
    assert torch.equal(found[half:], -found[: count // 2])

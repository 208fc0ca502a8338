"""Low-rank noise: what its numbers are, what they sum up to, and when they are those of a dense strategy."""

import math

import pytest
import torch
from torch import Tensor

from neuroevo.low_rank import Factors, LowRankNoise
from neuroevo.space import Block, Space

SHAPES = {"matrix": (4, 6), "kernel": (3, 2, 2, 1), "row": (1, 5), "vector": (3,), "number": ()}
SPACE = Space(
    tuple(Block(name=name, shape=shape) for name, shape in SHAPES.items()),
    torch.zeros(sum(math.prod(shape) for shape in SHAPES.values())),
)
RANKS = (1, 2, 3, 4, 9)
SEEDS = range(0, 40_000, 2)


def dense(noise: LowRankNoise, seeds: list[int], sigma: Tensor | None = None) -> Tensor:
    """Return the noises of seeds, [P, D]."""
    sizes = torch.ones(len(SHAPES)) if sigma is None else sigma
    parts = noise.split(noise.draws(seeds), noise.scales(seeds, sizes))
    made = [one.left @ one.right.mT if isinstance(one, Factors) else one for one in parts.values()]
    return torch.cat([one.reshape(len(seeds), -1) for one in made], 1)


@pytest.mark.parametrize("rank", RANKS)
def test_noise_is_uncorrelated_with_variance_1(rank: int) -> None:
    """Its covariance is that of a dense strategy at every rank: within five standard errors, of fixed seeds."""
    drawn = dense(LowRankNoise(SPACE, rank), [*SEEDS])
    covariance = drawn.mT @ drawn / len(SEEDS)
    # The variance of a product of two numbers is at most that of the square of a product of two normal ones, 8.
    error = (covariance - torch.eye(SPACE.size)).abs()
    assert float(error.max()) < 5 * math.sqrt(8 / len(SEEDS))
    assert float(drawn.mean(0).abs().max()) < 5 / math.sqrt(len(SEEDS))


@pytest.mark.parametrize("rank", RANKS)
def test_noise_of_full_rank_is_normal(rank: int) -> None:
    """Where the rank is that of the matrix, the fourth moment is 3, and else 3 + 6 / r; vectors are always normal."""
    fourth = dense(LowRankNoise(SPACE, rank), [*SEEDS]).pow(4).mean(0)
    for name, moment in SPACE.split(fourth).items():
        shape = SHAPES[name]
        full = len(shape) < 2 or rank >= min(shape[0], math.prod(shape[1:]))
        assert float(moment.mean()) == pytest.approx(3 if full else 3 + 6 / rank, rel=0.1), name


@pytest.mark.parametrize("rank", RANKS)
def test_matrices_have_their_rank(rank: int) -> None:
    """No noise on a matrix has more."""
    parts = LowRankNoise(SPACE, rank).split(LowRankNoise(SPACE, rank).draws([8]), torch.ones(1, len(SHAPES)))
    for name, (rows, columns) in {"matrix": (4, 6), "kernel": (3, 4), "row": (1, 5)}.items():
        factors = parts[name]
        assert isinstance(factors, Factors)
        made = (factors.left @ factors.right.mT)[0]
        assert made.shape == (rows, columns)
        assert int(torch.linalg.matrix_rank(made)) == min(rank, rows, columns)


@pytest.mark.parametrize("rank", RANKS)
def test_weighted_sums(rank: int) -> None:
    """The sum without noises [P, D] is that with them; mirrored seeds count with their signs, in any order."""
    noise = LowRankNoise(SPACE, rank, frozenset({"kernel"}))
    generator = torch.Generator().manual_seed(rank)
    seeds = torch.randint(400, (300,), generator=generator).tolist()
    weights = torch.randn(len(seeds), generator=generator)
    torch.testing.assert_close(noise.weighted(seeds, weights), weights @ dense(noise, seeds), rtol=1e-4, atol=1e-4)


def test_odd_seeds_mirror_even_ones() -> None:
    """Exactly, beside each other or not."""
    noise = LowRankNoise(SPACE, 2)
    rows = dense(noise, [6, 7, 4, 6, 5])
    assert torch.equal(rows[1], -rows[0])
    assert torch.equal(rows[4], -rows[2])
    assert torch.equal(rows[3], rows[0])
    assert not torch.equal(rows[2], rows[0])


def test_scales_are_those_of_blocks() -> None:
    """Each block has a standard deviation of its own."""
    sigma = torch.tensor([0.5, 1.0, 2.0, 0.0, 3.0])
    scaled, plain = dense(LowRankNoise(SPACE, 2), [2, 3], sigma), dense(LowRankNoise(SPACE, 2), [2, 3])
    sizes = torch.tensor([block.size for block in SPACE.blocks])
    torch.testing.assert_close(scaled, plain * sigma.repeat_interleave(sizes))


def test_a_rank_is_at_least_1() -> None:
    """Noise of the rank 0 would be none."""
    with pytest.raises(ValueError, match="rank must be at least 1, but it is 0"):
        LowRankNoise(SPACE, 0)


def test_a_standard_deviation_for_each_gene() -> None:
    """One number where all blocks have the same, else that of the block."""
    noise = LowRankNoise(SPACE)
    assert noise.of_genes(torch.full((5,), 0.5)).tolist() == 0.5
    sizes = torch.tensor([block.size for block in SPACE.blocks])
    assert torch.equal(noise.of_genes(torch.arange(5.0)), torch.arange(5.0).repeat_interleave(sizes))

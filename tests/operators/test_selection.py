"""Selection: what takes part and wins how often, and that failures never beat a number."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch import Tensor

from neuroevo.operators.selection import group_tournament, roulette, sharpen, tournament

SCORES = st.integers(-3, 3).map(float) | st.sampled_from([math.nan, math.inf, -math.inf])
POPULATIONS = st.lists(SCORES, min_size=1, max_size=17).map(torch.tensor)
SEEDS = st.integers(0, 2**32)


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


def ranked(fitness: Tensor) -> Tensor:
    """Return the fitness with failures as -inf, which is how it is to be compared."""
    return torch.where(fitness.isfinite(), fitness, -math.inf)


@given(POPULATIONS, st.integers(1, 20), SEEDS)
def test_group_tournament_has_one_winner_for_each_group(fitness: Tensor, size: int, seed: int) -> None:
    """There are ceil(P / size) winners, no two alike, the best one among them."""
    before = fitness.clone()
    winners = group_tournament(fitness, size=size, generator=seeded(seed))
    assert winners.shape == (math.ceil(len(fitness) / size),)
    assert winners.dtype == torch.int64
    assert len(winners.unique()) == len(winners)
    assert ranked(fitness)[winners].max() == ranked(fitness).max()
    assert torch.equal(winners, group_tournament(fitness, size=size, generator=seeded(seed)))
    assert torch.equal(fitness.nan_to_num(7), before.nan_to_num(7))


@given(POPULATIONS, SEEDS)
def test_groups_of_one_are_a_permutation(fitness: Tensor, seed: int) -> None:
    """With groups of one each individual wins once: it takes part exactly once."""
    winners = group_tournament(fitness, size=1, generator=seeded(seed))
    assert winners.sort().values.tolist() == list(range(len(fitness)))


@given(POPULATIONS, SEEDS, st.integers(0, 5))
def test_one_group_is_won_by_the_first_best(fitness: Tensor, seed: int, more: int) -> None:
    """A group of all has the best as winner, the one with the smallest index among equals."""
    winner = group_tournament(fitness, size=len(fitness) + more, generator=seeded(seed))
    scores = ranked(fitness).tolist()
    assert winner.tolist() == [scores.index(max(scores))]


def test_ties_in_large_populations_go_to_the_smallest_index() -> None:
    """Also where an unstable sort would reorder equals."""
    fitness = torch.zeros(5000).index_fill_(0, torch.arange(7, 5000, 3), 1.0)
    assert group_tournament(fitness, size=5000, generator=seeded(0)).tolist() == [7]
    assert tournament(fitness, k=1, size=200_000, generator=seeded(0)).tolist() == [7]


@given(st.integers(1, 15), st.integers(1, 5), SEEDS)
def test_winners_split_the_population_into_groups(population: int, size: int, seed: int) -> None:
    """Winners of distinct fitness each stand above the `size - 1` others of their full group."""
    fitness = torch.arange(float(population))
    winners = group_tournament(fitness, size=size, generator=seeded(seed)).sort().values
    full = winners[len(winners) - population // size :]
    # The w-th worst full winner ranks above w full groups except for its own place.
    assert all(place >= (w + 1) * size - 1 for w, place in enumerate(full.tolist()))


def test_group_tournament_pairs_all_partners_equally_often() -> None:
    """In pairs out of 4, the second worst wins when it meets the worst: in a third of cases."""
    fitness = torch.arange(4.0).expand(6000, 4)
    winners = group_tournament(fitness, size=2, generator=seeded(0))
    wins = torch.bincount(winners.flatten(), minlength=4).tolist()
    assert wins[0] == 0
    assert wins[3] == 6000
    assert chisquare(wins[1:3], [2000, 4000]).pvalue > 1e-3


@given(st.data(), POPULATIONS, SEEDS)
def test_failures_never_beat_a_number(data: st.DataObject, fitness: Tensor, seed: int) -> None:
    """A failure wins only among failures: in no more groups than failures can fill."""
    size = data.draw(st.integers(1, len(fitness)))
    failed = ~fitness.isfinite()
    winners = group_tournament(fitness, size=size, generator=seeded(seed))
    short = int(len(fitness) % size > 0)
    assert int(failed[winners].sum()) <= int(failed.sum()) // size + short
    chosen = tournament(fitness, k=5, size=200, generator=seeded(seed))
    assert bool(failed.all()) or not failed[chosen].any()


@given(POPULATIONS, st.integers(0, 6), st.integers(1, 5), SEEDS)
def test_tournament_is_the_best_of_its_draws(fitness: Tensor, k: int, size: int, seed: int) -> None:
    """Each winner is the first best of `size` indices drawn from the same generator."""
    winners = tournament(fitness, k=k, size=size, generator=seeded(seed))
    draws = torch.randint(len(fitness), (k * size,), generator=seeded(seed)).view(k, size)
    scores = ranked(fitness).tolist()
    expected = [min(row, key=lambda i: (-scores[i], i)) for row in draws.tolist()]
    assert winners.tolist() == expected
    assert winners.dtype == torch.int64


@pytest.mark.parametrize("dtype", [torch.float16, torch.int64, torch.bool])
def test_fitness_may_have_any_real_dtype(dtype: torch.dtype) -> None:
    """Integers, as ranks are, and low precision select as doubles do."""
    fitness = torch.tensor([0, 1, 1, 0], dtype=dtype)
    for size in (2, 4):
        one = group_tournament(fitness, size=size, generator=seeded(1))
        assert torch.equal(one, group_tournament(fitness.double(), size=size, generator=seeded(1)))


@pytest.mark.parametrize("lead", [(), (1,), (3,), (2, 3), (0,)])
def test_leading_dimensions_are_populations_of_their_own(lead: tuple[int, ...]) -> None:
    """Winners keep the leading shape, belong to their population, and populations differ."""
    fitness = torch.rand((*lead, 9), generator=seeded(0))
    groups = group_tournament(fitness, size=4, generator=seeded(1))
    draws = tournament(fitness, k=5, size=2, generator=seeded(1))
    spins = roulette(fitness, k=6, generator=seeded(1))
    assert [tuple(each.shape) for each in (groups, draws, spins)] == [
        (*lead, 3),
        (*lead, 5),
        (*lead, 6),
    ]
    best = fitness.amax(-1)
    assert torch.equal(fitness.gather(-1, groups).amax(-1), best)
    if lead == (3,):
        assert len({tuple(row) for row in spins.tolist()}) == 3


def test_roulette_follows_the_weights() -> None:
    """With a fixed seed the counts fit the weights by a chi-square test; weight 0 is never drawn."""
    weights = torch.tensor([3.0, 0.0, 1.0, 0.5, 0.0])
    counts = torch.bincount(roulette(weights, k=9000, generator=seeded(3)), minlength=5).tolist()
    assert counts[1] == counts[4] == 0
    assert chisquare([counts[0], *counts[2:4]], [6000, 2000, 1000]).pvalue > 1e-3


@given(
    st.lists(st.sampled_from([0.0, 5e-324, 1e-30, 1.0, 1e30, 1.7e308]), min_size=1, max_size=9),
    SEEDS,
)
def test_roulette_draws_positive_weights_only(weights: list[float], seed: int) -> None:
    """From the least number to the largest, what is drawn has a weight and is in range."""
    shares = torch.tensor(weights, dtype=torch.float64)
    if not shares.any():
        with pytest.raises(ValueError, match="not all 0"):
            roulette(shares, k=1, generator=seeded(seed))
        return
    chosen = roulette(shares, k=50, generator=seeded(seed))
    assert (shares[chosen] > 0).all()
    assert torch.equal(chosen, roulette(shares, k=50, generator=seeded(seed)))


@given(POPULATIONS, st.sampled_from([1e-300, 0.125, 1.0, 1e300]))
def test_sharpen_is_the_softmax_of_the_finite_scores(scores: Tensor, temperature: float) -> None:
    """Finite scores get their softmax, others 0; without a finite one all weights are 0."""
    weights = sharpen(scores, temperature=temperature)
    finite = scores.isfinite()
    assert weights.dtype == scores.dtype
    assert (weights[~finite] == 0).all()
    if finite.any():
        known = scores[finite].double()
        softmax = ((known - known.max()) / temperature).softmax(-1)
        assert torch.allclose(weights[finite].double(), softmax, atol=1e-6)
        assert float(weights.sum()) == pytest.approx(1)


def test_sharpen_makes_a_factor_e_per_temperature() -> None:
    """Scores one temperature apart differ by the factor e, in every population of the batch."""
    weights = sharpen(torch.tensor([[0.5, 0.625], [0.375, 0.25]]), temperature=0.125)
    ratios = weights.amax(-1) / weights.amin(-1)
    assert ratios.tolist() == pytest.approx([math.e, math.e], rel=1e-5)
    assert weights.argmax(-1).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("weights", "k"),
    [([1.0, -0.1], 1), ([math.nan, 1.0], 1), ([math.inf], 1), ([[1.0], [0.0]], 1), ([1.0], -1)],
)
def test_roulette_refuses_what_is_no_wheel(weights: list[float], k: int) -> None:
    """Weights below 0, not finite or all 0, and a negative number of draws, are refused."""
    with pytest.raises(ValueError, match=r"^(weights|k) must be .* but (they are|it is) .*\.$"):
        roulette(torch.tensor(weights), k=k, generator=seeded(0))


def test_wrong_arguments_are_refused() -> None:
    """Sizes below 1, empty populations and temperatures not above 0 are named."""
    fitness, generator = torch.ones(3), seeded(0)
    with pytest.raises(ValueError, match="size must be at least 1, but it is 0"):
        group_tournament(fitness, size=0, generator=generator)
    with pytest.raises(ValueError, match="size must be at least 1"):
        tournament(fitness, k=1, size=0, generator=generator)
    with pytest.raises(ValueError, match=r"\[\.\.\., P\] with P at least 1, but it has \[0\]"):
        group_tournament(torch.ones(0), size=1, generator=generator)
    with pytest.raises(ValueError, match="P at least 1"):
        tournament(torch.tensor(1.0), k=1, size=1, generator=generator)
    with pytest.raises(TypeError, match=r"floating point, but they are torch\.int64"):
        sharpen(torch.ones(2, dtype=torch.int64), temperature=1.0)
    for temperature in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="temperature must be finite and above 0"):
            sharpen(fitness, temperature=temperature)

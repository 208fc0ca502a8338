"""Random streams: equal paths draw the same, different ones differ, and the values never change."""

import zlib

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from neuroevo.seeds import seed_of, stream

NUMBERS = st.integers(0, 3) | st.integers(2**32 - 2, 2**32 + 2) | st.integers(0, 2**64 - 1)
PARTS = NUMBERS | st.text(max_size=8)
PATHS = st.tuples(NUMBERS, st.lists(PARTS, max_size=4)).map(lambda pair: (pair[0], *pair[1]))


@given(PATHS)
def test_a_seed_has_64_bits_and_repeats(path: tuple[int, ...]) -> None:
    """A path has one seed, in the range of 64 bits, which starts its stream."""
    seed = seed_of(*path)
    assert 0 <= seed < 2**64
    assert seed == seed_of(*path)
    assert stream(*path).initial_seed() == seed


@given(PATHS, PATHS)
@example((5 + 2**32,), (5, 0))
@example((5 + 2**32,), (5,))
@example((1, 2**32), (1, 0))
@example((1, 2**32), (1, 0, 1))
@example((0,), (0, 0))
@example((0, 0), (0, 0, 0))
@example((0, 1, 2), (0, 2, 1))
@example((1, 0), (0, 1))
@example((0, "life"), (0, zlib.crc32(b"life")))
@example((0, ""), (0, 0))
@example((0, "1"), (0, 1))
@example((0, "a", "b"), (0, "ab"))
@example((0, "a", 0), (0, 0, "a"))
def test_different_paths_have_different_seeds(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """No two paths meet: not by order, length, zeros, large numbers or words that look like numbers."""
    assert (seed_of(*first) == seed_of(*second)) == (first == second)


def test_the_streams_of_a_run_are_all_different() -> None:
    """Over seeds, generations, slots and purposes no two streams start alike."""
    purposes = ("life", "critic", "tournament")
    paths = [(s, g, slot, word) for s in range(8) for g in range(8) for slot in range(8) for word in purposes]
    assert len({seed_of(*path) for path in paths}) == len(paths)


def test_streams_draw_alike_and_apart() -> None:
    """Two streams of one path draw the same numbers, each from its own state; another path draws others."""
    first, second = stream(3, 1, "life"), stream(3, 1, "life")
    draws = torch.rand(100, generator=first)
    assert torch.equal(draws, torch.rand(100, generator=second))
    assert not torch.equal(draws, torch.rand(100, generator=first))
    assert not torch.isclose(draws, torch.rand(100, generator=stream(3, 2, "life"))).any()
    assert first.device.type == "cpu"


def test_streams_of_neighbouring_seeds_are_uniform_together() -> None:
    """The first draws over 4000 seeds have the mean and the variance of a uniform variable."""
    draws = torch.cat([torch.rand(1, generator=stream(seed, "life")) for seed in range(4000)]).double()
    assert abs(draws.mean() - 1 / 2) < 4 * (1 / 12 / 4000) ** 0.5
    assert abs(draws.var() - 1 / 12) < 4 * (1 / 180 / 4000) ** 0.5


@pytest.mark.parametrize(
    ("path", "seed"),
    [
        ((0,), 15793235383387715774),
        ((1, "operators"), 16923541010051235763),
        ((7, 3, 0, "life"), 7983691045798524300),
        ((2**40, 2**33, "task"), 11083193445075675355),
    ],
)
def test_the_seeds_are_pinned(path: tuple[int, ...], seed: int) -> None:
    """Runs of earlier versions can be repeated: a path keeps its seed."""
    assert seed_of(*path) == seed


@pytest.mark.parametrize("path", [(-1,), (0, -1), (0, "life", -3), (2**64,), (0, 2**64)])
def test_numbers_outside_the_range_are_refused(path: tuple[int, ...]) -> None:
    """A seed or a number of the path that is negative or too large is named in one sentence."""
    with pytest.raises(ValueError, match=r"^a seed and its path must lie in \[0, 2\^64\), but they are .*\.$"):
        seed_of(*path)
    with pytest.raises(ValueError, match="must lie in"):
        stream(*path)

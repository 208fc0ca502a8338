"""Spaces of bits, integers and permutations: what is drawn lies in them, and what does not is refused."""

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.signatures import describe
from neuroevo.space import Space
from neuroevo.testing.laws import chance
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import discrete_spaces, seeds

MANY = 6000


@given(space=discrete_spaces(), seed=seeds(), count=st.integers(0, 4))
def test_what_is_drawn_lies_in_the_space(space: Space, seed: int, count: int) -> None:
    """Samples and beginnings are genomes of the space, like its start; clipping leaves them alone."""
    for genomes in (
        space.sample(count, generator=seeded(seed)),
        space.begin(generator=seeded(seed)).unsqueeze(0),
        space.start.unsqueeze(0),
    ):
        assert genomes.dtype == space.start.dtype
        assert genomes.shape[1:] == (space.size,)
        assert torch.equal(space.clip(genomes), genomes)
        assert bool(((genomes >= space.low) & (genomes <= space.high)).all())
        assert torch.equal(space.join(space.split(genomes)), genomes)


@given(space=discrete_spaces())
def test_pickles_are_like_the_original(space: Space) -> None:
    """Workers get the same space."""
    copy = pickle.loads(pickle.dumps(space))
    assert type(copy) is type(space)
    assert describe(copy) == describe(space)
    assert torch.equal(copy.sample(3, generator=seeded(0)), space.sample(3, generator=seeded(0)))


def test_kinds_and_bounds_distinguish_spaces() -> None:
    """A run is not resumed in another space."""
    spaces = [Bits(3), Permutations(3), Integers(3, low=0, high=1), Integers(3, low=0, high=2), Space.box(3)]
    assert len({str(describe(space)) for space in spaces}) == len(spaces)


@pytest.mark.parametrize("space", [Integers(1, low=-2, high=3), Permutations(3)], ids=["integers", "permutations"])
def test_all_genomes_are_equally_likely(space: Space) -> None:
    """Each of the six, integers up to both bounds."""
    counts = space.sample(MANY, generator=seeded(1)).unique(dim=0, return_counts=True)[1].tolist()
    assert len(counts) == 6
    assert all(chance.fits(count, MANY, 1 / 6) for count in counts)


def test_named_integers_have_names_and_bounds_of_their_own() -> None:
    """`split` gives them by name."""
    space = Integers.named(layers=(1, 4), width=(8, 256))
    assert (space.low.tolist(), space.high.tolist()) == ([1, 8], [4, 256])
    parts = space.split(torch.tensor([[2, 100]]))
    assert {name: part.tolist() for name, part in parts.items()} == {"layers": [2], "width": [100]}
    assert space.clip(torch.tensor([0, 999])).tolist() == [1, 256]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Bits(0), "size, the number of genes D, must be at least 1, but it is 0."),
        (lambda: Permutations(1), "size, the number of genes D, must be at least 2, but it is 1."),
        (lambda: Integers(2, low=1, high=1), "the bounds of x must be a lower and a higher one, but they are 1 and 1."),
        (lambda: Integers(2, low=0, high=0.5), "the bounds of x must be integers, but they are 0 and 0.5."),
        (
            lambda: Integers(1, low=0, high=2**60),
            "the bounds of x must lie within -2^53 and 2^53, but they are 0 and",
        ),
        (lambda: Integers.named(), "blocks must be at least one, each with a name of its own, but they are []."),
        (lambda: Bits(2).clip(torch.zeros(2)), "genomes must be torch.bool in a space of bits, but they are torch.flo"),
        (
            lambda: Permutations(3).clip(torch.tensor([[0, 1, 2], [1, 1, 2]])),
            "genomes must be permutations of 0 to 2, but an operator returned others; register one that keeps ",
        ),
    ],
)
def test_what_can_not_be_is_refused(make: object, sentence: str) -> None:
    """In one sentence."""
    with pytest.raises((ValueError, TypeError)) as caught:
        make()  # type: ignore[operator]
    assert str(caught.value).startswith(sentence)

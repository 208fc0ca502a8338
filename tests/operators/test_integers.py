"""Mutation of integers: how draws are distributed, and what is refused."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.operators import bits, integers
from neuroevo.testing.laws import chance
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import seeds

MANY = 6000


def test_every_value_is_equally_likely() -> None:
    """Both bounds among them."""
    drawn = integers.reset(torch.zeros(MANY, 1, dtype=torch.int64), low=-2, high=3, generator=seeded(0))
    values, counts = drawn.unique(return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2, 3]
    assert all(chance.fits(count, MANY, 1 / 6) for count in counts.tolist())


@pytest.mark.parametrize(("gene", "near"), [(0, [1, 2]), (3, [1, 2, 4, 5]), (9, [7, 8])])
def test_steps_are_equally_likely(gene: int, near: list[int]) -> None:
    """Any other value within the step and the bounds."""
    genomes = torch.full((MANY, 1), gene)
    values, counts = integers.creep(genomes, step=2, low=0, high=9, generator=seeded(gene)).unique(return_counts=True)
    assert values.tolist() == near
    assert all(chance.fits(count, MANY, 1 / len(near)) for count in counts.tolist())


@given(seed=seeds(), step=st.integers(1, 5))
def test_each_gene_has_bounds_of_its_own(seed: int, step: int) -> None:
    """One where both are equal stays as it is."""
    low, high = torch.tensor([0, -5, 7]), torch.tensor([1, 5, 7])
    genomes = integers.reset(torch.zeros(50, 3, dtype=torch.int64), low=low, high=high, generator=seeded(seed))
    moved = integers.creep(genomes, step=step, low=low, high=high, generator=seeded(seed))
    for each in (genomes, moved):
        assert bool(((each >= low) & (each <= high)).all())
    assert bool((moved != genomes)[:, :2].all())
    assert bool((moved == 7)[:, 2].all())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"low": 3, "high": 2}, "low must not be above high, but they are 3 and 2"),
        ({"low": 0, "high": 2, "rate": 1.5}, r"rate must lie in \[0, 1\], but it is 1.5"),
        ({"low": 0, "high": 2, "step": 0}, "step must be at least 1, but it is 0"),
    ],
)
def test_what_can_not_be_is_refused(settings: dict[str, Any], sentence: str) -> None:
    """Bounds, rates and steps."""
    with pytest.raises(ValueError, match=sentence):
        integers.creep(torch.zeros(2, dtype=torch.int64), **settings, generator=seeded(0))


def test_other_dtypes_are_refused() -> None:
    """Numbers are no bits, and neither are bits integers."""
    with pytest.raises(TypeError, match=r"^genomes must be bits, torch.bool, but they are torch.int64\.$"):
        bits.flip(torch.zeros(2, dtype=torch.int64), rate=0.5, generator=seeded(0))
    with pytest.raises(TypeError, match=r"^genomes must be integers, torch.int64, but they are torch.bool\.$"):
        integers.reset(torch.zeros(2, dtype=torch.bool), low=0, high=1, generator=seeded(0))

"""Frequencies of random events are judged without false alarms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.testing.laws import chance


@given(st.floats(0, 1), st.integers(1, 3000), st.integers(1, 8))
def test_the_expected_number_fits(probability: float, trials: int, among: int) -> None:
    """What is nearest to the mean can always have been, however rare or frequent a success is."""
    assert chance.fits(round(probability * trials), trials, probability, among=among)


@pytest.mark.parametrize("probability", [0.0, 5e-324, 2.3e-308, 1e-100, 1e-30])
def test_what_never_happens_does_not_fit(probability: float) -> None:
    """One success is too many where none is to be expected; none is right."""
    assert chance.fits(0, 3000, probability)
    assert not chance.fits(1, 3000, probability)
    assert chance.fits(3000, 3000, 1 - probability)
    assert not chance.fits(2999, 3000, 1 - probability)


def test_frequencies_are_distinguished() -> None:
    """Half of the trials is not a third of them, where there are enough."""
    assert not chance.fits(1500, 3000, 1 / 3)
    assert chance.fits(5, 10, 1 / 3)
    assert not chance.alike(1500, 1000, 3000)
    assert chance.alike(1500, 1500, 3000)
    assert chance.more_often(1500, 1000, 3000)
    assert not chance.more_often(1000, 1500, 3000)

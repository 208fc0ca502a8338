"""Seeds that a difference needs: published tables, the power by integration, and the degenerate cases."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuroevo.benchmarks.analysis.statistics import (
    seeds_needed,
)

VALUES = st.floats(-100, 100).map(lambda value: round(value, 3))


@pytest.mark.parametrize(
    ("effect", "power", "seeds"),
    [(0.2, 0.8, 199), (0.5, 0.8, 34), (0.8, 0.8, 15), (0.2, 0.9, 265), (0.5, 0.9, 44), (0.8, 0.9, 19)],
)
def test_seeds_needed_are_those_of_power_tables(effect: float, power: float, seeds: int) -> None:
    """Small, medium and large effects of paired differences need as many pairs as G*Power's tables say, at 5 %."""
    assert seeds_needed(_differences(effect), power=power) == seeds
    assert seeds_needed(_differences(-effect), power=power) == seeds


@given(st.floats(0.25, 5) | st.floats(-5, -0.25), st.floats(0.001, 0.2), st.floats(0.5, 0.99))
def test_seeds_needed_are_the_least(effect: float, alpha: float, power: float) -> None:
    """At that number the power reaches what was asked for, with one seed less it does not."""
    seeds = seeds_needed(_differences(effect), alpha=alpha, power=power)
    assert seeds is not None
    assert seeds >= 2
    assert _power(effect, seeds, alpha) > power - 1e-4
    assert seeds == 2 or _power(effect, seeds - 1, alpha) < power + 1e-4


def test_seeds_needed_find_the_difference() -> None:
    """Of 4,000 t-tests of 15 normal differences with a mean of 0.8 deviations, 80 % reject at 5 %."""
    draws = np.random.default_rng(0).normal(0.8, 1.0, size=(4000, 15))
    assert np.mean(stats.ttest_1samp(draws, 0.0, axis=1).pvalue <= 0.05) == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("effect", [1e-12, 1e-6, 1e-3, 1e3, 1e9, 1e15])
def test_seeds_needed_of_extreme_effects(effect: float) -> None:
    """Any effect has an answer, without a warning; a tiny one that of the normal approximation."""
    seeds = seeds_needed(_differences(effect))
    assert seeds is not None
    approximation = ((stats.norm.isf(0.025) + stats.norm.isf(0.2)) / effect) ** 2
    assert seeds == (2 if effect >= 1e3 else pytest.approx(approximation, rel=1e-3))


@given(VALUES.filter(bool), st.integers(2, 20))
def test_the_same_difference_needs_two_seeds(difference: float, count: int) -> None:
    """Differences without spread need no more than a test does at all."""
    assert seeds_needed([difference] * count) == 2


@pytest.mark.parametrize(
    "differences", [[], [0.1], [0.0, 0.0], [0.3, -0.1, -0.2], [0.1 + 0.2, -0.3], [0.1, math.nan], [0.1, math.inf]]
)
def test_seeds_needed_cannot_be_computed(differences: list[float]) -> None:
    """Too few values, none on average up to rounding, or one that is not finite have no answer."""
    assert seeds_needed(differences) is None


@pytest.mark.parametrize("bad", [0.0, 1.0, 5.0, math.nan])
def test_levels_of_seeds_needed_are_probabilities(bad: float) -> None:
    """A level or a power outside (0, 1) is named."""
    with pytest.raises(ValueError, match=r"alpha must lie in \(0, 1\), but it is"):
        seeds_needed([1.0, 2.0], alpha=bad)
    with pytest.raises(ValueError, match=r"power must lie in \(0, 1\), but it is"):
        seeds_needed([1.0, 2.0], power=bad)


def _differences(effect: float) -> list[float]:
    """Return two values with a standard deviation of 1 around the mean."""
    return [effect - math.sqrt(0.5), effect + math.sqrt(0.5)]


def _power(effect: float, count: int, alpha: float) -> float:
    """Return the power of a two-sided t-test by integration over the sample's standard deviation."""
    freedom, critical = count - 1, stats.t.isf(alpha / 2, count - 1)
    low, high = stats.chi.ppf([1e-12, 1 - 1e-12], freedom) / math.sqrt(freedom)
    deviations, step = np.linspace(low, high, 200001, retstep=True)
    density = stats.chi.pdf(deviations * math.sqrt(freedom), freedom) * math.sqrt(freedom)
    shift = effect * math.sqrt(count)
    rejected = stats.norm.sf(critical * deviations - shift) + stats.norm.cdf(-critical * deviations - shift)
    return float(np.sum(density * rejected) * step)

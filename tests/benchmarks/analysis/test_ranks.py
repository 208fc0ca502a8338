"""Ranks over data sets: agreement with scipy and with Demšar's tables and worked example."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuroevo.benchmarks.analysis.ranks import Ranks, average_ranks

# Demšar 2006, table 5: critical values for Nemenyi's test of 2 to 10 classifiers, printed with three digits.
CRITICAL = {
    0.05: [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164],
    0.10: [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920],
}

# The same, table 6: area under the curve of four decision trees on 14 data sets.
TREES = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
AREAS = (
    (0.763, 0.768, 0.771, 0.798),
    (0.599, 0.591, 0.590, 0.569),
    (0.954, 0.971, 0.968, 0.967),
    (0.628, 0.661, 0.654, 0.657),
    (0.882, 0.888, 0.886, 0.898),
    (0.936, 0.931, 0.916, 0.931),
    (0.661, 0.668, 0.609, 0.685),
    (0.583, 0.583, 0.563, 0.625),
    (0.775, 0.838, 0.866, 0.875),
    (1.000, 1.000, 1.000, 1.000),
    (0.940, 0.962, 0.965, 0.962),
    (0.619, 0.666, 0.614, 0.669),
    # Printed as 0.975 twice, but ranked 2 and 3.
    (0.972, 0.981, 0.9751, 0.975),
    (0.957, 0.978, 0.946, 0.970),
)
EXAMPLE = dict(zip(TREES, zip(*AREAS, strict=True), strict=True))

TENTHS = st.integers(0, 9).map(lambda tenth: tenth / 10)
TABLES = st.tuples(st.integers(2, 6), st.integers(1, 8)).flatmap(
    lambda shape: st.lists(st.lists(TENTHS, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0])
)


def test_worked_example() -> None:
    """Mean ranks, critical difference and verdict are those of Demšar 2006, sections 3.2.2 and 3.2.4."""
    ranks = average_ranks(EXAMPLE)
    assert ranks.strategies == ("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5")
    assert ranks.mean_ranks == pytest.approx((1.964, 2.000, 2.893, 3.143), abs=5e-4)
    assert (ranks.datasets, round(ranks.critical_difference, 2)) == (14, 1.25)
    # Even best and worst differ by less than that.
    assert ranks.groups() == (ranks.strategies,)


def test_worked_example_at_ten_per_cent() -> None:
    """There the critical difference is 1.12, and the two best differ from the worst, but not from the third."""
    ranks = average_ranks(EXAMPLE, alpha=0.1)
    assert round(ranks.critical_difference, 2) == 1.12
    assert ranks.groups() == (("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5"))


def test_friedman_of_the_worked_example() -> None:
    """The p-value is scipy's, whose correction for ties makes it smaller than the paper's of chi-squared 9.28."""
    p_value = average_ranks(EXAMPLE).friedman_p
    assert p_value == pytest.approx(0.0167215803)
    assert p_value == pytest.approx(stats.friedmanchisquare(*EXAMPLE.values()).pvalue)
    assert p_value < stats.chi2.sf(9.28, 3)


@pytest.mark.parametrize("alpha", list(CRITICAL))
@pytest.mark.parametrize("count", range(2, 11))
@pytest.mark.parametrize("datasets", [1, 7])
def test_critical_values(alpha: float, count: int, datasets: int) -> None:
    """The critical difference is the table's value times sqrt(k (k + 1) / 6 N)."""
    scores = {str(number): [float(number)] * datasets for number in range(count)}
    expected = CRITICAL[alpha][count - 2] * math.sqrt(count * (count + 1) / (6 * datasets))
    assert average_ranks(scores, alpha=alpha).critical_difference == pytest.approx(expected, rel=5e-4)


@given(TABLES)
def test_ranks_and_test_are_scipy_s(table: list[list[float]]) -> None:
    """Mean ranks are scipy's of whole tenths, best first, and so is Friedman's test where scipy has an answer."""
    whole = np.round(10 * np.array(table))
    ranks = average_ranks({str(number): [(score + 0.7) - 0.7 for score in row] for number, row in enumerate(table)})
    means = stats.rankdata(-whole, axis=0).mean(axis=1)
    assert ranks.mean_ranks == pytest.approx(sorted(means))
    assert ranks.mean_ranks == pytest.approx([means[int(name)] for name in ranks.strategies])
    assert sum(ranks.mean_ranks) == pytest.approx(len(table) * (len(table) + 1) / 2)
    if (whole == whole[0]).all():
        assert ranks.friedman_p == 1.0
    elif len(table) > 2:
        assert ranks.friedman_p == pytest.approx(stats.friedmanchisquare(*whole).pvalue)


def test_two_strategies() -> None:
    """Of two, Friedman's test is the sign test's chi-squared: 5 wins to 1 give (5 - 1)^2 / 6."""
    ranks = average_ranks({"b": [1.0] * 5 + [0.0], "a": [0.0] * 5 + [1.0]})
    assert ranks.strategies == ("b", "a")
    assert ranks.mean_ranks == pytest.approx((7 / 6, 11 / 6))
    assert ranks.friedman_p == pytest.approx(stats.chi2.sf(16 / 6, 1))


def test_equal_ranks_keep_their_order() -> None:
    """Strategies with the same mean rank stay as given; equal scores everywhere are no difference."""
    ranks = average_ranks({"c": [0.5, 0.5], "a": [0.5, 0.5], "b": [0.5, 0.5]})
    assert (ranks.strategies, ranks.mean_ranks) == (("c", "a", "b"), (2.0, 2.0, 2.0))
    assert (ranks.friedman_p, ranks.groups()) == (1.0, (("c", "a", "b"),))


@given(st.lists(st.integers(4, 40), min_size=2, max_size=10), st.integers(0, 20))
def test_groups_are_the_maximal_sets(quarters: list[int], critical: int) -> None:
    """Two strategies share a group exactly if they differ by no more; no group lies in another; none is left out."""
    means = tuple(sorted(quarter / 4 for quarter in quarters))
    names = tuple(f"s{number}" for number in range(len(means)))
    groups = Ranks(names, means, 10, 0.01, critical / 4).groups()
    for one, first in zip(names, means, strict=True):
        for other, second in zip(names, means, strict=True):
            together = any(one in group and other in group for group in groups)
            assert together == (abs(first - second) <= critical / 4)
    assert not any(set(one) <= set(other) for one in groups for other in groups if one is not other)
    assert list(groups) == sorted(groups, key=lambda group: names.index(group[0]))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "at least two strategies, but they hold 0"),
        ({"a": [1.0]}, "at least two strategies, but they hold 1"),
        ({"a": [], "b": []}, "one score per data set for every strategy"),
        ({"a": [1.0, 2.0], "b": [1.0]}, r"but they hold \[1, 2\] of them"),
        ({"a": [1.0, 2.0], "b": [1.0, math.nan]}, "must be finite"),
        ({"a": [1.0, 2.0], "b": [1.0, math.inf]}, "must be finite"),
    ],
)
def test_wrong_scores_are_refused(scores: dict[str, list[float]], message: str) -> None:
    """Too few strategies, no data set, a gap, or a score that is not finite are named."""
    with pytest.raises(ValueError, match=message):
        average_ranks(scores)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0, math.nan])
def test_alpha_is_a_probability(alpha: float) -> None:
    """A level outside (0, 1) is refused."""
    with pytest.raises(ValueError, match=r"alpha must lie in \(0, 1\), but it is"):
        average_ranks(EXAMPLE, alpha=alpha)

"""One method against another: every number is the statistic it is named after, and the two directions agree."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis import statistics
from neuroevo.benchmarks.analysis.pairs import Pairs, compare_pairs

ACCURACIES = st.integers(0, 40).map(lambda fortieth: fortieth / 40)
PAIRS = st.lists(st.tuples(ACCURACIES, ACCURACIES), min_size=2, max_size=8)


@given(PAIRS)
def test_numbers_are_the_statistics(pairs: list[tuple[float, float]]) -> None:
    """The comparison holds what the single functions say, of first minus second."""
    first, second = map(list, zip(*pairs, strict=True))
    differences = [one - other for one, other in pairs]
    result = compare_pairs(first, second)
    assert result.difference == statistics.estimate(differences)
    assert result.median == np.median(differences)
    assert result.p_value == statistics.paired_p_value(first, second)
    assert result.p_wilcoxon == statistics.wilcoxon_p_value(first, second)
    assert result.rank_biserial == statistics.rank_biserial(first, second)
    assert result.probability_of_improvement == statistics.probability_of_improvement(first, second)
    needed = statistics.seeds_needed(differences)
    assert result.seeds_needed == (None if needed is None else max(needed, statistics.FEWEST))


@given(PAIRS)
def test_the_other_way_round(pairs: list[tuple[float, float]]) -> None:
    """Swapping the methods turns signs and keeps p-values and the number of seeds."""
    first, second = map(list, zip(*pairs, strict=True))
    there, back = compare_pairs(first, second), compare_pairs(second, first)
    assert (back.difference.mean, back.median) == pytest.approx((-there.difference.mean, -there.median))
    assert (back.difference.low, back.difference.high) == pytest.approx((-there.difference.high, -there.difference.low))
    assert (back.p_value, back.p_wilcoxon, back.seeds_needed) == pytest.approx(
        (there.p_value, there.p_wilcoxon, there.seeds_needed)
    )
    assert back.rank_biserial == -there.rank_biserial
    assert back.probability_of_improvement == pytest.approx(1 - there.probability_of_improvement)


def test_by_hand() -> None:
    """Differences 1, 2, 3: mean and median 2, t = 2 sqrt(3), ranks all positive."""
    result = compare_pairs([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (result.difference.mean, result.median, result.difference.count) == (2.0, 2.0, 3)
    assert result.p_value == pytest.approx(1 - math.sqrt(12 / 14))
    assert (result.p_wilcoxon, result.rank_biserial) == (0.25, 1.0)
    # Of nine comparisons 2 wins over 1 alone, 4 and 6 over all three; 2 draws with 2.
    assert result.probability_of_improvement == pytest.approx((7 + 0.5) / 9)
    # An effect of two standard deviations.
    assert result.seeds_needed == 5


def test_the_median_is_not_the_mean() -> None:
    """One seed that is far off moves the mean, not the median."""
    result = compare_pairs([1.0, 1.0, 1.0, 1.0, 96.0], [0.0] * 5)
    assert (result.difference.mean, result.median) == (20.0, 1.0)


def test_no_difference() -> None:
    """Methods that agree up to rounding have no difference at all, and no number of seeds would show one."""
    result = compare_pairs([0.1 + 0.2, 0.7, 0.5], [0.3, 0.1 * 7, 0.5])
    assert (result.difference.mean, result.difference.low, result.difference.high) == (0.0, 0.0, 0.0)
    assert (result.median, result.p_value, result.p_wilcoxon) == (0.0, 1.0, 1.0)
    assert (result.rank_biserial, result.probability_of_improvement, result.seeds_needed) == (0.0, 0.5, None)


def test_one_seed() -> None:
    """A single seed has a difference, and no interval, test, effect size or plan."""
    result = compare_pairs([0.5], [0.25])
    assert (result.difference.mean, result.median, result.difference.count) == (0.25, 0.25, 1)
    assert result.probability_of_improvement == 1.0
    assert result.seeds_needed is None
    numbers = (result.difference.low, result.difference.high, result.p_value, result.p_wilcoxon, result.rank_biserial)
    assert all(math.isnan(number) for number in numbers)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("count", [2, 30])
def test_a_failed_seed_is_not_hidden(bad: float, count: int) -> None:
    """A value that is not finite, on either side or on both, leaves nothing but NaN, without a warning."""
    good, failed = [0.5 + 0.01 * seed for seed in range(count)], [0.5] * (count - 1) + [bad]
    for first, second in ((good, failed), (failed, good), (failed, failed)):
        result = compare_pairs(first, second)
        assert all(math.isnan(number) for number in _numbers(result))
        assert (result.difference.count, result.seeds_needed) == (count, None)


def test_pairs_must_match() -> None:
    """Two numbers of seeds, and no seed at all, are refused."""
    with pytest.raises(ValueError, match="have 2 and 1"):
        compare_pairs([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="at least one number"):
        compare_pairs([], [])


def _numbers(pairs: Pairs) -> list[float]:
    interval = [pairs.difference.mean, pairs.difference.low, pairs.difference.high]
    tests = [pairs.p_value, pairs.p_wilcoxon, pairs.rank_biserial, pairs.probability_of_improvement]
    return [*interval, pairs.median, *tests]

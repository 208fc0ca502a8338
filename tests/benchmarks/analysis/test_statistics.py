"""Statistics: agreement with scipy, with published tables and with sums by hand, and the degenerate cases."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from neuroevo.benchmarks.analysis.statistics import (
    BOOTSTRAP_FROM,
    estimate,
    paired_differences,
    paired_p_value,
    probability_of_improvement,
    rank_biserial,
    share_below,
    tied_ranks,
    wilcoxon_p_value,
)

VALUES = st.floats(-100, 100).map(lambda value: round(value, 3))
# Few distinct values, so that ties and zeros are common; a tenth has no exact float.
TENTHS = st.integers(0, 9).map(lambda tenth: tenth / 10)
PAIRS_OF_TENTHS = st.lists(st.tuples(TENTHS, TENTHS), min_size=2, max_size=8)
PAIRED = [paired_p_value, wilcoxon_p_value, rank_biserial, share_below]

# Critical values of the smaller rank sum at 5 %, two-sided, for 6 to 25 pairs (Wilcoxon and Wilcox 1964).
CRITICAL = [0, 2, 3, 5, 8, 10, 13, 17, 21, 25, 29, 34, 40, 46, 52, 58, 65, 73, 81, 89]


@given(st.lists(VALUES, min_size=2, max_size=19, unique=True), st.floats(0.5, 0.99))
def test_few_values_get_student_s_interval(values: list[float], confidence: float) -> None:
    """Below 20 values the interval is scipy's t interval around the mean."""
    result = estimate(values, confidence=confidence)
    interval = stats.t.interval(confidence, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (result.low, result.high) == pytest.approx(interval)
    assert result.mean == pytest.approx(np.mean(values))
    assert result.count == len(values)


def test_student_s_interval_by_hand() -> None:
    """Of 1, 2, 3: mean 2, deviation 1, t(0.975, 2) = 4.302653, so 2 +- 4.302653 / sqrt(3)."""
    result = estimate([1.0, 2.0, 3.0])
    assert (result.mean, result.count) == (2.0, 3)
    assert (result.low, result.high) == pytest.approx((-0.484138, 4.484138), abs=1e-6)


def test_many_values_get_the_bootstrap() -> None:
    """From 20 values on the interval is scipy's BCa interval at the expanded level, and repeats."""
    values = np.random.default_rng(1).exponential(size=BOOTSTRAP_FROM)
    result = estimate(values)
    # t(0.975, 19) = 2.093024, times sqrt(20 / 19) it is 2.147396; the normal has 96.8238 % within that.
    expected = stats.bootstrap(
        (values,), np.mean, method="BCa", n_resamples=9999, rng=np.random.default_rng(0), confidence_level=0.968238
    ).confidence_interval
    assert (result.low, result.high) == pytest.approx(tuple(expected), abs=1e-4)
    assert result == estimate(list(values))
    # An exponential sample is skewed: BCa reaches further up than down, Student's t does not.
    assert result.high - result.mean > 1.1 * (result.mean - result.low)


@pytest.mark.parametrize("count", [20, 30, 100])
def test_the_bootstrap_of_normal_values_is_as_wide_as_student_s_interval(count: int) -> None:
    """Of values without skew, as normal as can be, the expanded level gives the width of the t interval."""
    values = stats.norm.ppf((np.arange(count) + 0.5) / count)
    result = estimate(values)
    low, high = stats.t.interval(0.95, count - 1, scale=stats.sem(values))
    assert (result.low, result.high) == pytest.approx((low, high), rel=0.03)


def test_the_bootstrap_starts_at_20_values() -> None:
    """With 19 values the interval is symmetric, with 20 it is not."""
    values = list(np.random.default_rng(1).exponential(size=20))
    few, many = estimate(values[:19]), estimate(values)
    assert few.high - few.mean == pytest.approx(few.mean - few.low)
    assert many.high - many.mean != pytest.approx(many.mean - many.low)


@given(st.lists(VALUES, min_size=2, max_size=19), st.floats(0.5, 0.9))
def test_more_confidence_is_a_wider_interval(values: list[float], confidence: float) -> None:
    """The mean is inside, and the interval of a higher confidence holds that of a lower one."""
    narrow, wide = estimate(values, confidence=confidence), estimate(values, confidence=0.95)
    assert wide.low <= narrow.low <= narrow.mean <= narrow.high <= wide.high


@given(VALUES, st.integers(2, 40))
def test_equal_values_have_no_spread(value: float, count: int) -> None:
    """Equal values give exactly that value, without a warning."""
    result = estimate([value] * count)
    assert (result.mean, result.low, result.high) == (value, value, value)


def test_values_equal_up_to_rounding() -> None:
    """Values that differ in the last bit only give a narrow interval, without a warning."""
    result = estimate([0.3, 0.1 + 0.2] * 15)
    assert 0.3 - 1e-12 < result.low <= result.high < 0.3 + 1e-12


def test_one_value_has_no_interval() -> None:
    """A single value is its own mean; nothing is known of its spread."""
    result = estimate([0.25])
    assert (result.mean, result.count) == (0.25, 1)
    assert math.isnan(result.low)
    assert math.isnan(result.high)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("count", [1, 3, 30])
def test_a_failed_seed_is_not_hidden(bad: float, count: int) -> None:
    """A value that is not finite makes everything NaN, but is counted."""
    result = estimate([*range(count - 1), bad])
    assert all(math.isnan(number) for number in (result.mean, result.low, result.high))
    assert result.count == count


def test_wrong_values_are_refused() -> None:
    """No values, a table of them, and a confidence outside (0, 1) are named."""
    for values in ([], [[1.0], [2.0]]):
        with pytest.raises(ValueError, match="values must be at least one number"):
            estimate(values)
    for confidence in (0.0, 1.0, 95.0, math.nan):
        with pytest.raises(ValueError, match=r"confidence must lie in \(0, 1\), but it is"):
            estimate([1.0, 2.0], confidence=confidence)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=3, max_size=12))
def test_paired_test_is_that_of_scipy(pairs: list[tuple[float, float]]) -> None:
    """Where the test has an answer it is scipy's, and it is the same in both directions."""
    first, second = map(list, zip(*pairs, strict=True))
    p_value = paired_p_value(first, second)
    assert p_value == paired_p_value(second, first)
    if np.ptp(np.subtract(first, second)) > 1e-6:
        assert p_value == pytest.approx(stats.ttest_rel(first, second).pvalue)


def test_paired_test_by_hand() -> None:
    """Differences 1, 2, 3 have t = 2 sqrt(3) at 2 degrees of freedom: p = 1 - t / sqrt(t^2 + 2)."""
    expected = 1 - math.sqrt(12 / 14)
    assert paired_p_value([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]) == pytest.approx(expected)


@given(st.lists(VALUES, min_size=2, max_size=30), st.floats(0.01, 100) | st.floats(-100, -0.01))
def test_equal_differences(values: list[float], shift: float) -> None:
    """No difference at all is p = 1, the same difference everywhere p = 0, without a warning."""
    assert paired_p_value(values, values) == 1.0
    assert paired_p_value(values, [value + shift for value in values]) == 0.0


def test_differences_of_rounding_are_none() -> None:
    """Values that differ in the last bit only are the same values."""
    assert paired_p_value([0.1 + 0.2, 0.7, 0.5], [0.3, 0.1 * 7, 0.5]) == 1.0


@pytest.mark.parametrize("statistic", PAIRED)
@pytest.mark.parametrize(
    ("first", "second"),
    [([], []), ([1.0, math.nan], [1.0, 2.0]), ([1.0, 2.0], [math.inf, 2.0]), ([math.inf, 1.0], [math.inf, 2.0])],
)
def test_no_answer_is_nan(statistic: Callable[..., float], first: list[float], second: list[float]) -> None:
    """No pair, or a value that is not finite, decide nothing."""
    assert math.isnan(statistic(first, second))


@pytest.mark.parametrize("statistic", [paired_p_value, wilcoxon_p_value, rank_biserial])
def test_one_pair_is_nan(statistic: Callable[..., float]) -> None:
    """A single pair decides no test and has no effect size."""
    assert math.isnan(statistic([1.0], [2.0]))


@pytest.mark.parametrize("statistic", [*PAIRED, paired_differences])
def test_pairs_must_match(statistic: Callable[..., object]) -> None:
    """Two numbers of seeds are refused."""
    with pytest.raises(ValueError, match="have 2 and 1"):
        statistic([1.0, 2.0], [1.0])


@given(PAIRS_OF_TENTHS)
def test_differences_are_those_of_whole_tenths(pairs: list[tuple[float, float]]) -> None:
    """Differences are first minus second, exactly 0 where the values agree, whatever was added to both."""
    first, second = map(list, zip(*pairs, strict=True))
    shifted = [(value + 0.7) - 0.7 for value in second]
    differences = paired_differences(first, shifted)
    tenths = [round(10 * one) - round(10 * other) for one, other in pairs]
    assert differences == pytest.approx(np.array(tenths) / 10)
    assert [difference == 0 for difference in differences] == [tenth == 0 for tenth in tenths]


@given(PAIRS_OF_TENTHS)
def test_wilcoxon_is_scipy_s_on_whole_tenths(pairs: list[tuple[float, float]]) -> None:
    """Ties and zeros are found up to rounding: the p-value is scipy's of the differences as integers."""
    first, second = map(list, zip(*pairs, strict=True))
    tenths = np.array([round(10 * one) - round(10 * other) for one, other in pairs])
    tenths = tenths[tenths != 0]
    expected = stats.wilcoxon(tenths).pvalue if tenths.size else 1.0
    assert wilcoxon_p_value(first, second) == pytest.approx(expected)
    assert wilcoxon_p_value(second, first) == wilcoxon_p_value(first, second)


@given(st.lists(st.integers(1, 999), min_size=2, max_size=60, unique=True), st.integers(0, 2**60 - 1))
def test_wilcoxon_is_scipy_s_for_any_number_of_pairs(sizes: list[int], signs: int) -> None:
    """The same holds of thousandths without ties, and of as many as make the normal approximation be used."""
    whole = [size if signs >> index & 1 else -size for index, size in enumerate(sizes)]
    second = [number / 1000 for number in sizes]
    first = [size / 1000 + number for size, number in zip(whole, second, strict=True)]
    assert wilcoxon_p_value(first, second) == pytest.approx(stats.wilcoxon(whole).pvalue)


@given(st.integers(0, 50), st.integers(0, 50))
def test_wilcoxon_of_one_size_is_the_sign_test(wins: int, losses: int) -> None:
    """Where all differences are of one size, only their number counts: the test is that of a fair coin."""
    assume(2 <= wins + losses <= 50)
    expected = stats.binomtest(wins, wins + losses).pvalue
    assert wilcoxon_p_value([0.3] * wins + [0.1] * losses, [0.1] * wins + [0.3] * losses) == pytest.approx(expected)


def test_wilcoxon_of_many_ties_and_pairs() -> None:
    """Above 50 pairs ties and zeros count as in scipy's normal approximation."""
    tenths = np.random.default_rng(0).integers(-5, 9, size=80)
    expected = stats.wilcoxon(tenths, method="asymptotic").pvalue
    assert wilcoxon_p_value([1 + tenth / 10 for tenth in tenths], [1.0] * 80) == pytest.approx(expected)


@pytest.mark.parametrize(("count", "critical"), list(enumerate(CRITICAL, start=6)))
def test_wilcoxon_critical_values(count: int, critical: int) -> None:
    """The published critical value is the greatest rank sum that is significant at 5 %."""
    assert wilcoxon_p_value(_ranks_with_sum(critical, count), [0.0] * count) <= 0.05
    assert wilcoxon_p_value(_ranks_with_sum(critical + 1, count), [0.0] * count) > 0.05


def test_five_pairs_are_never_significant_by_ranks() -> None:
    """Five wins of five have p = 2 / 2^5; six of six have 2 / 2^6."""
    assert wilcoxon_p_value([1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 5) == 0.0625
    assert wilcoxon_p_value([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0] * 6) == 0.03125


def test_rank_biserial_by_hand() -> None:
    """Differences 1, -2, 3, 4, 0 have ranks 1, 2, 3, 4, and 8 - 2 of 10; sizes 2, 2 and 5 share 1.5."""
    assert rank_biserial([1.0, 0.0, 3.0, 4.0, 7.0], [0.0, 2.0, 0.0, 0.0, 7.0]) == pytest.approx(0.6)
    assert rank_biserial([2.0, 0.0, 5.0], [0.0, 2.0, 0.0]) == pytest.approx(0.5)
    # 0.3 - 0.1 and 0.9 - 0.7 differ by rounding.
    assert rank_biserial([0.3, 0.7, 0.5], [0.1, 0.9, 0.0]) == pytest.approx(0.5)


@given(PAIRS_OF_TENTHS)
def test_rank_biserial_belongs_to_wilcoxon(pairs: list[tuple[float, float]]) -> None:
    """It turns its sign with the methods, gives back scipy's rank sum, and is +-1 where all pairs agree."""
    first, second = map(list, zip(*pairs, strict=True))
    effect = rank_biserial(first, second)
    assert rank_biserial(second, first) == -effect
    signs = {round(10 * one) > round(10 * other) for one, other in pairs if one != other}
    if len(signs) < 2:
        assert effect == {(): 0.0, (True,): 1.0, (False,): -1.0}[tuple(signs)]
    else:
        tenths = np.array([round(10 * one) - round(10 * other) for one, other in pairs if one != other])
        total = tenths.size * (tenths.size + 1) / 2
        assert stats.wilcoxon(tenths).statistic == pytest.approx(total * (1 - abs(effect)) / 2)
        assert abs(effect) < 1


@given(st.lists(TENTHS, min_size=1, max_size=12), st.lists(TENTHS, min_size=1, max_size=12))
def test_probability_of_improvement_is_mann_and_whitney_s(first: list[float], second: list[float]) -> None:
    """It is U over the number of comparisons, and the two directions add up to 1."""
    whole, others = ([round(10 * value) for value in values] for values in (first, second))
    expected = stats.mannwhitneyu(whole, others).statistic / (len(first) * len(second))
    shifted = [(value + 0.7) - 0.7 for value in second]
    assert probability_of_improvement(first, shifted) == pytest.approx(expected)
    assert probability_of_improvement(shifted, first) == pytest.approx(1 - expected)


def test_probability_of_improvement_by_hand() -> None:
    """Of 3 x 2 comparisons, 3 are won and 1 is drawn; seeds do not matter."""
    assert probability_of_improvement([1.0, 2.0, 3.0], [2.0, 1.5]) == pytest.approx((3 + 0.5) / 6)


@pytest.mark.parametrize(("first", "second"), [([], []), ([], [1.0]), ([1.0], []), ([math.nan], [1.0])])
def test_no_improvement_can_be_computed(first: list[float], second: list[float]) -> None:
    """Without a run on either side, or with one that failed, it is NaN."""
    assert math.isnan(probability_of_improvement(first, second))


@given(st.lists(st.tuples(TENTHS, TENTHS), min_size=1, max_size=12))
def test_shares_below_above_and_equal_add_up(pairs: list[tuple[float, float]]) -> None:
    """Equal values, up to rounding, are in neither share."""
    first, second = map(list, zip(*pairs, strict=True))
    shifted = [(value + 0.7) - 0.7 for value in second]
    equal = sum(round(10 * one) == round(10 * other) for one, other in pairs) / len(pairs)
    assert share_below(first, shifted) == sum(one < other for one, other in pairs) / len(pairs)
    assert share_below(first, shifted) + share_below(shifted, first) + equal == pytest.approx(1)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12), st.floats(-0.1, 0.1))
def test_ranks_of_values_up_to_rounding(values: list[int], shift: float) -> None:
    """Ranks are scipy's of the integers, also where the values are moved by less than the rounding."""
    moved = np.array(values) + shift * np.resize([1, -1], len(values))
    assert tied_ranks(moved, rounding=0.3).tolist() == stats.rankdata(values).tolist()


def _ranks_with_sum(total: int, count: int) -> list[float]:
    """Return 1 to `count`, negative where the numbers add up to `total`."""
    values = [float(value) for value in range(1, count + 1)]
    for value in range(count, 0, -1):
        if value <= total:
            values[value - 1] *= -1
            total -= value
    return values

"""Statistics: agreement with scipy and with tables computed by hand, and the degenerate cases."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuroevo.benchmarks.statistics import BOOTSTRAP_FROM, estimate, holm, paired_p_value

VALUES = st.floats(-100, 100).map(lambda value: round(value, 3))
P_VALUES = st.lists(st.floats(0, 1), max_size=8)


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
    """From 20 values on the interval is scipy's BCa interval, and repeats."""
    values = np.random.default_rng(1).exponential(size=BOOTSTRAP_FROM)
    result = estimate(values)
    expected = stats.bootstrap(
        (values,), np.mean, method="BCa", n_resamples=9999, rng=np.random.default_rng(7)
    ).confidence_interval
    assert (result.low, result.high) == pytest.approx(tuple(expected), abs=0.1)
    assert result == estimate(list(values))
    # An exponential sample is skewed: BCa reaches further up than down, Student's t does not.
    assert result.high - result.mean > 1.1 * (result.mean - result.low)


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
    """Where the test has an answer it is scipy's, and it is the same both ways round."""
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


@pytest.mark.parametrize(
    ("first", "second"),
    [([], []), ([1.0], [2.0]), ([1.0, math.nan], [1.0, 2.0]), ([1.0, 2.0], [math.inf, 2.0])],
)
def test_no_answer_is_nan(first: list[float], second: list[float]) -> None:
    """Fewer than two pairs, or a value that is not finite, decide nothing."""
    assert math.isnan(paired_p_value(first, second))


def test_pairs_must_match() -> None:
    """Two numbers of seeds are refused."""
    with pytest.raises(ValueError, match="have 2 and 1"):
        paired_p_value([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.4, 0.9], [1.0, 1.0, 1.0]),
        ([0.02, 0.02, 0.02], [0.06, 0.06, 0.06]),
        ([0.02, math.nan, 0.01], [0.02, math.nan, 0.02]),
        ([math.nan], [math.nan]),
    ],
)
def test_holm_by_hand(p_values: list[float], adjusted: list[float]) -> None:
    """The tables agree; a NaN stays and does not count."""
    assert holm(p_values) == pytest.approx(adjusted, nan_ok=True)


@given(P_VALUES, st.floats(0.001, 0.5))
def test_holm_rejects_step_by_step(p_values: list[float], level: float) -> None:
    """Adjusted values reject what Holm's procedure rejects at any level."""
    rejected: set[int] = set()
    for step, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if (len(p_values) - step) * p_values[index] > level:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(holm(p_values)) if p <= level} == rejected


@given(P_VALUES)
def test_holm_lies_between_raw_and_bonferroni(p_values: list[float]) -> None:
    """Adjusted values keep the order, and lie between the raw ones and Bonferroni's."""
    adjusted = holm(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw <= value <= min(1.0, raw * len(p_values))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[index] for index in order] == sorted(adjusted)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.inf])
def test_holm_refuses_what_is_no_probability(bad: float) -> None:
    """Values outside [0, 1] are refused."""
    with pytest.raises(ValueError, match=r"p_values must lie in \[0, 1\], but they are"):
        holm([0.5, bad])

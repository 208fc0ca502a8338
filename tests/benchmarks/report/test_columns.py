"""Columns: numbers are written as readers expect them, what is unknown is a dash, and every column is explained."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.statistics import Estimate
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report import columns
from neuroevo.benchmarks.report.columns import ACCURACY, COSTS, DIFFERENCE, DIFFERENCES, MAIN, NO_PAIRS, in_order

MakeRow = Callable[..., Row]
WRITERS = (columns.percent, columns.points, columns.probability, columns.count, columns.scientific, columns.signed)
NAN = math.nan


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (columns.percent, 0.8236, "82.4"),
        (columns.percent, (0.95 + 0.75 + 0.7 + 0.95) / 4, "83.8"),
        (columns.percent, (0.8 + 0.65 + 1 + 0.9) / 4, "83.8"),
        (columns.points, 0.1234, "+12.3"),
        (columns.points, -0.0251, "−2.5"),
        (columns.points, -0.00001, "+0.0"),
        (columns.probability, 0.01234, "0.012"),
        (columns.probability, 0.00009, "<0.0001"),
        (columns.probability, 1.0, "1"),
        (columns.count, 1234567, "1,234,567"),
        (columns.scientific, 999_999, "999,999"),
        (columns.scientific, 1.14271e12, "1.14e12"),
        (columns.signed, -1.0, "−1.00"),
    ],
)
def test_numbers_are_written(write: Callable[[float], str], value: float, text: str) -> None:
    """Percentages, points, p-values, counts and coefficients have their digits, signs and separators."""
    assert write(value) == text


@given(st.sampled_from(WRITERS))
def test_what_is_unknown_is_a_dash(write: Callable[[float], str]) -> None:
    """NaN is never written as a number."""
    assert write(NAN) == "–"


def test_intervals_of_accuracies_stay_within_0_and_100() -> None:
    """Student's t of two seeds does not."""
    assert columns.percent_interval(-0.996, 1.63) == "0.0 to 100.0"


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_intervals_are_whole_or_nothing(low: float, high: float) -> None:
    """An interval has two ends, or it is not written."""
    assert columns.points_interval(low, high) == f"{columns.points(low)} to {columns.points(high)}"
    inside = f"{columns.percent(max(low, 0))} to {columns.percent(min(high, 1))}"
    assert columns.percent_interval(low, high) == inside
    for ends in ((NAN, high), (low, NAN), (NAN, NAN)):
        assert columns.points_interval(*ends) == columns.percent_interval(*ends) == ""


@pytest.mark.parametrize("table", [MAIN, COSTS, DIFFERENCES], ids=["main", "costs", "differences"])
def test_every_column_is_explained(table: tuple[columns.Column[Any], ...]) -> None:
    """Each has a name of its own and a legend of whole sentences; the first one names the rows."""
    headings = [column.heading for column in table]
    assert len(set(headings)) == len(headings)
    assert headings[0] == "strategy"
    assert all(column.legend.endswith(".") and len(column.legend) > 15 for column in table)


@pytest.mark.parametrize("table", [MAIN, COSTS], ids=["main", "costs"])
def test_every_cell_of_a_row_without_results_is_a_dash(
    table: tuple[columns.Column[Row], ...], make_row: MakeRow
) -> None:
    """A strategy that gave no numbers has counts of 0, dashes, no interval, and nothing to sort by."""
    row = make_row("broken")
    for column in table[1:]:
        assert column.cell(row) in ("–", "0", "3")
        assert column.interval(row) == ""
        assert math.isnan(float(column.value(row))) == (column.text(row) == "–")


def test_each_number_has_its_column(make_row: MakeRow) -> None:
    """Every field of a row that holds a result stands in the column that is named for it."""
    row = make_row(
        "gtl",
        seed_count=5,
        accuracy_mean=0.5,
        accuracy_ci_low=0.4,
        accuracy_ci_high=0.6,
        accuracy_median=0.51,
        gain_over_scratch=0.1,
        gain_ci_low=-0.05,
        gain_ci_high=0.25,
        p_value=0.02,
        p_holm=0.04,
        p_wilcoxon=0.0625,
        p_wilcoxon_holm=0.125,
        rank_biserial=0.6,
        probability_of_improvement=0.72,
        negative_transfer=0.15,
        seeds_needed=9.0,
        transferred_share=0.2,
        gradient_steps=2640,
        evaluations=24,
        multiply_adds=1_141_639_741_440,
        critical_path=380,
        seconds=45.26,
        transferred_bytes=53823,
    )
    assert {column.heading: column.cell(row) for column in (*MAIN, *COSTS)} == {
        "strategy": "gtl",
        "n": "5",
        "accuracy, % (95 % CI)": "50.0 (40.0 to 60.0)",
        "median, %": "51.0",
        "gain, points (95 % CI)": "+10.0 (−5.0 to +25.0)",
        "p": "0.02",
        "p (Holm)": "0.04",
        "Wilcoxon p": "0.062",
        "Wilcoxon p (Holm)": "0.12",
        "effect size": "+0.60",
        "P(better), %": "72.0",
        "negative transfer, %": "15.0",
        "seeds needed": "9",
        "parameters transferred, %": "20.0",
        "gradient steps": "2,640",
        "evaluations": "24",
        "multiply-adds": "1.14e12",
        "critical path": "380",
        "core-seconds": "45.3",
        "bytes transferred": "53,823",
    }


def test_the_baseline_gains_nothing_over_itself(make_row: MakeRow) -> None:
    """Where others have a gain, `scratch` has a dash, whatever its row holds."""
    gain = next(column for column in MAIN if column.heading.startswith("gain"))
    row = make_row("scratch", gain_over_scratch=0.0, gain_ci_low=0.0, gain_ci_high=0.0)
    assert gain.cell(row) == "–"
    assert math.isnan(float(gain.value(row)))


def test_each_number_of_a_difference_has_its_column() -> None:
    """Both runs, their difference and its tests; without common seeds the difference is a dash."""
    pairs = Pairs(Estimate(0.1, 0.05, 0.15, 3), 0.1, 0.01, 0.25, 1.0, 0.9, 4)
    one = Difference("gtl", Estimate(0.5, 0.4, 0.6, 3), Estimate(0.6, 0.5, 0.7, 4), pairs, 0.02)
    assert [column.cell(one) for column in DIFFERENCES] == [
        *("gtl", "3", "50.0 (40.0 to 60.0)", "60.0 (50.0 to 70.0)", "+10.0 (+5.0 to +15.0)"),
        *("0.01", "0.02", "0.25", "+1.00", "90.0"),
    ]
    apart = Difference("gtl", one.first, one.second, None, NAN)
    assert [column.cell(apart) for column in DIFFERENCES] == [
        *("gtl", "0", "50.0 (40.0 to 60.0)", "60.0 (50.0 to 70.0)", "–", "–", "–", "–", "–", "–"),
    ]
    assert NO_PAIRS.difference.count == 0


@given(values=st.lists(st.floats(0, 1) | st.just(NAN), max_size=8))
def test_the_best_stand_first(values: list[float], make_row: MakeRow) -> None:
    """Numbers fall, equal ones keep their order, and what has none stands last."""
    rows = [make_row(str(number), accuracy_mean=value) for number, value in enumerate(values)]
    found = in_order(rows, ACCURACY)
    known = [row for row in found if not math.isnan(row.accuracy_mean)]
    assert found[: len(known)] == known
    assert [(-row.accuracy_mean, int(row.strategy)) for row in known] == sorted(
        (-row.accuracy_mean, int(row.strategy)) for row in known
    )
    assert sorted(row.strategy for row in found) == sorted(row.strategy for row in rows)


def test_differences_are_ordered_by_their_size() -> None:
    """The greatest gain of the second run stands first."""
    differences = [
        Difference(name, *[Estimate(0.5, NAN, NAN, 2)] * 2, Pairs(Estimate(gap, NAN, NAN, 2), *[NAN] * 5, None), NAN)
        for name, gap in (("less", -0.1), ("more", 0.2), ("same", 0.0))
    ]
    assert [one.strategy for one in in_order(differences, DIFFERENCE)] == ["more", "same", "less"]

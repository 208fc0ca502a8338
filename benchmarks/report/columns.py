"""The columns of a report's tables: what they are called, how their numbers come about, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.statistics import Estimate
from neuroevo.benchmarks.analysis.summary import BASELINE, Row

NOTHING = "–"
NAN = math.nan
NO_PAIRS = Pairs(Estimate(NAN, NAN, NAN, 0), NAN, NAN, NAN, NAN, NAN, None)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Column(Generic[Item]):
    """A column of a table; its items are rows of a comparison, or differences between two runs.

    Attributes:
        heading: Its name, with the unit.
        legend: How its numbers come about, for a reader of the page alone.
        value: What is sorted by: a number (NaN where there is none) or a text.
        text: The cell as it is read.
        interval: What stands behind the text in brackets, or nothing.
    """

    heading: str
    legend: str
    value: Callable[[Item], float | str]
    text: Callable[[Item], str]
    interval: Callable[[Item], str] = lambda _: ""

    def cell(self, item: Item) -> str:
        """Return the whole cell on one line."""
        return f"{self.text(item)} ({inside})" if (inside := self.interval(item)) else self.text(item)


def percent(value: float) -> str:
    """Return a share as a percentage with one digit; a dash for NaN."""
    return NOTHING if math.isnan(value) else minus(f"{_in_percent(value):z.1f}")


def points(value: float) -> str:
    """Return a difference of shares in percentage points with its sign; a dash for NaN."""
    return NOTHING if math.isnan(value) else minus(f"{_in_percent(value):+z.1f}")


def _in_percent(value: float) -> float:
    """Return a share in percent, so that means that are equal but for the last bit of a sum are written alike."""
    return round(100 * value, 9)


LEAST_SHOWN = 0.0001
"""The p-value below which no digits are shown."""


def probability(value: float) -> str:
    """Return a p-value with two significant digits; a dash for NaN."""
    if math.isnan(value):
        return NOTHING
    return f"<{LEAST_SHOWN:.4f}" if value < LEAST_SHOWN else f"{value:.2g}"


def count(value: float) -> str:
    """Return a whole number with separators; a dash for NaN."""
    return NOTHING if math.isnan(value) else f"{round(value):,}"


def percent_interval(low: float, high: float) -> str:
    """Return an interval of shares in percent, within 0 and 100; nothing if its ends are not known."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{percent(max(low, 0.0))} to {percent(min(high, 1.0))}"


def points_interval(low: float, high: float) -> str:
    """Return an interval of differences in percentage points; nothing if its ends are not known."""
    return "" if math.isnan(low) or math.isnan(high) else f"{points(low)} to {points(high)}"


def scientific(value: float) -> str:
    """Return a large number with three significant digits as `1.23e12`; a dash for NaN."""
    if math.isnan(value):
        return NOTHING
    return count(value) if abs(value) < 1e6 else f"{value:.2e}".replace("e+", "e")


def signed(value: float) -> str:
    """Return a coefficient with its sign and two digits; a dash for NaN."""
    return NOTHING if math.isnan(value) else minus(f"{value:+z.2f}")


def minus(text: str) -> str:
    """Return a number with the sign that is as wide as a plus."""
    return text.replace("-", "−")


STRATEGY: Column[Row] = Column(
    "strategy",
    f"What makes the inheritance of descendants. {BASELINE} transfers nothing: its descendants start from random "
    "weights, and all others are compared with it.",
    lambda row: row.strategy,
    lambda row: row.strategy,
)

ACCURACY: Column[Row] = Column(
    "accuracy, % (95 % CI)",
    "Accuracy of descendants on unseen images of novel classes after all their updates. The descendants of one seed "
    "are averaged; shown are the mean over seeds and its 95 % confidence interval (Student's t below 20 seeds, from 20 "
    "on the BCa bootstrap at a level that is widened for few seeds, after Hesterberg).",
    lambda row: row.accuracy_mean,
    lambda row: percent(row.accuracy_mean),
    lambda row: percent_interval(row.accuracy_ci_low, row.accuracy_ci_high),
)

MAIN: tuple[Column[Row], ...] = (
    STRATEGY,
    Column(
        "n",
        "Seeds. With each seed everything is done anew: evolution or pre-training, transfer, descendants. Intervals "
        "and tests are over seeds.",
        lambda row: row.seed_count,
        lambda row: count(row.seed_count),
    ),
    ACCURACY,
    Column(
        "median, %",
        "Median over seeds of the same accuracies.",
        lambda row: row.accuracy_median,
        lambda row: percent(row.accuracy_median),
    ),
    Column(
        "gain, points (95 % CI)",
        f"Accuracy minus that of {BASELINE} with the same seed, in percentage points: mean over seeds with its 95 % "
        "confidence interval. Descendants of one seed get the same classes, images, random weights and order of data "
        "under every strategy, so that they form pairs.",
        lambda row: math.nan if row.strategy == BASELINE else row.gain_over_scratch,
        lambda row: NOTHING if row.strategy == BASELINE else points(row.gain_over_scratch),
        lambda row: "" if row.strategy == BASELINE else points_interval(row.gain_ci_low, row.gain_ci_high),
    ),
    Column(
        "p",
        "Two-sided paired t-test of the gain over seeds, not corrected.",
        lambda row: row.p_value,
        lambda row: probability(row.p_value),
    ),
    Column(
        "p (Holm)",
        "The same after Holm's correction for all strategies of this table. A gain counts as supported where this is "
        "below 0.05.",
        lambda row: row.p_holm,
        lambda row: probability(row.p_holm),
    ),
    Column(
        "Wilcoxon p",
        "Two-sided Wilcoxon signed-rank test of the same pairs, not corrected. It assumes less than the t-test, and "
        "with n seeds it can't fall below 2 / 2ⁿ.",
        lambda row: row.p_wilcoxon,
        lambda row: probability(row.p_wilcoxon),
    ),
    Column(
        "Wilcoxon p (Holm)",
        "The same after Holm's correction.",
        lambda row: row.p_wilcoxon_holm,
        lambda row: probability(row.p_wilcoxon_holm),
    ),
    Column(
        "effect size",
        "Matched-pairs rank-biserial correlation of the gains: +1 if no seed loses, −1 if none gains, 0 if gains and "
        "losses balance; ties count for nothing.",
        lambda row: row.rank_biserial,
        lambda row: signed(row.rank_biserial),
    ),
    Column(
        "P(better), %",
        f"Probability of improvement: how often a seed of the strategy ends above a seed of {BASELINE} when both are "
        "drawn at random; a tie counts half.",
        lambda row: row.probability_of_improvement,
        lambda row: percent(row.probability_of_improvement),
    ),
    Column(
        "negative transfer, %",
        f"Share of descendants that end below the descendant of {BASELINE} with the same seed and number.",
        lambda row: row.negative_transfer,
        lambda row: percent(row.negative_transfer),
    ),
    Column(
        "seeds needed",
        "Least number of seeds at which the corrected t-test would show a gain of this size and spread in 80 of 100 "
        "comparisons (at 0.05 divided by the number of strategies that are tested), and no fewer than a conclusion "
        "takes. An order of magnitude, if it rests on a handful of seeds.",
        lambda row: row.seeds_needed,
        lambda row: count(row.seeds_needed),
    ),
)
"""Accuracies, gains and how sure they are."""

COSTS: tuple[Column[Row], ...] = (
    STRATEGY,
    Column(
        "parameters transferred, %",
        "Inherited parameters as a share of the descendant's, classifier head not counted.",
        lambda row: row.transferred_share,
        lambda row: percent(row.transferred_share),
    ),
    Column(
        "gradient steps",
        "Updates of any network at any width before transfer: ancestors, critics and pre-training, evolution included. "
        "Mean over seeds, as in all columns here.",
        lambda row: row.gradient_steps,
        lambda row: count(row.gradient_steps),
    ),
    Column(
        "evaluations",
        "Scorings of individuals before transfer, repeats counted.",
        lambda row: row.evaluations,
        lambda row: count(row.evaluations),
    ),
    Column(
        "multiply-adds",
        "Multiply-adds of the gradient steps, forward and backward.",
        lambda row: row.multiply_adds,
        lambda row: scientific(row.multiply_adds),
    ),
    Column(
        "critical path",
        "Gradient steps that must follow one another if every individual has a processor of its own.",
        lambda row: row.critical_path,
        lambda row: count(row.critical_path),
    ),
    Column(
        "core-seconds",
        "Time before transfer: wall-clock seconds times the processor cores that were at work (on a GPU: wall-clock "
        "seconds). What several strategies pre-train in common is charged to each of them. Times of different "
        "machines, or of one under different load, can't be compared.",
        lambda row: row.seconds,
        lambda row: NOTHING if math.isnan(row.seconds) else f"{row.seconds:,.1f}",
    ),
    Column(
        "bytes transferred",
        "Size of the file that holds what is transferred.",
        lambda row: row.transferred_bytes,
        lambda row: count(row.transferred_bytes),
    ),
)
"""What each strategy spent before transfer, everything included."""


DIFFERENCE: Column[Difference] = Column(
    "difference, points (95 % CI)",
    "Second minus first with the same seed, in percentage points: mean over the common seeds with its 95 % confidence "
    "interval.",
    lambda one: _paired(one).difference.mean,
    lambda one: points(_paired(one).difference.mean),
    lambda one: points_interval(_paired(one).difference.low, _paired(one).difference.high),
)

DIFFERENCES: tuple[Column[Difference], ...] = (
    Column("strategy", "The strategy, which both runs have.", lambda one: one.strategy, lambda one: one.strategy),
    Column(
        "common seeds",
        "Seeds that both runs have; the difference and its tests are over them.",
        lambda one: _paired(one).difference.count,
        lambda one: count(_paired(one).difference.count),
    ),
    Column(
        "first, % (95 % CI)",
        "Accuracy after all updates in the first run: mean over the common seeds with its 95 % confidence interval.",
        lambda one: one.first.mean,
        lambda one: percent(one.first.mean),
        lambda one: percent_interval(one.first.low, one.first.high),
    ),
    Column(
        "second, % (95 % CI)",
        "The same in the second run.",
        lambda one: one.second.mean,
        lambda one: percent(one.second.mean),
        lambda one: percent_interval(one.second.low, one.second.high),
    ),
    DIFFERENCE,
    Column(
        "p",
        "Two-sided paired t-test of the difference, not corrected.",
        lambda one: _paired(one).p_value,
        lambda one: probability(_paired(one).p_value),
    ),
    Column(
        "p (Holm)",
        "The same after Holm's correction for all strategies of this table.",
        lambda one: one.p_holm,
        lambda one: probability(one.p_holm),
    ),
    Column(
        "Wilcoxon p",
        "Two-sided Wilcoxon signed-rank test of the same pairs, not corrected.",
        lambda one: _paired(one).p_wilcoxon,
        lambda one: probability(_paired(one).p_wilcoxon),
    ),
    Column(
        "effect size",
        "Matched-pairs rank-biserial correlation: +1 if the second run is worse with no seed, −1 if it is better with "
        "none; ties count for nothing.",
        lambda one: _paired(one).rank_biserial,
        lambda one: signed(_paired(one).rank_biserial),
    ),
    Column(
        "P(better), %",
        "How often a seed of the second run ends above a seed of the first when both are drawn at random; a tie counts "
        "half.",
        lambda one: _paired(one).probability_of_improvement,
        lambda one: percent(_paired(one).probability_of_improvement),
    ),
)
"""One run against another."""


def in_order(items: Iterable[Item], by: Column[Item]) -> list[Item]:
    """Return items by falling value of a column of numbers, those without a value at the end."""
    numbers = [(item, float(by.value(item))) for item in items]
    return [item for item, _ in sorted(numbers, key=lambda pair: math.inf if math.isnan(pair[1]) else -pair[1])]


def _paired(one: Difference) -> Pairs:
    return NO_PAIRS if one.pairs is None else one.pairs

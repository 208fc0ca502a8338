"""The table of what a comparison is about against each other contestant."""

from __future__ import annotations

import math

from neuroevo.benchmarks.analysis.matches import evolved, subject_of
from neuroevo.benchmarks.analysis.opponents import Opponent, opponents
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.report.columns import Column, count, percent, points, points_interval, probability
from neuroevo.benchmarks.report.grids import Grid, grid

DIFFERENCE = Column[Opponent](
    "difference, points (95 % CI)",
    "Accuracy minus that of the other contestant with the same seed, in percentage points: mean over the common seeds "
    "with its 95 % confidence interval, not corrected.",
    lambda one: one.pairs.difference.mean,
    lambda one: points(one.pairs.difference.mean),
    lambda one: points_interval(one.pairs.difference.low, one.pairs.difference.high),
)
COLUMNS = (
    Column[Opponent]("against", "The other contestant.", lambda one: one.row.strategy, lambda one: one.row.strategy),
    DIFFERENCE,
    Column[Opponent](
        "p (Holm)",
        "Two-sided paired t-test of the difference over the common seeds, after Holm's correction for all lines of "
        "this table.",
        lambda one: one.p_holm,
        lambda one: probability(one.p_holm),
    ),
    Column[Opponent](
        "parameters transferred, %",
        "What the other contestant transfers: its share of the descendant's parameters, classifier head not counted.",
        lambda one: one.row.transferred_share,
        lambda one: percent(one.row.transferred_share),
    ),
    Column[Opponent](
        "common seeds",
        "Seeds that both have.",
        lambda one: one.pairs.difference.count,
        lambda one: count(one.pairs.difference.count),
    ),
    Column[Opponent](
        "seeds needed",
        "Least number of seeds at which the t-test would show a difference of this size and spread in 80 of 100 "
        "comparisons, each line tested alone. An order of magnitude, if it rests on a handful of seeds.",
        lambda one: _needed(one.pairs),
        lambda one: count(_needed(one.pairs)),
    ),
)


def _needed(pairs: Pairs) -> float:
    return math.nan if pairs.seeds_needed is None else float(pairs.seeds_needed)


def grid_of_opponents(name: str, behind: str, result: RunData) -> list[Grid]:
    """Return the table of a comparison in one condition; none where it has too few seeds or is about nothing.

    Args:
        name: What distinguishes it from the tables of other runs.
        behind: What its caption ends with.
        result: The comparison; budgets of the suite `pays` are matched otherwise.
    """
    subject = subject_of(result.rows, evolved(result.records))
    if subject is None or len(result.parts) != 1 or result.suite == "pays":
        return []
    found = opponents(subject, result.parts[0])
    caption = f"{subject} against each other contestant{behind}"
    return [grid(f"opponents{name}", caption, found, COLUMNS, by=DIFFERENCE)] if found else []

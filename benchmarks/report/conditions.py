"""The columns of tables over several conditions: one for each factor that varies, and the order of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neuroevo.benchmarks.analysis.conditions import Value, format_name, format_value, key_of, varying
from neuroevo.benchmarks.analysis.summary import Row, in_condition
from neuroevo.benchmarks.report.columns import ACCURACY, COSTS, Column, count, in_order


def factor_column(name: str, *, heading: str = "", legend: str = "") -> Column[Row]:
    """Return the column of a factor.

    Args:
        name: The factor's name.
        heading: The column's heading; by default the name, with blanks in place of underscores.
        legend: How its values come about; by default that it is a factor of the comparison.
    """
    return Column(
        heading or format_name(name),
        legend or "A factor of the comparison: strategies are compared within each of its values.",
        lambda row: _sorted_by(row.condition.get(name, "")),
        lambda row: _shown(row.condition.get(name, "")),
    )


COLUMNS: dict[str, Column[Row]] = {
    "dataset": factor_column(
        "dataset",
        heading="data set",
        legend="What descendants learn; accuracies on different data sets can't be compared, gains can.",
    ),
    "backbone": factor_column(
        "backbone", heading="heir", legend="Architecture of the descendants, with the factor on its channels."
    ),
    "shots": factor_column("shots", heading="images per class", legend="Images per class that descendants learn from."),
    "updates": factor_column(
        "updates",
        legend="Updates that descendants are trained for from the start, under a learning rate with a cycle of that "
        "length.",
    ),
}
"""Columns of factors that have a heading or a legend of their own; all others get those of `factor_column`."""


def column_of(name: str) -> Column[Row]:
    """Return the column of a factor, its own one where it has one."""
    return COLUMNS.get(name) or factor_column(name)


def with_condition(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> tuple[Column[Row], ...]:
    """Return columns with those of the factors in which these rows differ, behind the first."""
    return (columns[0], *map(column_of, varying(row.condition for row in rows)), *columns[1:])


def spending(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that hold all that was spent: those of one condition, unless heirs are of several kinds."""
    return in_condition(rows, rows[0].condition) if len(_heirs(rows)) == 1 else list(rows)


def costs_of(rows: Sequence[Row]) -> tuple[Column[Row], ...]:
    """Return the columns of costs for the rows of `spending`."""
    return with_condition(COSTS, spending(rows))


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Return rows condition by condition, within each by falling accuracy."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(key_of(row.condition), []).append(row)
    return [row for part in parts.values() for row in in_order(part, ACCURACY)]


def _heirs(rows: Sequence[Row]) -> set[tuple[object, object]]:
    return {(row.condition.get("dataset"), row.condition.get("backbone")) for row in rows}


def _sorted_by(value: Value) -> float | str:
    return value if isinstance(value, str) else float(value)


def _shown(value: Value) -> str:
    # Large whole numbers are read more easily with separators.
    return count(value) if isinstance(value, int) and not isinstance(value, bool) else format_value(value)

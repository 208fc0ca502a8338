"""The columns of tables whose descendants live in several conditions, and the order of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neuroevo.benchmarks.analysis.conditions import HEADINGS, Condition, varying
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.columns import ACCURACY, COSTS, Column, count, in_order

CONDITIONS: dict[str, Column[Row]] = {
    "dataset": Column(
        HEADINGS["dataset"],
        "What descendants learn; accuracies on different data sets can't be compared, gains can.",
        lambda row: row.dataset,
        lambda row: row.dataset,
    ),
    "backbone": Column(
        HEADINGS["backbone"],
        "Architecture of the descendants, with the factor on its channels.",
        lambda row: row.backbone,
        lambda row: row.backbone,
    ),
    "shots": Column(
        HEADINGS["shots"],
        "Images per class that descendants learn from.",
        lambda row: row.shots,
        lambda row: count(row.shots),
    ),
    "updates": Column(
        HEADINGS["updates"],
        "Updates that descendants are trained for from the start, under a learning rate whose cycle is so long.",
        lambda row: row.updates,
        lambda row: count(row.updates),
    ),
}
"""In what the descendants of a run may differ."""


def with_condition(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> tuple[Column[Row], ...]:
    """Return columns with those, behind the first, in which descendants of these rows differ."""
    return (columns[0], *(CONDITIONS[field] for field in varying(rows)), *columns[1:])


def spending(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that tell all that was spent: those of one condition, unless heirs are of several kinds."""
    return [row for row in rows if row.condition == rows[0].condition] if len(_heirs(rows)) == 1 else list(rows)


def costs_of(rows: Sequence[Row]) -> tuple[Column[Row], ...]:
    """Return the columns of costs for the rows of `spending`."""
    return with_condition(COSTS, spending(rows))


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Return rows condition by condition, within each by falling accuracy."""
    parts: dict[Condition, list[Row]] = {}
    for row in rows:
        parts.setdefault(row.condition, []).append(row)
    return [row for part in parts.values() for row in in_order(part, ACCURACY)]


def _heirs(rows: Sequence[Row]) -> set[tuple[str, str]]:
    return {(row.dataset, row.backbone) for row in rows}

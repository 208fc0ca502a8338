"""Tables as a page shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from neuroevo.benchmarks.analysis.conditions import varying
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report import tables
from neuroevo.benchmarks.report.columns import ACCURACY, NOTHING, Column, Item, in_order
from neuroevo.benchmarks.report.conditions import ordered, with_condition

WILCOXON = "Wilcoxon"
LEAST_WILCOXON = 6
"""Seeds from which on Wilcoxon's test can fall below 0.05: its least value is 2 / 2 ** n."""


@dataclass(frozen=True)
class Cell:
    """A cell: its text, what stands behind it in smaller letters, and what it is sorted by."""

    text: str
    interval: str = ""
    value: str = ""


@dataclass(frozen=True)
class Grid:
    """A table as the page shows it.

    Attributes:
        name: Distinguishes it from the page's other tables.
        caption: What it is.
        headings: Per column its name and whether it is sorted already (`descending`) or not (empty).
        rows: The cells; the first of each row names it.
        legend: Per column that has one its name and how its numbers come about.
        sortable: Whether there is something to sort.
        note: What is not shown, and why.
    """

    name: str
    caption: str
    headings: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    legend: tuple[tuple[str, str], ...] = ()
    sortable: bool = True
    note: str = ""


def grid_of_rows(name: str, caption: str, rows: Sequence[Row], columns: Sequence[Column[Row]]) -> Grid:
    """Return a sortable table of rows, condition by condition where there are several.

    Columns of dashes, and Wilcoxon's tests where no result could be significant, are left out and named in a note.
    """
    rows = [*rows]
    several = bool(varying(row.condition for row in rows))
    seeds = max(row.seed_count for row in rows)
    every = with_condition(columns, rows)
    empty = [one for one in every[1:] if all(one.cell(row) == NOTHING for row in rows)]
    weak = [one for one in every if one.heading.startswith(WILCOXON) and one not in empty and seeds < LEAST_WILCOXON]
    shown = [one for one in every if one not in empty and one not in weak]
    note = " ".join(
        f"Not shown: {', '.join(one.heading for one in left_out)}, {why}."
        for left_out, why in (
            (empty, "for which there are too few seeds or nothing to compare with"),
            (weak, f"which can't fall below 0.05 with fewer than {LEAST_WILCOXON} seeds"),
        )
        if left_out
    )
    return grid(name, caption, ordered(rows), shown, by=None if several else ACCURACY, note=note)


def grid(
    name: str,
    caption: str,
    items: Sequence[Item],
    columns: Sequence[Column[Item]],
    *,
    by: Column[Item] | None,
    note: str = "",
) -> Grid:
    """Return a sortable table with a legend, ordered by a column of numbers if one is given.

    Columns behind the first that say the same in all lines are left out, and the note has what they say.
    """
    same = {one.heading: cell for one in columns[1:] if one is not by and (cell := _only_cell(items, one))}
    shown = [one for one in columns if one.heading not in same]
    common = "; ".join(f"{heading} {cell}" for heading, cell in same.items())
    return Grid(
        name=name,
        caption=caption,
        headings=tuple((column.heading, "descending" if column is by else "") for column in shown),
        rows=tuple(
            tuple(Cell(column.text(item), column.interval(item), _sorted_by(column.value(item))) for column in shown)
            for item in (items if by is None else in_order(items, by))
        ),
        legend=tuple((column.heading, column.legend) for column in columns),
        note=" ".join(filter(None, (common and f"The same in all lines that have it: {common}.", note))),
    )


def _only_cell(items: Sequence[Item], column: Column[Item]) -> str:
    """Return the cell that all lines have that have one, two or more; nothing if they differ."""
    cells = [cell for item in items if (cell := column.cell(item)) != NOTHING]
    return cells[0] if len(cells) > 1 and len({*cells}) == 1 else ""


def texts(name: str, caption: str, table: tables.Table) -> Grid:
    """Return a table of texts, which can't be sorted."""
    return Grid(
        name=name,
        caption=caption,
        headings=tuple((heading, "") for heading in table.headings),
        rows=tuple(tuple(map(Cell, row)) for row in table.rows),
        sortable=False,
    )


def _sorted_by(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else repr(value)

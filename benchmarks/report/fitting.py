"""Tables that fit into a width: which columns are left out, and the lines that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuroevo.benchmarks.report.columns import NOTHING

BETWEEN, EDGES = 3, 2
"""Characters between two columns of a table, and at its edges."""


@dataclass(frozen=True)
class Fitted:
    """A table without some of its columns.

    Attributes:
        headings: The headings of the columns that are left.
        rows: Their cells.
        empty: Headings of the columns that had no cell.
        dropped: Headings of the columns that there was no room for.
        fits: Whether there is room for the others.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: Sequence[str] = ()
    dropped: Sequence[str] = ()
    fits: bool = True


def fit(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int | None,
    drop: Sequence[str],
    optional: Sequence[str] = (),
) -> Fitted:
    """Return a table without optional columns that are empty, and with those only that there is room for.

    Args:
        headings: Its headings; the first column names the rows and stays.
        rows: Its cells.
        width: Characters of a line; None if there is no bound.
        drop: Headings of columns that may be left out for lack of room, in this order.
        optional: Headings of columns that are left out if they are empty.
    """
    empty = [
        heading
        for place, heading in enumerate(headings[1:], start=1)
        if heading in optional and rows and all(row[place] in ("", NOTHING) for row in rows)
    ]
    kept = [heading for heading in headings if heading not in empty]
    dropped: list[str] = []
    for heading in drop:
        if _width(headings, rows, kept) <= (width or float("inf")):
            break
        if heading in kept:
            kept.remove(heading)
            dropped.append(heading)
    places = [headings.index(heading) for heading in kept]
    left = [[row[place] for place in places] for row in rows]
    shown = [heading for heading in headings if heading in dropped]
    return Fitted(kept, left, empty, shown, _width(headings, rows, kept) <= (width or float("inf")))


def notes(table: Fitted, *, width: int, why_empty: str = "no line has any") -> list[str]:
    """Return a sentence for the columns that are left out for each reason.

    Args:
        table: The table.
        width: Characters of a line.
        why_empty: Why columns are empty.
    """
    found = []
    if table.empty:
        found.append(f"Without {', '.join(table.empty)}: {why_empty}.")
    if table.dropped:
        found.append(f"{width} columns have no room for {', '.join(table.dropped)}; a wider terminal shows them.")
    return found


def as_list(table: Fitted) -> list[str]:
    """Return the lines of a table as a list: the first cell of each line, and the others with their headings."""
    lines = []
    for name, *cells in table.rows:
        lines.append(name)
        lines += [f"  {heading}: {cell}" for heading, cell in zip(table.headings[1:], cells, strict=True)]
    return lines


def _width(headings: Sequence[str], rows: Sequence[Sequence[str]], kept: Sequence[str]) -> int:
    places = [headings.index(heading) for heading in kept]
    cells = sum(max(map(len, (headings[place], *(row[place] for row in rows)))) for place in places)
    return cells + BETWEEN * (len(places) - 1) + EDGES

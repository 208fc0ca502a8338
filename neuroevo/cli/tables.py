"""Tables on stdout."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from neuroevo.benchmarks.analysis.conditions import HEADINGS, varying
from neuroevo.benchmarks.analysis.results import Difference
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.columns import DIFFERENCES, percent, probability

WIDTH = 118
CONDITION_WIDTH = 19
"""Characters of a column that tells a condition of descendants."""
NARROW = (0, 3, 4, 5, 7, 9)
"""The columns of the summary that a terminal of 80 characters has room for; the report has all."""
LEGEND = (
    "at 0, at 10, all: accuracy after so many updates of the descendants; gain: over scratch, in points, with paired "
    "t-test; share: parameters handed on, in %; steps, core-s: gradient steps and core-seconds before transfer."
)


def print_rows(rows: Sequence[Row], *, title: str) -> None:
    """Print the summary of a comparison, one line per strategy and condition of descendants."""
    fields = varying(rows)
    headings = ("strategy", "at 0", "at 10", "all", "95 % CI", "gain", "p", "p (Holm)", "share", "steps", "core-s")
    console = Console()
    shown = NARROW if console.is_terminal and console.width < WIDTH else range(len(headings))
    lines = [_cells(row) for row in rows]
    _print(
        [headings[0], *(HEADINGS[field] for field in fields), *(headings[place] for place in shown if place)],
        [
            [line[0], *(str(getattr(row, field)) for field in fields), *(line[place] for place in shown if place)]
            for row, line in zip(rows, lines, strict=True)
        ],
        title=title,
        width=WIDTH + CONDITION_WIDTH * len(fields),
    )
    console.print(LEGEND, soft_wrap=not console.is_terminal)


def print_differences(differences: Sequence[Difference], *, title: str) -> None:
    """Print how two runs differ, one line per strategy."""
    headings = ("strategy", "seeds", "A (95 % CI)", "B (95 % CI)", "B - A, points (95 % CI)", "p", "p (Holm)")
    columns = DIFFERENCES[: len(headings)]
    _print(headings, [[column.cell(one) for column in columns] for one in differences], title=title)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, title: str) -> None:
    """Print a table whose first column names the rows, and whose others hold numbers."""
    _print(headings, rows, title=title)


def _print(headings: Sequence[str], rows: Sequence[Sequence[str]], *, title: str, width: int = WIDTH) -> None:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        # A pipe has no width of its own, and what a narrow table leaves out can't be read again.
        console.width = max(console.width, width)
    console.print(table)


def _cells(row: Row) -> list[str]:
    interval = f"{percent(row.accuracy_ci_low)} to {percent(row.accuracy_ci_high)}"
    return [
        row.strategy,
        percent(row.accuracy_0),
        percent(row.accuracy_10),
        percent(row.accuracy_mean),
        "–" if math.isnan(row.accuracy_ci_low) else interval,
        "–" if math.isnan(row.gain_over_scratch) else f"{100 * row.gain_over_scratch:+.1f}",
        probability(row.p_value),
        probability(row.p_holm),
        percent(row.transferred_share),
        f"{row.gradient_steps:,}",
        f"{row.seconds:.1f}",
    ]

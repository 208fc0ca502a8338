"""Tables on stdout."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from neuroevo.benchmarks.analysis.conditions import varying
from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.terminal import LEGEND, table_of_differences, table_of_rows, text_table, title_of

WIDTH = 118
FACTOR_WIDTH = 19
"""Characters of the column of a factor."""


def print_result(result: RunData) -> None:
    """Print the summary of a comparison (see `print_rows`)."""
    print_rows(result.rows, title=title_of(result))


def print_rows(rows: Sequence[Row], *, title: str) -> None:
    """Print the summary of a comparison, one line per strategy and condition; a narrow terminal gets fewer columns."""
    console = Console()
    factors = varying(row.condition for row in rows)
    narrow = console.is_terminal and console.width < WIDTH
    _print(table_of_rows(rows, title=title, narrow=narrow), width=WIDTH + FACTOR_WIDTH * len(factors))
    console.print(LEGEND, soft_wrap=not console.is_terminal)


def print_differences(differences: Sequence[Difference], *, title: str) -> None:
    """Print how two runs differ, one line per strategy."""
    _print(table_of_differences(differences, title=title))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, title: str) -> None:
    """Print a table whose first column names the rows, and whose others hold numbers."""
    _print(text_table(headings, rows, title=title))


def _print(table: Table, *, width: int = WIDTH) -> None:
    console = Console()
    if not console.is_terminal:
        # A pipe has no width of its own, and what a narrow table leaves out can't be read again.
        console.width = max(console.width, width)
    console.print(table)

"""Tables on stdout: as wide as the terminal, with a line for whatever is left out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.fitting import Fitted, as_list, fit, notes
from neuroevo.benchmarks.report.terminal import (
    DROPPED,
    HEADINGS_OF_DIFFERENCES,
    cells_of_differences,
    cells_of_rows,
    legend,
    text_table,
    title_of,
)
from neuroevo.cli.status import status
from neuroevo.plain_text import printable_line

ANY_WIDTH = 10_000
"""Characters of a line of a pipe, which has no width of its own: what is left out there can't be read again."""


def print_result(result: RunData) -> None:
    """Print the summary of a comparison (see `print_rows`)."""
    print_rows(result.rows, title=title_of(result))


def print_rows(rows: Sequence[Row], *, title: str) -> None:
    """Print the summary of a comparison, one line per strategy and condition, and what its columns mean."""
    alone = max((row.seed_count for row in rows), default=0) < 2
    why = "one seed gives no interval and no test" if alone else "no line has any"
    table = print_table(*cells_of_rows(rows), title=title, drop=DROPPED, why_empty=why)
    _print_sentence(legend(table.headings))


def print_differences(differences: Sequence[Difference], *, title: str) -> None:
    """Print how two runs differ, one line per strategy, or a list where the terminal is too narrow for that."""
    cells = cells_of_differences(differences)
    why = "one common seed gives no interval and no test"
    print_table(HEADINGS_OF_DIFFERENCES, cells, title=title, why_empty=why)


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str,
    drop: Sequence[str] = (),
    why_empty: str = "no line has any",
) -> Fitted:
    """Print a table whose first column names the rows and whose others hold numbers; return what is shown of it.

    Args:
        headings: Its headings.
        rows: Its cells.
        title: Its title.
        drop: Headings of columns that may be left out for lack of room, in this order.
        why_empty: Why columns are empty.
    """
    status.clear()
    console = Console()
    width = console.width if console.is_terminal else ANY_WIDTH
    table = fit(headings, rows, width=width, drop=drop)
    if table.fits:
        console.width = width
        console.print(text_table(table.headings, table.rows, title=title))
    else:
        for line in (title, "", *as_list(table)):
            _print_sentence(line)
    for sentence in notes(table, width=width, why_empty=why_empty):
        _print_sentence(sentence)
    return table


def _print_sentence(text: str) -> None:
    """Print a sentence, broken between words on a terminal and nowhere in a pipe."""
    status.clear()
    console = Console()
    console.print(printable_line(text), markup=False, emoji=False, highlight=False, soft_wrap=not console.is_terminal)

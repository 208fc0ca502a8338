"""Tables on stdout: as wide as the terminal, with a line for whatever is left out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.statistics import FEWEST
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.fitting import Fitted, as_list, fit, notes
from neuroevo.benchmarks.report.terminal import (
    DROPPED,
    HEADINGS_OF_DIFFERENCES,
    INTERVAL,
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


SEVERAL_SEEDS = ("95 % CI", "p", "p (Holm)")
"""Headings of columns that take several seeds."""
FEW_SEEDS = f"fewer than {FEWEST} seeds give no interval and no test"


def print_result(result: RunData) -> None:
    """Print the summary of a comparison (see `print_rows`)."""
    print_rows(result.rows, title=title_of(result))


def print_rows(rows: Sequence[Row], *, title: str) -> None:
    """Print the summary of a comparison, one line per strategy and condition, and what its columns mean."""
    few = max((row.seed_count for row in rows), default=0) < FEWEST
    optional = SEVERAL_SEEDS if few else ()
    table = print_table(*cells_of_rows(rows), title=title, drop=DROPPED, optional=optional, why_empty=FEW_SEEDS)
    print_sentence(legend(table.headings))


def print_differences(differences: Sequence[Difference], *, title: str) -> None:
    """Print how two runs differ, one line per strategy, or a list where the terminal is too narrow for that."""
    cells = cells_of_differences(differences)
    headings = _without_intervals(HEADINGS_OF_DIFFERENCES, cells)
    print_table(headings, cells, title=title, optional=SEVERAL_SEEDS, why_empty=FEW_SEEDS)


def _without_intervals(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return headings that promise an interval only where some cell has one."""
    return [
        heading if any(" to " in row[place] for row in rows) else heading.removesuffix(INTERVAL)
        for place, heading in enumerate(headings)
    ]


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str,
    drop: Sequence[str] = (),
    optional: Sequence[str] = (),
    why_empty: str = "no line has any",
) -> Fitted:
    """Print a table whose first column names the rows and whose others hold numbers; return what is shown of it.

    Args:
        headings: Its headings.
        rows: Its cells.
        title: Its title.
        drop: Headings of columns that may be left out for lack of room, in this order.
        optional: Headings of columns that are left out if they are empty.
        why_empty: Why columns are empty.
    """
    status.clear()
    console = Console()
    width = console.width if console.is_terminal else ANY_WIDTH
    table = fit(headings, rows, width=width, drop=drop, optional=optional)
    if table.fits:
        console.width = width
        print_sentence(title)
        _print_trimmed(console, text_table(table.headings, table.rows, title=""))
    else:
        for line in (title, "", *as_list(table)):
            print_sentence(line)
    for sentence in notes(table, width=width, why_empty=why_empty):
        print_sentence(sentence)
    return table


def _print_trimmed(console: Console, table: Table) -> None:
    """Print a table without blanks at the end of its lines: a window that is narrower than a pipe would break them."""
    with console.capture() as captured:
        console.print(table)
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def print_sentence(text: str) -> None:
    """Print a sentence of any origin, broken between words on a terminal and nowhere in a pipe."""
    status.clear()
    console = Console()
    console.print(printable_line(text), markup=False, emoji=False, highlight=False, soft_wrap=not console.is_terminal)

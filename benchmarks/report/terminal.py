"""Tables for a terminal; the report has more columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from neuroevo.benchmarks.analysis.conditions import varying
from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.analysis.support import supported_difference
from neuroevo.benchmarks.report.columns import (
    DIFFERENCES,
    NOTHING,
    STRATEGY,
    Column,
    Item,
    count,
    percent,
    percent_interval,
    points,
    probability,
)
from neuroevo.benchmarks.report.conditions import column_of
from neuroevo.benchmarks.report.evolution import GENERATION_COLUMNS, evenly
from neuroevo.benchmarks.report.searches import SEARCH_COLUMNS
from neuroevo.benchmarks.report.tables import figures, tabulate_figures
from neuroevo.plain_text import printable_line

LEGEND = {
    ("at 0", "at 10", "all"): "accuracy after that number of updates of the descendants",
    ("gain",): "over scratch, in points",
    ("p",): "of a paired t-test of the gain, not corrected",
    ("p (Holm)",): "of a paired t-test of the gain, after Holm's correction",
    ("share",): "parameters transferred in %",
    ("steps",): "gradient steps before transfer",
    ("core-s",): "core-seconds before transfer, which depend on the machine and its load",
}
"""What columns of a comparison mean."""
INTERVAL = " (95 % CI)"
"""What a heading says of cells that have one."""
HEADINGS_OF_DIFFERENCES = (
    "strategy",
    "seeds",
    f"A{INTERVAL}",
    f"B{INTERVAL}",
    f"B - A, points{INTERVAL}",
    "p",
    "p (Holm)",
)
DROPPED = ("p", "core-s", "share", "at 10", "at 0", "steps", "95 % CI")
"""The columns that a narrow terminal has no room for, the first ones first."""


def _column(heading: str, text: Callable[[Row], str]) -> Column[Row]:
    return Column(heading, "", text, text)


COLUMNS: tuple[Column[Row], ...] = (
    STRATEGY,
    _column("at 0", lambda row: percent(row.accuracy_0)),
    _column("at 10", lambda row: percent(row.accuracy_10)),
    _column("all", lambda row: percent(row.accuracy_mean)),
    _column("95 % CI", lambda row: percent_interval(row.accuracy_ci_low, row.accuracy_ci_high) or NOTHING),
    _column("gain", lambda row: points(row.gain_over_scratch)),
    _column("p", lambda row: probability(row.p_value)),
    _column("p (Holm)", lambda row: probability(row.p_holm)),
    _column("share", lambda row: percent(row.transferred_share)),
    _column("steps", lambda row: count(row.gradient_steps)),
    _column("core-s", lambda row: NOTHING if math.isnan(row.seconds) else f"{row.seconds:.1f}"),
)


def table_of(result: RunData) -> Table:
    """Return the table of a run: of a comparison, of searches, of generations, or of a measurement."""
    if result.rows:
        return table_of_rows(result.rows, title=title_of(result))
    if result.searches:
        return table_of_items(result.searches, SEARCH_COLUMNS, title=result.title)
    if result.generations:
        shown, count_all = evenly(result.generations), len(result.generations)
        some = f"; {len(shown)} of {count_all} generations" if len(shown) < count_all else ""
        return table_of_items(shown, GENERATION_COLUMNS, title=f"{result.title}{some}")
    found = tabulate_figures(figures(result.records))
    return text_table(found.headings, found.rows, title=result.title)


def title_of(result: RunData) -> str:
    """Return the title of a comparison's table."""
    seeds = result.comparison["seeds"]
    return f"Accuracy in % on {result.title}; {format_seeds(seeds)}, n = {len(seeds)}"


def format_seeds(seeds: Sequence[int]) -> str:
    """Return seeds as a phrase, `seeds 0 to 2` where they follow each other."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if list(seeds) == [*range(seeds[0], seeds[0] + len(seeds))]:
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seeds {', '.join(map(str, seeds))}"


def legend(headings: Sequence[str]) -> str:
    """Return what the columns of a comparison mean, those that are shown."""
    parts = [
        f"{', '.join(name for name in names if name in headings)}: {text}"
        for names, text in LEGEND.items()
        if {*names} & {*headings}
    ]
    return f"{'; '.join(parts)}."


def cells_of_rows(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of the summary of a comparison, one line per strategy and condition."""
    factors = [column_of(name) for name in varying(row.condition for row in rows)]
    columns = (COLUMNS[0], *factors, *COLUMNS[1:])
    return [one.heading for one in columns], [[one.cell(row) for one in columns] for row in rows]


def table_of_rows(rows: Sequence[Row], *, title: str) -> Table:
    """Return the summary of a comparison, one line per strategy and condition."""
    return text_table(*cells_of_rows(rows), title=title)


def cells_of_differences(differences: Sequence[Difference]) -> list[list[str]]:
    """Return how two runs differ, one line per strategy, under `HEADINGS_OF_DIFFERENCES`."""
    columns = DIFFERENCES[: len(HEADINGS_OF_DIFFERENCES)]
    return [[column.cell(one) for column in columns] for one in map(supported_difference, differences)]


def table_of_items(items: Sequence[Item], columns: Sequence[Column[Item]], *, title: str) -> Table:
    """Return a line for each item and a column for each of its columns."""
    cells = [[column.cell(item) for column in columns] for item in items]
    return text_table([column.heading for column in columns], cells, title=title)


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, title: str) -> Table:
    """Return a table whose first column names the rows, and whose others hold numbers.

    Names may come from files of others: no text is taken for markup, and none holds commands for the terminal.
    """
    table = Table(title=_text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(_text(headings[0]), no_wrap=True)
    for heading in headings[1:]:
        table.add_column(_text(heading), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _text(words: str) -> Text:
    return Text(printable_line(words))

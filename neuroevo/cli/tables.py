"""Tables on stdout."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from neuroevo.benchmarks.summary import Row


def print_rows(rows: Sequence[Row], *, title: str) -> None:
    """Print the summary of a comparison, one line per strategy."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("strategy", no_wrap=True)
    for heading in (
        "after 0",
        "after 10",
        "all updates",
        "95 % CI",
        "gain",
        "p",
        "p (Holm)",
        "transferred",
        "steps",
        "seconds",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.strategy,
            percent(row.accuracy_0),
            percent(row.accuracy_10),
            percent(row.accuracy_mean),
            "–"
            if math.isnan(row.accuracy_ci_low)
            else f"{percent(row.accuracy_ci_low)} to {percent(row.accuracy_ci_high)}",
            _signed(row.gain_over_scratch),
            probability(row.p_value),
            probability(row.p_holm),
            percent(row.transferred_share),
            f"{row.gradient_steps:,}",
            f"{row.seconds:.1f}",
        )
    console = Console()
    # A file or a pipe has no width of its own, and a table that is cut there can't be read again.
    console.width = max(console.width, 120)
    console.print(table)


def percent(value: float) -> str:
    """Return a share as a percentage with one digit; a dash for NaN."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def probability(value: float) -> str:
    """Return a p-value with two significant digits; a dash for NaN."""
    if math.isnan(value):
        return "–"
    return "<0.0001" if value < 0.0001 else f"{value:.2g}"


def _signed(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:+.1f}"

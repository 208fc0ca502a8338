"""Tables on stdout."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from neuroevo.benchmarks.summary import Row

WIDTH = 112
LEGEND = (
    "at 0, at 10, all: accuracy after so many updates of the descendants; gain: over scratch, in points, with paired\n"
    "t-test; share: parameters handed on, in %; steps, seconds: gradient steps and time before transfer, per seed\n"
    "(pre-training: on one core each, side by side; populations: on all)."
)


def print_rows(rows: Sequence[Row], *, title: str) -> None:
    """Print the summary of a comparison, one line per strategy."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("strategy", no_wrap=True)
    for heading in ("at 0", "at 10", "all", "95 % CI", "gain", "p", "p (Holm)", "share", "steps", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    console = Console()
    # A pipe has no width of its own, and what a narrow table leaves out can't be read again.
    console.width = max(console.width, WIDTH)
    console.print(table)
    console.print(LEGEND)


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


def percent(value: float) -> str:
    """Return a share as a percentage with one digit; a dash for NaN."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def probability(value: float) -> str:
    """Return a p-value with two significant digits; a dash for NaN."""
    if math.isnan(value):
        return "–"
    return "<0.0001" if value < 0.0001 else f"{value:.2g}"

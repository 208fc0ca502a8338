"""The picture of descendants in several conditions: how far each strategy gets in each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroevo.benchmarks.analysis.summary import BASELINE, Row
from neuroevo.benchmarks.report.plots.intervals import accuracy_bar, describe_seeds, draw_bars
from neuroevo.benchmarks.report.plots.style import (
    SMALL,
    add_legend,
    new_figure,
    save_png,
    settled,
    show_accuracy,
    wrapped,
)

LETTERS = 68
"""Letters of the names of all conditions side by side."""
SPREAD = 0.5
"""Width of what stands side by side in a condition, of the distance between two conditions."""


def draw_conditions(parts: Mapping[str, Sequence[Row]], *, title: str) -> Figure:
    """Draw accuracies after all updates, and below them the gains over `scratch`, condition by condition.

    Strategies stand side by side with their 95 % confidence intervals over seeds, joined by a thin line that helps the
    eye and means nothing between conditions.

    Args:
        parts: By the name of each condition its rows, one per strategy.
        title: What was compared on.

    Raises:
        ValueError: There is no condition.
    """
    if not parts:
        raise ValueError("parts must hold at least one condition, but they are empty.")
    names = list(dict.fromkeys(row.strategy for rows in parts.values() for row in rows))
    figure = new_figure(height=5.4, title=title)
    above, below = figure.subplots(2, 1, sharex=True)
    lines = [_draw_accuracy(above, name, number, len(names), parts) for number, name in enumerate(names)]
    for number, name in enumerate(names):
        if name != BASELINE:
            _draw_gain(below, name, number, len(names), parts)
    above.margins(y=0.2)
    show_accuracy(above)
    below.axhline(0, color="black", linewidth=1)
    below.set_ylabel(f"gain over {BASELINE} in points")
    below.grid(alpha=0.3)
    below.set_xticks(
        range(len(parts)), [wrapped(name, max(8, LETTERS // len(parts))) for name in parts], fontsize=SMALL
    )
    seeds = max(row.seed_count for rows in parts.values() for row in rows)
    add_legend(figure, lines, title=describe_seeds(seeds))
    return settled(figure)


def plot_conditions(parts: Mapping[str, Sequence[Row]], path: Path, *, title: str) -> None:
    """Draw what `draw_conditions` draws and save it as PNG."""
    save_png(draw_conditions(parts, title=title), path)


def _draw_accuracy(
    axes: Axes, strategy: str, number: int, strategies: int, parts: Mapping[str, Sequence[Row]]
) -> Line2D:
    rows = _rows_of(strategy, parts)
    bars = [accuracy_bar(row.accuracy_ci_low, row.accuracy_mean, row.accuracy_ci_high) for row in rows]
    return draw_bars(axes, number, _places(len(bars), number, strategies), bars, label=strategy, width=0.6)


def _draw_gain(axes: Axes, strategy: str, number: int, strategies: int, parts: Mapping[str, Sequence[Row]]) -> None:
    rows = _rows_of(strategy, parts)
    bars = [(100 * row.gain_ci_low, 100 * row.gain_over_scratch, 100 * row.gain_ci_high) for row in rows]
    draw_bars(axes, number, _places(len(bars), number, strategies), bars, label=strategy, width=0.6)


def _rows_of(strategy: str, parts: Mapping[str, Sequence[Row]]) -> list[Row]:
    return [row for rows in parts.values() for row in rows if row.strategy == strategy]


def _places(count: int, number: int, strategies: int) -> list[float]:
    """Return where a strategy stands in each condition, a little to the side of others."""
    shift = SPREAD * (number / max(1, strategies - 1) - 0.5)
    return [place + shift for place in range(count)]

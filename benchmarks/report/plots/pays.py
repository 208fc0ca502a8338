"""The picture of the suite `pays`: accuracy against each kind of cost, a line for every strategy over its budgets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from neuroevo.benchmarks.analysis.duels import SPENT, lines
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.plots.intervals import accuracy_bar, describe_seeds, draw_bars
from neuroevo.benchmarks.report.plots.style import SMALL, Look, add_legend, new_figure, save_png, settled


def draw_pays(rows: Sequence[Row], *, title: str) -> Figure:
    """Draw accuracy after all updates against gradient steps, multiply-adds, core-seconds and critical path.

    Costs stand on axes of powers of ten; what costs nothing is a dotted line through all of them. Bars are 95 %
    confidence intervals over seeds.

    Args:
        rows: One per contestant, at least one.
        title: What was compared on.

    Raises:
        ValueError: There is no row.
    """
    if not rows:
        raise ValueError("rows must hold at least one contestant's, but they are empty.")
    figure = new_figure(height=5.4, title=title)
    panels = figure.subplots(2, 2, sharey=True)
    handles: list[Line2D] = []
    for axes, (cost, words) in zip(panels.flat, SPENT.items(), strict=True):
        handles = [_draw(axes, name, number, line, cost) for number, (name, line) in enumerate(lines(rows).items())]
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(words, fontsize=SMALL)
        axes.grid(alpha=0.3)
    figure.supylabel("accuracy on unseen images in %")
    seeds = max(row.seed_count for row in rows)
    add_legend(figure, handles, title=describe_seeds(seeds))
    return settled(figure)


def plot_pays(rows: Sequence[Row], path: Path, *, title: str) -> None:
    """Draw what `draw_pays` draws and save it as PNG."""
    save_png(draw_pays(rows, title=title), path)


def _draw(axes: Axes, strategy: str, number: int, rows: Sequence[Row], cost: str) -> Line2D:
    if not any(row.gradient_steps for row in rows):
        height = 100 * rows[0].accuracy_mean
        return axes.axhline(height, color=Look.of(number).colour, linestyle=":", label=strategy)
    spent = [float(getattr(row, cost)) for row in rows]
    known = [*rows]
    bars = [accuracy_bar(row.accuracy_ci_low, row.accuracy_mean, row.accuracy_ci_high) for row in known]
    return draw_bars(axes, number, spent, bars, label=strategy, width=1.2)

"""The picture of a run of `evolve`: best and mean score of each generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from neuroevo.benchmarks.analysis.evolution import GenerationRow
from neuroevo.benchmarks.report.plots.style import Look, add_legend, new_figure, settled

MARKS = 12
"""Marks on a line, about."""


def draw_generations(runs: Mapping[str, Sequence[GenerationRow]], *, title: str) -> Figure:
    """Draw the best score of each generation as a line, and the mean score as a thin one.

    Args:
        runs: Generations by the strategy's name, at least one.
        title: What was evolved.

    Raises:
        ValueError: There is no generation.
    """
    if not any(runs.values()):
        raise ValueError("runs must hold at least one generation, but they are empty.")
    figure = new_figure(height=3.2, title=title)
    axes = figure.subplots()
    drawn = [draw_scores(axes, name, rows, Look.of(number)) for number, (name, rows) in enumerate(runs.items())]
    axes.set_xlabel("generation")
    axes.set_ylabel("score")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    add_legend(figure, [line for pair in drawn for line in pair])
    return settled(figure)


def draw_scores(axes: Axes, name: str, rows: Sequence[GenerationRow], look: Look) -> list[Line2D]:
    """Draw the best and the mean score of a strategy's generations; return both lines."""
    numbers = [row.generation + 1 for row in rows]
    (best,) = axes.plot(
        numbers,
        [row.best for row in rows],
        color=look.colour,
        linestyle=look.line,
        linewidth=1.6,
        marker=look.marker,
        markersize=4,
        markevery=max(1, len(rows) // MARKS),
        label=f"{name}: best",
    )
    (mean,) = axes.plot(
        numbers, [row.mean for row in rows], color=look.colour, linewidth=0.8, alpha=0.6, label=f"{name}: mean"
    )
    return [best, mean]

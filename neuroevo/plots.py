"""Pictures on axes of your own: of a run while you explore it, or for a paper.

Each function draws on the axes that it is given, or on those of a new figure, and returns them; `.figure` at the end of
a cell shows it in a notebook. The pictures of `report.html` are made likewise.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuroevo.benchmarks.analysis.summary import Record
from neuroevo.benchmarks.report.evolution import by_strategy
from neuroevo.benchmarks.report.plots.generations import draw_scores
from neuroevo.benchmarks.report.plots.style import WIDTH, Look, draw_line, estimates, show_accuracy
from neuroevo.benchmarks.report.plots.tree import draw_lineages
from neuroevo.benchmarks.suites.result import Result, read_result
from neuroevo.individual import Individual
from neuroevo.operators.fronts import front_numbers
from neuroevo.strategies.search.nsga2 import values_of

if TYPE_CHECKING:
    from neuroevo.strategies import MAPElites

HEIGHT = 3.2
"""Height of a new figure in inches."""


def plot_fitness(run: Result | Path | str, *, axes: Axes | None = None) -> Axes:
    """Draw the best and the mean fitness of each generation, for each strategy and seed of a run.

    Args:
        run: A result, or the run directory of `evolve` or a comparison.
        axes: Where to draw.

    Raises:
        ValueError: The run holds no generation.
    """
    result = _read(run)
    if not result.generations:
        raise ValueError(f"run must hold generations, but {result.path} holds none.")
    axes = axes or _new_axes()
    for number, (name, rows) in enumerate(by_strategy(result.generations).items()):
        draw_scores(axes, name, rows, Look.of(number))
    axes.set_xlabel("generation")
    axes.set_ylabel("fitness")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return axes


def plot_learning_curves(run: Result | Path | str, *, part: int = 0, axes: Axes | None = None) -> Axes:
    """Draw the mean accuracy of descendants over their updates, with the 95 % interval over seeds, for each strategy.

    Args:
        run: The result of a comparison, or its run directory.
        part: Which of the run's conditions, by its place.
        axes: Where to draw.

    Raises:
        ValueError: The run has no descendants in such a condition.
    """
    result = _read(run)
    if not 0 <= part < len(result.parts) or not result.parts[part].curves:
        raise ValueError(f"part must be one of the {len(result.parts)} conditions of {result.path}, but it is {part}.")
    axes = axes or _new_axes()
    for number, curve in enumerate(result.parts[part].curves):
        points = estimates(curve)
        draw_line(axes, curve, curve.updates, points, number)
        if len(curve.accuracy) > 1:
            low, high = [one.low for one in points], [one.high for one in points]
            axes.fill_between(curve.updates, low, high, color=Look.of(number).colour, alpha=0.15, linewidth=0)
    axes.set_xlabel("updates of the descendant")
    show_accuracy(axes)
    axes.legend()
    return axes


def plot_front(individuals: Sequence[Individual], *, axes: Axes | None = None) -> Axes:
    """Draw individuals by their first two objectives; those that no other one dominates are joined by a line.

    Args:
        individuals: Scored ones; those that failed are left out.
        axes: Where to draw.

    Raises:
        ValueError: There is none, or they have one objective only.
    """
    sound = [one for one in individuals if not one.fitness.failed]
    if not sound or len(sound[0].fitness.values) < 2:
        raise ValueError("individuals must be scored by two objectives at least, one of them or more without failure.")
    axes = axes or _new_axes()
    values = np.array([one.fitness.values[:2] for one in sound])
    # All objectives count, also where two are shown.
    front = values[_front(sound)]
    axes.scatter(values[:, 0], values[:, 1], s=12, color="#999999", label="dominated")
    ordered = front[np.argsort(front[:, 0])]
    axes.plot(ordered[:, 0], ordered[:, 1], "o-", color=Look.of(4).colour, markersize=4, linewidth=1, label="front")
    axes.set_xlabel("first objective")
    axes.set_ylabel("second objective")
    axes.legend()
    return axes


def plot_archive(strategy: MAPElites, *, axes: Axes | None = None) -> Axes:
    """Draw the archive of MAP-Elites over two measures: the best objective of each cell, with a scale of colours.

    Args:
        strategy: The search, with two measures.
        axes: Where to draw.

    Raises:
        ValueError: It has another number of measures.
    """
    archive = strategy.archive
    if len(archive.dims) != 2:
        raise ValueError(f"strategy must have two measures to be drawn, but it has {len(archive.dims)}.")
    axes = axes or _new_axes()
    cells = np.full(archive.dims, np.nan)
    found = archive.data(["index", "objective"])
    cells[tuple(archive.int_to_grid_index(found["index"]).T)] = found["objective"]
    edges = archive.boundaries
    mesh = axes.pcolormesh(edges[0], edges[1], np.ma.masked_invalid(cells.T), cmap="viridis")
    axes.figure.colorbar(mesh, ax=axes, label="objective, greater is better")
    axes.set_xlabel("first measure")
    axes.set_ylabel("second measure")
    return axes


def plot_gene_tree(records: Sequence[Record], *, axes: Axes | None = None) -> Axes:
    """Draw the individuals of each generation, best on top, with lines from parents to children.

    Args:
        records: The generations of one strategy and seed, as `Result.records` holds them.
        axes: Where to draw.

    Raises:
        ValueError: There is no individual, or the records are of several strategies or seeds.
    """
    axes = axes or _new_axes()
    draw_lineages(axes, records)
    axes.set_xlabel("generation")
    return axes


def _read(run: Result | Path | str) -> Result:
    return run if isinstance(run, Result) else read_result(run)


class Shown(Figure):
    """A figure that notebooks show: those of matplotlib are shown if pyplot made them."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png")
        return content.getvalue()


def _new_axes() -> Axes:
    figure = Shown(figsize=(WIDTH, HEIGHT), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes: Axes = figure.subplots()
    return axes


def _front(individuals: Sequence[Individual]) -> list[int]:
    return [place for place, number in enumerate(front_numbers(values_of(individuals)).tolist()) if number == 0]

"""Pictures of searches: the best value so far against evaluations, one panel for each problem."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroevo.benchmarks.analysis.searches import SearchCurve
from neuroevo.benchmarks.report.plots.style import Look, add_legend, new_figure, settled

MARKS = 8
"""Marks on a line, about."""
FLOOR = 1e-12
"""What is less counts as 0 in a picture."""
PANEL = 2.3
"""Height of one panel in inches."""


def draw_searches(curves: Sequence[SearchCurve], *, title: str) -> Figure:
    """Draw the median over seeds of the best value so far, with the range between the quartiles.

    Values that are minimised and not below 0 stand on a logarithmic scale, which ends at 1e-12. A strategy looks
    the same in all panels.

    Args:
        curves: One for each problem and strategy, at least one.
        title: What was searched.

    Raises:
        ValueError: There is no curve.
    """
    if not curves:
        raise ValueError("curves must hold at least one, but they are empty.")
    problems = list(dict.fromkeys(one.problem for one in curves))
    numbers = {name: place for place, name in enumerate(dict.fromkeys(one.strategy for one in curves))}
    figure = new_figure(height=PANEL * len(problems), title=title)
    panels = figure.subplots(len(problems), squeeze=False)[:, 0]
    lines: dict[str, Line2D] = {}
    for axes, problem in zip(panels, problems, strict=True):
        for one in curves:
            if one.problem == problem:
                lines.setdefault(one.strategy, _draw(axes, one, Look.of(numbers[one.strategy])))
        _name(axes, problem, [one for one in curves if one.problem == problem])
    panels[-1].set_xlabel("evaluations")
    seeds = max(len(one.best) for one in curves)
    words = "one seed" if seeds == 1 else f"median over {seeds} seeds; bands: quartiles"
    add_legend(figure, list(lines.values()), title=words)
    return settled(figure)


def _draw(axes: Axes, one: SearchCurve, look: Look) -> Line2D:
    # Without evaluations in common, as of seeds that ended early, the shorter one decides.
    length = min(len(one.evaluations), *map(len, one.best))
    best = np.array([seed[:length] for seed in one.best])
    low, middle, high = np.quantile(best, (0.25, 0.5, 0.75), axis=0)
    spent = one.evaluations[:length]
    (line,) = axes.plot(
        spent,
        middle,
        color=look.colour,
        linestyle=look.line,
        linewidth=1.4,
        marker=look.marker,
        markersize=3.5,
        markevery=max(1, length // MARKS),
        label=one.strategy,
    )
    if len(best) > 1:
        axes.fill_between(spent, low, high, color=look.colour, alpha=0.1, linewidth=0)
    return line


def _name(axes: Axes, problem: str, curves: Sequence[SearchCurve]) -> None:
    values = [value for one in curves for seed in one.best for value in seed if math.isfinite(value)]
    above = [value for value in values if value > 0]
    if curves[0].weight < 0 and above and min(values) >= 0:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(bottom=max(FLOOR, min(above) / 2))
    axes.set_title(problem, fontsize="medium", loc="left", parse_math=False)
    axes.set_ylabel("best value" if curves[0].weight > 0 else "least value")
    axes.grid(alpha=0.3)

"""Lines of values with their confidence intervals, for the pictures that have a value at each of several places."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from neuroevo.benchmarks.analysis.statistics import FEWEST
from neuroevo.benchmarks.report.plots.style import Look
from neuroevo.benchmarks.report.verdicts import seed_count

Bar = tuple[float, float, float]
"""Lower end, value and upper end; ends that are not finite are not drawn."""


def accuracy_bar(low: float, mean: float, high: float) -> Bar:
    """Return an accuracy in [0, 1] and its interval in %, cut off where accuracies end."""
    # In this order NaN stays NaN.
    return max(100 * low, 0.0), 100 * mean, min(100 * high, 100.0)


def draw_bars(
    axes: Axes, number: int, places: Sequence[float], bars: Sequence[Bar], *, label: str, width: float
) -> Line2D:
    """Draw values, their intervals as upright lines, and a line through the values, and return the last.

    Args:
        axes: Where to draw.
        number: The place of the strategy among all, which says how it looks.
        places: Where each value stands.
        bars: Values with their intervals.
        label: The strategy's name.
        width: Of the line through the values, in points.
    """
    look = Look.of(number)
    for place, (low, _, high) in zip(places, bars, strict=True):
        if math.isfinite(low) and math.isfinite(high):
            axes.plot([place, place], [low, high], color=look.colour, linewidth=1.1)
    (line,) = axes.plot(
        places,
        [value for _, value, _ in bars],
        color=look.colour,
        marker=look.marker,
        linestyle=look.line,
        markersize=4.5,
        linewidth=width,
        label=label,
    )
    return line


def describe_seeds(seeds: int) -> str:
    """Return what points and bars stand for."""
    if seeds < FEWEST:
        return f"{seed_count(seeds)}: no confidence interval"
    return f"mean over {seeds} seeds, 95\u00a0% intervals"

"""Pictures of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neuroevo.benchmarks.statistics import Estimate, estimate
from neuroevo.benchmarks.summary import Curve

# Okabe and Ito's colours, distinguishable for the colour-blind; markers tell apart what colours might not.
COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#8A8A00")
MARKERS = "osD^vPX*"
LINES = ("-", "--", ":", "-.")


def plot_curves(curves: Sequence[Curve], path: Path, *, title: str) -> None:
    """Draw the learning curves of a comparison (see `draw_curves`) and save them as PNG."""
    draw_curves(curves, title=title).savefig(path, metadata={"Software": None})


def draw_curves(curves: Sequence[Curve], *, title: str) -> Figure:
    """Draw the mean learning curve of each strategy with its 95 % confidence band over seeds.

    The legend stands beside the curves and names the best strategy first; a strategy's colour follows its place in
    `curves`. Where a seed's accuracy is not finite, its strategy has a gap; with one seed there are no bands.

    Args:
        curves: One curve per strategy, at least one.
        title: What was compared on.

    Raises:
        ValueError: There is no curve.
    """
    if not curves:
        raise ValueError("curves must hold at least one strategy's, but they are empty.")
    figure = Figure(figsize=(9, 5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    finals = [_draw_curve(axes, curve, number) for number, curve in enumerate(curves)]
    axes.set_title(title)
    axes.set_xlabel("updates of the descendant")
    axes.set_ylabel("accuracy on unseen images in %")
    axes.set_ylim(bottom=0, top=min(102.0, axes.get_ylim()[1]))
    axes.grid(alpha=0.3)
    handles = axes.get_lines()
    figure.legend(
        handles=[handles[number] for number in sorted(range(len(finals)), key=finals.__getitem__, reverse=True)],
        title="strategy (accuracy at the end)",
        loc="outside right upper",
        frameon=False,
        fontsize="small",
        title_fontsize="small",
    )
    figure.supxlabel(_in_words(max(len(curve.accuracy) for curve in curves)), fontsize="small")
    return figure


def _draw_curve(axes: Axes, curve: Curve, number: int) -> float:
    """Draw one curve and return what the legend sorts by."""
    points = [estimate([100 * seed[i] for seed in curve.accuracy]) for i in range(len(curve.updates))]
    colour, final = COLOURS[number % len(COLOURS)], points[-1].mean
    axes.plot(
        curve.updates,
        [point.mean for point in points],
        color=colour,
        marker=MARKERS[number % len(MARKERS)],
        linestyle=LINES[number // len(COLOURS) % len(LINES)],
        markersize=4,
        label=f"{curve.strategy} ({'not finite' if math.isnan(final) else f'{final:.1f} %'})",
    )
    if any(math.isfinite(point.low) for point in points):
        axes.fill_between(curve.updates, *_band(points), color=colour, alpha=0.15, linewidth=0)
    return -math.inf if math.isnan(final) else final


def _band(points: Sequence[Estimate]) -> tuple[list[float], list[float]]:
    """Return the ends of the interval, cut to what an accuracy can be: few seeds give wide intervals."""
    # max and min keep a NaN that comes first.
    return [max(point.low, 0.0) for point in points], [min(point.high, 100.0) for point in points]


def _in_words(seeds: int) -> str:
    if seeds == 1:
        return "one seed: no confidence interval"
    return f"mean over {seeds} seeds; bands: 95 % confidence interval over seeds"

"""Pictures of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neuroevo.benchmarks.statistics import estimate
from neuroevo.benchmarks.summary import Curve

# Okabe and Ito's colours, distinguishable for the colour-blind; markers tell apart what colours might not.
COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#8A8A00")
MARKERS = "osD^vPX*"


def plot_curves(curves: Sequence[Curve], path: Path, *, title: str) -> None:
    """Draw the mean learning curve of each strategy with its 95 % confidence band over seeds and save it as PNG."""
    figure = Figure(figsize=(8, 5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, curve in enumerate(sorted(curves, key=_final, reverse=True)):
        points = [estimate([seed[i] for seed in curve.accuracy]) for i in range(len(curve.updates))]
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        means = [100 * point.mean for point in points]
        label = f"{curve.strategy} ({means[-1]:.1f} %)"
        axes.plot(curve.updates, means, color=colour, marker=marker, markersize=4, label=label)
        if not any(math.isnan(point.low) for point in points):
            low, high = [100 * point.low for point in points], [100 * point.high for point in points]
            axes.fill_between(curve.updates, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_title(title)
    axes.set_xlabel("updates of the descendant")
    axes.set_ylabel("accuracy on unseen images in %")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(title="strategy (accuracy at the end)", frameon=False, fontsize="small")
    seeds = max((len(curve.accuracy) for curve in curves), default=0)
    figure.supxlabel(f"mean over {seeds} seeds; bands: 95 % confidence interval over seeds", fontsize="small")
    figure.savefig(path, metadata={"Software": None})


def _final(curve: Curve) -> float:
    return sum(seed[-1] for seed in curve.accuracy) / len(curve.accuracy)

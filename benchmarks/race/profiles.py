"""The picture of the race: performance profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from neuroevo.benchmarks.analysis.standings import share_within
from neuroevo.benchmarks.race.ours import RULE
from neuroevo.benchmarks.race.report import ours_in, profiles
from neuroevo.benchmarks.report.plots.style import Look, add_legend, new_figure, settled

MOST = 4
"""Searches of each side that are drawn: those with the greatest areas under their profiles."""
FURTHEST = 1e4
"""The largest factor that is drawn."""


def draw_profiles(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw on which share of problems a search is within a factor of the best, by the factor.

    Those here are drawn through, those of other libraries dashed.

    Args:
        records: Records of the race.

    Raises:
        ValueError: There is no problem with one objective.
    """
    found, ours = profiles(records), [*ours_in(records), RULE]
    if not found:
        raise ValueError("records must hold a problem with one objective, but they hold none.")
    factors = np.geomspace(1, FURTHEST, 200)
    curves = {name: [share_within(ratios, factor) for factor in factors] for name, ratios in found.items()}
    order = sorted(curves, key=lambda name: -float(np.mean(curves[name])))
    shown = [name for side in (True, False) for name in [one for one in order if (one in ours) is side][:MOST]]
    figure = new_figure(height=3.4, title="Share of problems within a factor of the best")
    axes = figure.subplots()
    lines = []
    for place, name in enumerate(sorted(shown, key=order.index)):
        style = "-" if name in ours else "--"
        (line,) = axes.plot(factors, curves[name], color=Look.of(place).colour, linestyle=style, label=name)
        lines.append(line)
    axes.set_xscale("log")
    axes.set_xlabel("cost over the least cost")
    axes.set_ylabel("share of problems")
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    add_legend(figure, lines, title="lines: searches here; dashed: other libraries")
    return settled(figure)

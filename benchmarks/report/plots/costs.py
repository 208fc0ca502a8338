"""Pictures of accuracy against what was spent for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import Bbox

from neuroevo.benchmarks.analysis.summary import Curve, Row
from neuroevo.benchmarks.report.plots.style import (
    SMALL,
    Look,
    add_legend,
    best_first,
    draw_line,
    estimates,
    new_figure,
    percent,
    settled,
    show_accuracy,
)

FRONT = "#BBBBBB"
NAME_BACKGROUND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}
# Where a point's name may stand: its offset in points, and which of its sides meets the point.
PLACES = (
    (7, 0, "left", "center"),
    (-7, 0, "right", "center"),
    (5, -5, "left", "top"),
    (-5, 5, "right", "bottom"),
    (5, 5, "left", "bottom"),
    (-5, -5, "right", "top"),
)
# With more parts than these the cut axis has no room to say how long its gaps are.
MOST_GAPS = 5


def draw_costs(rows: Sequence[Row], *, title: str) -> Figure:
    """Draw accuracy against gradient steps, core-seconds and bytes transferred, each with its Pareto front.

    The axes of costs show 0 and all powers of ten. Names stand beside the points as far as there is room (the front's
    first); the legend has all of them, best first. A strategy whose accuracy is not finite is in the legend only.

    Args:
        rows: One per strategy, at least one.
        title: What was compared on.

    Raises:
        ValueError: There is no row.
    """
    if not rows:
        raise ValueError("rows must hold at least one strategy's, but they are empty.")
    figure = new_figure(height=7.6, title=title)
    panels = figure.subplots(3, 1)
    costs: tuple[tuple[str, Callable[[Row], float], Callable[[float], str]], ...] = (
        ("gradient steps before transfer", lambda row: row.gradient_steps, _count),
        ("core-seconds before transfer", lambda row: row.seconds, _count),
        ("size of what is transferred", lambda row: row.transferred_bytes, _bytes),
    )
    for axes, (label, cost, words) in zip(panels, costs, strict=True):
        _draw_panel(axes, rows, [cost(row) for row in rows])
        _scale_costs(axes, [cost(row) for row in rows], words)
        axes.set_xlabel(label)
    figure.supylabel("accuracy on unseen images in %")
    front = Line2D([], [], color=FRONT, linewidth=2, label="Pareto front")
    add_legend(figure, [*_handles(rows), front], title="accuracy at the end, mean over seeds")
    settled(figure)
    for axes, (_, cost, _) in zip(panels, costs, strict=True):
        _name_points(axes, rows, [cost(row) for row in rows])
    return figure


def pareto_front(costs: Sequence[float], accuracies: Sequence[float]) -> list[int]:
    """Return the places of those that nothing beats at the same cost or less, by rising cost.

    Of equals only the first is on the front; what is not finite never is.
    """
    order = sorted(
        (i for i in range(len(costs)) if math.isfinite(costs[i]) and math.isfinite(accuracies[i])),
        key=lambda i: (costs[i], -accuracies[i]),
    )
    front: list[int] = []
    for i in order:
        if not front or accuracies[i] > accuracies[front[-1]]:
            front.append(i)
    return front


def draw_spent(curves: Sequence[Curve], rows: Sequence[Row], *, title: str) -> Figure:
    """Draw accuracy against all gradient steps: those before transfer and the updates of one descendant.

    Where no strategy has a point for long, the axis is cut, and the gap says how many steps are left out. The grey line
    below the curves is the best that any strategy reaches with that many steps.

    Args:
        curves: One curve per strategy, at least one.
        rows: The rows of the same strategies.
        title: What was compared on.

    Raises:
        ValueError: There is no curve, or one without a row.
    """
    spent = {row.strategy: row.gradient_steps for row in rows}
    missing = [curve.strategy for curve in curves if curve.strategy not in spent]
    if not curves or missing:
        raise ValueError(f"rows and curves must be of the same strategies, at least one; without a row: {missing}.")
    figure = new_figure(height=3.6, title=title)
    axes = figure.subplots()
    lines, points = [], []
    for number, curve in enumerate(curves):
        xs = [spent[curve.strategy] + update for update in curve.updates]
        means = estimates(curve)
        lines.append(draw_line(axes, curve, xs, means, number))
        points += [(x, mean.mean) for x, mean in zip(xs, means, strict=True)]
    starts = [(spent[curve.strategy], curve.updates) for curve in curves]
    spans = merged([(start + updates[0], start + updates[-1]) for start, updates in starts])
    _cut_axis(axes, spans)
    best = _draw_best(axes, points)
    axes.set_xlabel("gradient steps before transfer and of the descendant")
    show_accuracy(axes)
    add_legend(figure, [*best_first(lines), best], title="accuracy at the end, mean over seeds")
    return settled(figure)


def merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the spans by rising start, with those joined that overlap or lie closer than the longest span is long."""
    near = max(end - start for start, end in spans)
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] <= near:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _draw_panel(axes: Axes, rows: Sequence[Row], costs: Sequence[float]) -> None:
    front = pareto_front(costs, [row.accuracy_mean for row in rows])
    best = [100 * rows[i].accuracy_mean for i in front]
    if front:
        limit = 2 * max([cost for cost in costs if math.isfinite(cost)] + [1.0])
        axes.plot(
            [*(costs[i] for i in front), limit],
            [*best, best[-1]],
            color=FRONT,
            drawstyle="steps-post",
            linewidth=2,
            zorder=1,
        )
    for number, (row, cost) in enumerate(zip(rows, costs, strict=True)):
        look = Look.of(number)
        axes.plot([cost], [100 * row.accuracy_mean], color=look.colour, marker=look.marker, markersize=7)
    axes.margins(y=0.12)
    low, high = axes.get_ylim()
    axes.set_ylim(max(-2.0, low), min(104.0, high))
    axes.grid(alpha=0.3)


def _scale_costs(axes: Axes, costs: Sequence[float], words: Callable[[float], str]) -> None:
    """Scale an axis by the logarithm, but linearly up to the smallest cost (or a millionth), so that 0 has a place."""
    above = [cost for cost in costs if 0 < cost < math.inf] or [1.0]
    least, limit = math.floor(math.log10(max(min(above), max(above) / 1e6))), 2 * max(above)
    powers = range(least, math.floor(math.log10(limit)) + 1)
    factors = (1, 2, 5) if len(powers) < 2 else (1,)
    ticks = [factor * 10.0**power for power in powers[:: 1 + (len(powers) - 1) // 6] for factor in factors]
    axes.set_xscale("symlog", linthresh=10.0**least)
    axes.xaxis.set_major_locator(FixedLocator([0.0, *(tick for tick in ticks if tick <= limit)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axes.set_xlim(-0.3 * 10.0**least, limit)


def _name_points(axes: Axes, rows: Sequence[Row], costs: Sequence[float]) -> None:
    """Write names where they cover no point, no other name and no edge; the front's first, then the best."""
    places = {i: (costs[i], 100 * row.accuracy_mean) for i, row in enumerate(rows)}
    points = {i: place for i, place in places.items() if all(map(math.isfinite, place))}
    taken = [_around(axes, point) for point in points.values()]
    front = pareto_front(costs, [row.accuracy_mean for row in rows])
    for i in [*front, *sorted(points.keys() - set(front), key=lambda i: -points[i][1])]:
        for dx, dy, ha, va in PLACES:
            name = axes.annotate(
                rows[i].strategy,
                points[i],
                (dx, dy),
                textcoords="offset points",
                ha=ha,
                va=va,
                fontsize=SMALL,
                in_layout=False,
                bbox=NAME_BACKGROUND,
                parse_math=False,
            )
            if _fits(axes, name, taken):
                taken.append(name.get_window_extent())
                break
            name.remove()


def _fits(axes: Axes, name: Annotation, taken: Sequence[Bbox]) -> bool:
    box, frame = name.get_window_extent(), axes.get_window_extent().padded(-4)
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    return inside and not any(box.overlaps(other) for other in taken)


def _around(axes: Axes, point: tuple[float, float]) -> Bbox:
    """Return the pixels of a marker."""
    x, y = axes.transData.transform(point)
    half = 4 * axes.figure.dpi / 72
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _handles(rows: Sequence[Row]) -> list[Line2D]:
    order = sorted(range(len(rows)), key=lambda i: -_or_last(rows[i].accuracy_mean))
    return [
        Line2D(
            [],
            [],
            color=Look.of(i).colour,
            marker=Look.of(i).marker,
            linestyle="none",
            label=f"{rows[i].strategy} ({percent(100 * rows[i].accuracy_mean)})",
        )
        for i in order
    ]


def _or_last(accuracy: float) -> float:
    return -math.inf if math.isnan(accuracy) else accuracy


def _cut_axis(axes: Axes, spans: Sequence[tuple[float, float]]) -> None:
    """Let an axis show the spans at one scale and each gap between them as a narrow grey strip."""
    longest = max(max(end - start for start, end in spans), 1.0)
    places, strip, at = [], 0.3 * longest, 0.0
    for start, end in spans:
        places.append((at, at + end - start))
        at += end - start + strip
    far = 1e3 * (spans[-1][1] + 1)
    steps = np.array([spans[0][0] - far, *(x for span in spans for x in span), spans[-1][1] + far])
    shown = np.array([-far, *(x for place in places for x in place), places[-1][1] + far])
    forward: Callable[[Any], Any] = lambda x: np.interp(x, steps, shown)  # noqa: E731
    axes.set_xscale("function", functions=(forward, lambda x: np.interp(x, shown, steps)))
    margin = 0.03 * (places[-1][1] + strip)
    axes.set_xlim(spans[0][0] - margin, spans[-1][1] + margin)
    for (_, end), (start, _) in pairwise(spans):
        axes.axvspan(end, start, color="#EEEEEE", linewidth=0, zorder=0)
        if len(spans) - 1 <= MOST_GAPS:
            _name_gap(axes, end, start)
    ticks = sorted({x for start, end in spans for x in ((start, end) if len(spans) < 3 else (start,))})
    axes.set_xticks(ticks, [_count(tick) for tick in ticks], rotation=0 if len(ticks) < 7 else 90)


def _name_gap(axes: Axes, end: float, start: float) -> None:
    # The middle of what is shown is the middle of the steps: within a gap the scale is even.
    axes.annotate(
        f"{_count(start - end)} steps",
        ((start + end) / 2, 0.03),
        xycoords=axes.get_xaxis_transform(),
        rotation=90,
        ha="center",
        va="bottom",
        fontsize=SMALL,
        color="#555555",
    )


def _draw_best(axes: Axes, points: Sequence[tuple[float, float]]) -> Line2D:
    front = pareto_front([x for x, _ in points], [accuracy for _, accuracy in points])
    xs, best = [points[i][0] for i in front], [points[i][1] for i in front]
    end = max(x for x, _ in points)
    (line,) = axes.plot(
        [*xs, end],
        [*best, *best[-1:]] if best else [math.nan],
        color=FRONT,
        linewidth=3,
        drawstyle="steps-post",
        zorder=1,
        label="best for that many steps",
    )
    return line


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 or value == 0 else f"{value:g}"


def _bytes(value: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g} B"

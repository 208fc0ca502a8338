"""Pictures that rank strategies: gains over the baseline, and average ranks over data sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from neuroevo.benchmarks.analysis.ranks import Ranks
from neuroevo.benchmarks.analysis.statistics import FEWEST
from neuroevo.benchmarks.analysis.summary import BASELINE, Row
from neuroevo.benchmarks.report.plots.style import LINE_LETTERS, SMALL, add_legend, new_figure, settled, wrapped
from neuroevo.benchmarks.report.verdicts import seed_count

ALPHA = 0.05
NAME_LETTERS = 20
# Points: a letter's width, and what the longest names leave of the picture's.
LETTER = 5.6
LEAST_INNER_WIDTH = 250
P = TypeVar("P", bound=Patch)
# A blue and an orange of the same palette; light with hatches where a gain may be chance.
CLEAR = {True: "#0072B2", False: "#D55E00"}
HATCH = "///"
PALE = {True: "#B3D4E8", False: "#F2C9AD"}


def draw_gains(rows: Sequence[Row], *, title: str) -> Figure:
    """Draw what each strategy gains over `scratch` as bars with 95 % confidence intervals, best first.

    A bar is solid if its gain differs from 0 after Holm's correction at the level 0.05, and pale with hatches if not.
    Strategies without a gain stand last and say so.

    Args:
        rows: One per strategy, at least one.
        title: What was compared on.

    Raises:
        ValueError: There is no row.
    """
    if not rows:
        raise ValueError("rows must hold at least one strategy's, but they are empty.")
    rows = sorted(rows, key=lambda row: (math.isnan(row.gain_over_scratch), -_number(row.gain_over_scratch)))
    names = [wrapped(row.strategy, NAME_LETTERS) for row in rows]
    figure = new_figure(height=0.7 + _height(names), title=title)
    axes = figure.subplots()
    bars = axes.barh(range(len(rows)), [100 * _number(row.gain_over_scratch) for row in rows], height=0.6)
    for bar, row in zip(bars, rows, strict=True):
        _painted(bar, row.gain_over_scratch >= 0, row.p_holm < ALPHA)
    _draw_intervals(axes, rows)
    _name_rows(axes, names)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_xlabel("gain over scratch in points of accuracy")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    _write_values(axes, rows)
    add_legend(figure, _meanings(bars), title=_describe(max(row.seed_count for row in rows)))
    return settled(figure)


def draw_ranks(ranks: Ranks) -> Figure:
    """Draw average ranks over data sets, best first, and which strategies do not differ: a critical-difference diagram.

    Each vertical bar on the right joins strategies whose average ranks differ by no more than the critical difference,
    which the ruler above the points shows.

    Args:
        ranks: What `average_ranks` returned.

    Source: Demsar 2006.
    """
    found = sorted(zip(ranks.mean_ranks, ranks.strategies, strict=True))
    names = [wrapped(name, NAME_LETTERS) for _, name in found]
    groups = [group for group in ranks.groups() if len(group) > 1]
    figure = new_figure(height=1.6 + _height(names), title=f"Average rank over {_data_sets(ranks.datasets)}")
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=(8, max(0.25, 0.25 * len(groups))))
    axes.hlines(range(len(found)), 1, [rank for rank, _ in found], color="#BBBBBB", linewidth=1, zorder=1)
    axes.plot([rank for rank, _ in found], range(len(found)), "o", color=CLEAR[True], markersize=7)
    for row, (rank, _) in enumerate(found):
        axes.annotate(f"{rank:.2f}", (rank, row), (7, 0), textcoords="offset points", va="center", fontsize=SMALL)
    _name_rows(axes, names)
    _scale_ranks(axes, len(found), ranks.critical_difference)
    _draw_groups(side, groups, [name for _, name in found])
    figure.supxlabel(wrapped(_verdict(ranks, bool(groups)), LINE_LETTERS), fontsize=SMALL)
    return settled(figure)


def _painted(patch: P, up: bool, clear: bool) -> P:
    patch.set(facecolor=(CLEAR if clear else PALE)[up], edgecolor=CLEAR[up], hatch=None if clear else HATCH)
    return patch


def _draw_intervals(axes: Axes, rows: Sequence[Row]) -> None:
    for place, row in enumerate(rows):
        if math.isfinite(row.gain_ci_low):
            ends = [100 * row.gain_ci_low, 100 * row.gain_ci_high]
            axes.plot(ends, [place, place], color="black", linewidth=1.5, marker="|", markersize=7)


def _write_values(axes: Axes, rows: Sequence[Row]) -> None:
    """Write each gain beside its bar and interval, and make room for it."""
    low, high = axes.get_xlim()
    for place, row in enumerate(rows):
        text = _value(row)
        end = max(100 * end for end in (0.0, row.gain_over_scratch, row.gain_ci_high) if math.isfinite(end))
        axes.annotate(text, (end, place), (6, 0), textcoords="offset points", va="center", fontsize=SMALL)
        share = (12 + LETTER * len(text)) / LEAST_INNER_WIDTH
        high = max(high, (end - share * low) / (1 - share))
    axes.set_xlim(low, high)


def _value(row: Row) -> str:
    if row.strategy == BASELINE:
        return "baseline"
    if math.isnan(row.gain_over_scratch):
        return "no comparison"
    return f"{100 * row.gain_over_scratch:+.1f}".replace("-", "−")


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _scale_ranks(axes: Axes, count: int, difference: float) -> None:
    """Scale the axis of ranks and draw the critical difference above the first row."""
    axes.set_xlabel("average rank (1 is best)")
    axes.set_xticks(range(1, count + 1, 1 + count // 10))
    axes.grid(axis="x", alpha=0.3)
    last = max(count, 1 + difference)
    axes.set_xlim(1 - 0.03 * last, 1.12 * last)
    axes.set_ylim(top=-1.7)
    axes.plot([1, 1 + difference], [-1.0, -1.0], color="black", linewidth=1.5, marker="|", markersize=8)
    axes.annotate(
        f"critical difference {difference:.2f}", (1, -1.0), (0, 6), textcoords="offset points", fontsize=SMALL
    )


def _draw_groups(axes: Axes, groups: Sequence[Sequence[str]], names: Sequence[str]) -> None:
    axes.set_axis_off()
    axes.set_xlim(-0.5, max(len(groups), 1) - 0.5)
    for column, group in enumerate(groups):
        rows = [names.index(name) for name in group]
        axes.plot([column, column], [min(rows) - 0.2, max(rows) + 0.2], color="black", linewidth=4)


def _height(names: Sequence[str]) -> float:
    """Return the inches that rows of equal height need so that no name touches another."""
    return len(names) * (0.2 + 0.17 * (1 + max(name.count("\n") for name in names)))


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _meanings(bars: BarContainer) -> list[Patch]:
    """Return what the looks mean, of those that occur."""
    entries = (
        (True, None, "above scratch"),
        (True, HATCH, "above, may be chance"),
        (False, None, "below scratch"),
        (False, HATCH, "below, may be chance"),
    )
    found = {(bar.get_edgecolor(), bar.get_hatch()) for bar in bars if bar.get_width()}
    patches = [_painted(Patch(label=label), up, hatch is None) for up, hatch, label in entries]
    return [patch for patch in patches if (patch.get_edgecolor(), patch.get_hatch()) in found]


def _describe(seeds: int) -> str:
    if seeds < FEWEST:
        return f"{seed_count(seeds)}: no confidence interval, no test"
    return f"mean over {seeds} seeds, 95 % confidence interval; paired t-test with Holm's correction, p < {ALPHA}"


def _data_sets(count: int) -> str:
    return f"{count} data set{'' if count == 1 else 's'}"


def _verdict(ranks: Ranks, joined: bool) -> str:
    bars = "; bars on the right join what does not differ by the critical difference" if joined else ""
    return f"Friedman test: p = {ranks.friedman_p:.3g}{bars}"

"""Pictures of which channels learngenes keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from neuroevo.benchmarks.report.plots.style import SMALL, new_figure, settled, wrapped

SCALE = "Blues"
NAME_LETTERS = 50

Kept = Mapping[str, Sequence[int]]


def draw_channels(kept: Mapping[str, Sequence[Kept]], groups: Mapping[str, int], *, title: str) -> Figure:
    """Draw for each strategy which channels its learngenes keep: one row per group, one column per channel.

    The darker a channel, the larger the share of seeds whose learngene keeps it; beside each group stands how many of
    its channels a learngene keeps, as a mean over seeds. A strategy without learngenes has a line that says so.

    Args:
        kept: For each strategy one mapping per seed, from groups to the indices of kept channels.
        groups: The channels of every group of the backbone, from input to output.
        title: What was compared on.

    Raises:
        ValueError: There is no strategy or no group.
    """
    if not kept or not groups:
        raise ValueError(f"kept and groups must hold at least one entry, but they hold {len(kept)} and {len(groups)}.")
    heights = [0.35 + (0.2 * len(groups) if seeds else 0.15) for seeds in kept.values()]
    names = [wrapped(strategy, NAME_LETTERS) for strategy in kept]
    lines = sum(name.count("\n") for name in names)
    figure = new_figure(height=sum(heights) + 0.2 * lines + 0.8, title=title)
    panels = figure.subplots(len(kept), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    for axes, name, seeds in zip(panels, names, kept.values(), strict=True):
        axes.set_title(name, fontsize="medium", loc="left", pad=3, parse_math=False)
        (_draw_shares if seeds else _draw_nothing)(axes, seeds, groups)
    panels[-1].tick_params(axis="x", length=3)
    panels[-1].set_xlabel("channel")
    figure.colorbar(
        ScalarMappable(Normalize(0, 1), SCALE),
        ax=panels,
        location="bottom",
        label="share of seeds that keep the channel",
        aspect=40,
        pad=0.02,
    )
    return settled(figure)


def shares(seeds: Sequence[Kept], groups: Mapping[str, int]) -> NDArray[np.float64]:
    """Return [groups, channels of the widest] the share of seeds that keep each channel; NaN where there is none."""
    table = np.full((len(groups), max(groups.values())), np.nan)
    for row, (group, channels) in enumerate(groups.items()):
        table[row, :channels] = 0
        for seed in seeds:
            table[row, list(seed.get(group, ()))] += 1 / len(seeds)
    return table


def _draw_shares(axes: Axes, seeds: Sequence[Kept], groups: Mapping[str, int]) -> None:
    table = shares(seeds, groups)
    extent = (0.0, float(table.shape[1]), float(table.shape[0]), 0.0)
    # What no seed keeps is as blank as what lies beyond the last channel, on dark screens too.
    axes.imshow(
        np.where(table > 0, table, np.nan),
        cmap=SCALE,
        vmin=0,
        vmax=1,
        extent=extent,
        aspect="auto",
        interpolation="none",
    )
    for row, channels in enumerate(groups.values()):
        axes.add_patch(Rectangle((0, row), channels, 1, fill=False, edgecolor="#999999", linewidth=0.6, clip_on=False))
    counts = [fmean(len(seed.get(group, ())) for seed in seeds) for group in groups]
    labels = [f"{group}: {count:.3g} of {size}" for (group, size), count in zip(groups.items(), counts, strict=True)]
    axes.set_yticks([row + 0.5 for row in range(len(groups))], labels, fontsize=SMALL, parse_math=False)
    axes.tick_params(axis="both", length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_nothing(axes: Axes, seeds: Sequence[Kept], groups: Mapping[str, int]) -> None:
    axes.set_axis_off()
    axes.annotate("transfers nothing", (0, 0.5), xycoords="axes fraction", va="center", fontsize=SMALL)

"""Pictures of a comparison: the look that all of them share, and learning curves.

`gains` draws gains and ranks, `costs` what was spent for them, `tree` gene trees, `channels` which channels learngenes
keep, `samples` images, `generations` a single evolution. All return figures of one width that a phone can show.
"""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroevo.benchmarks.analysis.statistics import FEWEST, Estimate, estimate
from neuroevo.benchmarks.analysis.summary import Curve
from neuroevo.benchmarks.analysis.support import supported_estimate
from neuroevo.benchmarks.report.verdicts import seed_count
from neuroevo.files import write_atomically

# Okabe and Ito's colours, distinguishable for the colour-blind; markers distinguish what colours might not.
COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#8A8A00")
MARKERS = "osD^vPX*"
LINES = ("-", "--", ":", "-.")
# More bands than these cannot be kept apart: they get fainter, and the last intervals stand side by side.
MOST_BANDS = 4
INK, PAPER = "#000000", "#ffffff"
"""Lines and background; on dark screens they change places."""
ON_BRIGHT, ON_DARK = "#111111", "#fafafa"
"""Text on something coloured, which keeps its colour."""
_DARK = {INK: "#e4e4ea", PAPER: "#17181c", "#eeeeee": "#2c2e36", "#555555": "#b4b6c0", "#0072b2": "#3a97d4"}
_OWN_STYLE = (
    "text{font-family:'DejaVu Sans',Verdana,sans-serif}@media screen and (prefers-color-scheme:dark){"
    + "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
        for light, dark in _DARK.items()
        for what in ("fill", "stroke")
    )
    # Black is the colour of what names none; marks are defined without a colour, and take that of their use.
    + f':is(text,use,:not(defs)>path):not([style*="fill:"]){{fill:{_DARK[INK]}}}}}'
)
# Half of the bytes of a picture would be digits that no screen shows, and one list of fonts again and again.
_FONT = re.compile(r'font-family: [^;"]*;? ?')
_PATH, _DIGITS = re.compile(r' d="[^"]*"'), re.compile(r"(\d\.\d{2})\d+")
WIDTH = 5.6
"""Width of every picture in inches: shrunk to 358 CSS pixels, a phone less its margins, 10 points are 8.9 pixels."""
SMALL = 9
TITLE_LETTERS = 56
# Of a legend's label, where it has a column of two and where it has the whole width.
COLUMN_LETTERS = 28
LINE_LETTERS = 60


@dataclass(frozen=True)
class Look:
    """How a strategy is drawn; no two of the first 64 look alike, neither as lines nor as points."""

    colour: str
    marker: str
    line: str

    @classmethod
    def of(cls, number: int) -> Look:
        """Return the look of the strategy at this place of a comparison, counted from 0."""
        turn = number // len(COLOURS)
        return cls(COLOURS[number % len(COLOURS)], MARKERS[(number + turn) % len(MARKERS)], LINES[number % len(LINES)])


def new_figure(*, height: float, title: str) -> Figure:
    """Return an empty figure of the common width with its title; `height` in inches is what stands below that."""
    text = wrapped(title, TITLE_LETTERS)
    figure = Figure(figsize=(WIDTH, height + 0.2 * (1 + text.count("\n"))), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(text, fontsize="large", parse_math=False)
    return figure


def settled(figure: Figure) -> Figure:
    """Lay a figure out for good and return it: a layout that is done anew at each drawing would shift every time."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def wrapped(text: str, letters: int) -> str:
    """Break a text into lines of at most a number of letters, at spaces and hyphens where there are any."""
    return "\n".join(textwrap.wrap(text, letters))


def add_legend(figure: Figure, handles: Sequence[Artist], *, title: str = "") -> None:
    """Add a legend below everything else; the figure grows by its height.

    It has two columns unless a label is too long for that.
    """
    texts = [wrapped(str(handle.get_label()), LINE_LETTERS) for handle in handles]
    columns = 1 if max(map(len, texts), default=0) > COLUMN_LETTERS else 2
    title = wrapped(title, LINE_LETTERS)
    lines = sum(text.count("\n") + 1 for text in texts) / columns + 1 + title.count("\n")
    figure.set_figheight(figure.get_figheight() + 0.2 + 0.19 * lines)
    legend = figure.legend(
        handles,
        texts,
        title=title,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=SMALL,
        title_fontsize=SMALL,
        handlelength=3,
    )
    legend.get_title().set_multialignment("center")
    for text in legend.get_texts():
        text.set_parse_math(False)


def to_svg(figure: Figure) -> bytes:
    """Return a figure as SVG whose text is text, with colours of its own on dark screens.

    Equal figures give equal bytes, without date or versions.
    """
    content = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "neuroevo"}):
        figure.savefig(content, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = _PATH.sub(lambda path: _DIGITS.sub(r"\1", path[0]), _FONT.sub("", content.getvalue().decode()))
    return text.replace("</style>", f"</style>\n  <style>{_OWN_STYLE}</style>", 1).encode()


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, atomically; equal figures give equal bytes with one version of matplotlib."""
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    write_atomically(path, content.getvalue())


def plot_curves(curves: Sequence[Curve], path: Path, *, title: str) -> None:
    """Draw the learning curves of a comparison (see `draw_curves`) and save them as PNG."""
    save_png(draw_curves(curves, title=title), path)


def draw_curves(curves: Sequence[Curve], *, title: str) -> Figure:
    """Draw the mean learning curve of each strategy with its 95 % confidence band over seeds.

    The legend stands below the curves and names the best strategy first; a strategy's colour follows its place in
    `curves`. Where a seed's accuracy is not finite, its strategy has a gap; with one seed there are no bands. With more
    than 4 strategies the bands are faint, and the intervals of the last point stand side by side behind it, too.

    Args:
        curves: One curve per strategy, at least one.
        title: What was compared on.

    Raises:
        ValueError: There is no curve.
    """
    if not curves:
        raise ValueError("curves must hold at least one strategy's, but they are empty.")
    figure = new_figure(height=3.6, title=title)
    axes = figure.subplots()
    many = len(curves) > MOST_BANDS
    points = [estimates(curve) for curve in curves]
    lines = [draw_line(axes, curve, curve.updates, points[number], number) for number, curve in enumerate(curves)]
    _draw_bands(axes, curves, points, alpha=0.07 if many else 0.15)
    if many:
        _draw_ends(axes, curves, points)
    axes.set_xlabel("updates of the descendant")
    show_accuracy(axes)
    seeds = max(len(curve.accuracy) for curve in curves)
    add_legend(figure, best_first(lines), title=f"accuracy at the end; {_describe(seeds, many)}")
    return settled(figure)


def estimates(curve: Curve) -> list[Estimate]:
    """Return mean and interval over seeds, in percent, at each point of a curve."""
    points = [estimate([100 * seed[i] for seed in curve.accuracy]) for i in range(len(curve.updates))]
    return [*map(supported_estimate, points)]


def draw_line(axes: Axes, curve: Curve, xs: Sequence[float], points: Sequence[Estimate], number: int) -> Line2D:
    """Draw the means of a curve at `xs`, in the look of its place, labelled with name and last mean."""
    look = Look.of(number)
    (line,) = axes.plot(
        xs,
        [point.mean for point in points],
        color=look.colour,
        marker=look.marker,
        linestyle=look.line,
        markersize=4.5,
        linewidth=1.6,
        label=f"{curve.strategy} ({percent(points[-1].mean)})",
    )
    return line


def best_first(lines: Sequence[Line2D]) -> list[Line2D]:
    """Return lines by falling last value; what is not finite comes last."""
    finals = [float(np.asarray(line.get_ydata())[-1]) for line in lines]
    order = sorted(range(len(lines)), key=lambda i: -math.inf if math.isnan(finals[i]) else finals[i], reverse=True)
    return [lines[i] for i in order]


def percent(value: float) -> str:
    """Return a percentage in words."""
    return f"{value:.1f} %" if math.isfinite(value) else "not finite"


def show_accuracy(axes: Axes) -> None:
    """Give the vertical axis of accuracies its name, its beginning at 0 and its end at 102 % at most."""
    axes.set_ylabel("accuracy on unseen images in %")
    axes.set_ylim(bottom=0, top=min(102.0, axes.get_ylim()[1]))
    axes.grid(alpha=0.3)


def _draw_bands(axes: Axes, curves: Sequence[Curve], points: Sequence[Sequence[Estimate]], *, alpha: float) -> None:
    for number, (curve, band) in enumerate(zip(curves, points, strict=True)):
        if any(math.isfinite(point.low) for point in band):
            colour = Look.of(number).colour
            axes.fill_between(curve.updates, *_ends(band), color=colour, alpha=alpha, linewidth=0, zorder=1)


def _draw_ends(axes: Axes, curves: Sequence[Curve], points: Sequence[Sequence[Estimate]]) -> None:
    last = max(curve.updates[-1] for curve in curves)
    lasts = [band[-1] for band in points]
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= last])
    step = max(last, 1) * 0.25 / (len(curves) + 1.5)
    for number, (low, high) in enumerate(zip(*_ends(lasts), strict=True)):
        if math.isfinite(low):
            look, x = Look.of(number), last + (number + 1.5) * step
            axes.plot([x, x], [low, high], color=look.colour, linewidth=1.4)
            axes.plot([x], [lasts[number].mean], color=look.colour, marker=look.marker, markersize=4.5)


def _ends(points: Sequence[Estimate]) -> tuple[list[float], list[float]]:
    """Return the ends of the interval, cut to what an accuracy can be: few seeds give wide intervals."""
    # max and min keep a NaN that comes first.
    return [max(point.low, 0.0) for point in points], [min(point.high, 100.0) for point in points]


def _describe(seeds: int, many: bool) -> str:
    if seeds < FEWEST:
        return f"{seed_count(seeds)}: no confidence interval"
    return f"mean over {seeds} seeds; {'bands and right' if many else 'bands'}: 95\u00a0% confidence interval"

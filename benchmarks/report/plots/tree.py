"""Pictures of an evolution: the lineages of individuals, and which of them stay in the gene pool."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from neuroevo.benchmarks.report.plots.style import ON_BRIGHT, ON_DARK, SMALL, WIDTH, add_legend, new_figure, settled

# Its brightness rises evenly, for the colour-blind and in grey too.
SCALE = "cividis"
MOST_ROWS = 16
# Of more generations than these, numbers don't fit into the cells of the pool, nor lines between them.
MOST_NUMBERED = 8
MOST_LINED = 40
# Points between the axes' sides; and the diameter below which a dot has no room for its id.
INNER_WIDTH = 72 * (WIDTH - 1.8)
LEAST_NAMED = 16
MOST_VECTORS = 600
"""Individuals from which on dots and lines are one raster image, also in a vector picture."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Dot:
    """An individual's place (its generation, its rank there from 0) and what the records say of it."""

    id: int
    generation: int
    rank: int
    fitness: float
    sources: tuple[Dot, ...]


def draw_tree(records: Sequence[Record], *, title: str) -> Figure:
    """Draw the gene tree of one strategy and seed: one column per generation, one dot per individual, best on top.

    Dots are coloured by fitness; winners have a black rim, and crosses stand for a fitness that is not finite. Lines
    join parents and children. Squares are the members of the last gene pool, or the best of the last generation where
    there is no pool; the lines of their lineages are dark. A second panel shows which individuals were in the
    pool after each generation, with their scores; it has 16 rows at most, those that stayed to the end first.

    Args:
        records: Of one run; those of the kind `generation` are drawn. They hold `individuals` with `id`, `parents` and
            `fitness` and may hold `best`, `winners` and `pool` (of `id` and `score`).
        title: Which run this is.

    Raises:
        ValueError: There is no individual, or the records are of several strategies or seeds.
    """
    generations = _generations(records)
    dots = _dots(generations)
    pools = {
        record["generation"]: {one["id"]: one["score"] for one in record.get("pool", ())} for record in generations
    }
    rows = _stays(pools)
    numbers, most = sorted(pools), max(dot.rank for dot in dots) + 1
    heights = [min(4.5, max(1.4, 0.36 * most)), 0.25 * min(len(rows), MOST_ROWS) + 0.2][: 1 + bool(rows)]
    figure = new_figure(height=sum(heights) + 0.6, title=title)
    panels = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    survivors = set(pools[numbers[-1]]) or {generations[-1].get("best")}
    winners = {id for record in generations for id in record.get("winners", ())}
    diameter = min(20.0, 0.62 * 72 * heights[0] / most, 0.5 * INNER_WIDTH / len(numbers))
    lineage = _lineage(dots, survivors)
    if len(dots) > MOST_VECTORS:
        panels[0].set_rasterization_zorder(4)
    _draw_lines(panels[0], dots, lineage, diameter)
    _draw_dots(panels[0], dots, survivors, winners, diameter)
    if rows:
        _draw_pools(panels[1], pools, rows)
    panels[0].set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
    panels[-1].set_xlabel("generation, counted from 0")
    panels[-1].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    add_legend(figure, _meanings(dots, lineage, won=bool(winners), pooled=bool(rows)))
    return settled(figure)


def draw_lineages(axes: Axes, records: Sequence[Record]) -> None:
    """Draw the first panel of `draw_tree` alone, on axes of any size.

    Args:
        axes: Where to draw.
        records: As of `draw_tree`.

    Raises:
        ValueError: There is no individual, or the records are of several strategies or seeds.
    """
    generations = _generations(records)
    dots, last = _dots(generations), generations[-1]
    survivors = {one["id"] for one in last.get("pool", ())} or {last.get("best")}
    winners = {id for record in generations for id in record.get("winners", ())}
    most = max(dot.rank for dot in dots) + 1
    box = axes.get_window_extent().transformed(axes.figure.dpi_scale_trans.inverted())
    diameter = min(20.0, 0.62 * 72 * box.height / most, 0.5 * 72 * box.width / len(generations))
    _draw_lines(axes, dots, _lineage(dots, survivors), diameter)
    _draw_dots(axes, dots, survivors, winners, diameter)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _generations(records: Sequence[Record]) -> list[Record]:
    found = [record for record in records if record["kind"] == "generation" and record["individuals"]]
    runs = {(record.get("strategy"), record.get("seed")) for record in found}
    if len(runs) != 1:
        raise ValueError(
            f"records must hold the generations of one strategy and seed, with individuals, but they hold {len(runs)}."
        )
    return sorted(found, key=lambda record: int(record["generation"]))


def _dots(generations: Sequence[Record]) -> list[Dot]:
    """Return all individuals; one that is older than its generation descends from itself."""
    latest: dict[int, Dot] = {}
    dots: list[Dot] = []
    sign = -1 if _minimised(generations) else 1
    for record in generations:
        ranked = sorted(record["individuals"], key=lambda one: (_place(one, sign), one["id"]))
        column = [
            Dot(
                one["id"],
                record["generation"],
                rank,
                _fitness(one),
                tuple(latest[id] for id in ([one["id"]] if one["id"] in latest else one["parents"]) if id in latest),
            )
            for rank, one in enumerate(ranked)
        ]
        latest |= {dot.id: dot for dot in column}
        dots += column
    return dots


def _minimised(generations: Sequence[Record]) -> bool:
    """Return whether lower fitness is better: the best individual of a generation is not the one with the greatest."""
    for record in generations:
        values = {one["id"]: _fitness(one) for one in record["individuals"]}
        best = values.get(record.get("best"), math.nan)
        if any(value > best for value in values.values()):
            return True
    return False


def _place(individual: Record, sign: int) -> float:
    """Return what individuals are ordered by, the best first and those that failed last."""
    value = _fitness(individual)
    return math.inf if math.isnan(value) else -sign * value


def _fitness(individual: Record) -> float:
    """Return the first fitness value; NaN if it is not finite."""
    value = next(iter(individual["fitness"]), None)
    return float(value) if value is not None and math.isfinite(value) else math.nan


def _draw_lines(axes: Axes, dots: Sequence[Dot], lineage: set[Dot], diameter: float) -> None:
    for dot in dots:
        for source in dot.sources:
            dark = dot in lineage
            width = max(0.8, min(2.0, diameter / 6)) if dark else max(0.2, min(0.8, diameter / 10))
            axes.plot(
                [source.generation, dot.generation],
                [source.rank, dot.rank],
                color="black" if dark else "#BBBBBB",
                linewidth=width,
                zorder=2 if dark else 1,
            )


def _lineage(dots: Sequence[Dot], survivors: set[Any]) -> set[Dot]:
    """Return the dots of the survivors and of all their ancestors."""
    open_ends = [dot for dot in dots if dot.id in survivors]
    found: set[Dot] = set()
    while open_ends:
        dot = open_ends.pop()
        if dot not in found:
            found.add(dot)
            open_ends += dot.sources
    return found


def _draw_dots(axes: Axes, dots: Sequence[Dot], survivors: set[Any], winners: set[int], diameter: float) -> None:
    norm = _norm([dot.fitness for dot in dots])
    drawn = axes.scatter([], [], c=[], cmap=SCALE, norm=norm)
    for dot in dots:
        if math.isnan(dot.fitness):
            axes.plot([dot.generation], [dot.rank], "x", color="black", markersize=0.7 * diameter, zorder=3)
            continue
        axes.plot(
            [dot.generation],
            [dot.rank],
            "s" if dot.id in survivors else "o",
            markersize=diameter * (0.9 if dot.id in survivors else 1),
            markerfacecolor=colormaps[SCALE](norm(dot.fitness)),
            markeredgecolor="black" if dot.id in winners else "#999999",
            markeredgewidth=min(2.0, diameter / 6) if dot.id in winners else min(0.6, diameter / 12),
            zorder=3,
        )
        if diameter >= LEAST_NAMED:
            _write(axes, dot.generation, dot.rank, str(dot.id), norm(dot.fitness))
    axes.figure.colorbar(drawn, ax=axes, label="fitness")
    axes.set_ylabel("individuals,\nbest on top")
    axes.set_yticks([])
    axes.set_ylim(max(dot.rank for dot in dots) + 0.6, -0.6)


def _norm(values: Sequence[float]) -> Normalize:
    """Return the range of the finite values, with a middle also where they are equal."""
    finite = [value for value in values if math.isfinite(value)] or [0.5]
    low, high = min(finite), max(finite)
    return Normalize(low, high) if low < high else Normalize(low - 0.1, high + 0.1)


def _write(axes: Axes, x: float, y: float, text: str, shade: float) -> None:
    """Write on something coloured by `SCALE`."""
    colour = ON_DARK if shade < 0.5 else ON_BRIGHT
    axes.annotate(text, (x, y), ha="center", va="center", color=colour, fontsize=SMALL - 1, zorder=4)


def _stays(pools: Mapping[int, Mapping[int, float]]) -> list[int]:
    """Return all that were ever in the pool: those that stayed longest first, of these the greatest score first."""
    ends = {id: (generation, score) for generation, pool in sorted(pools.items()) for id, score in pool.items()}
    return sorted(ends, key=lambda id: (-ends[id][0], -ends[id][1], id))


def _draw_pools(axes: Axes, pools: Mapping[int, Mapping[int, float]], rows: Sequence[int]) -> None:
    shown, numbers = rows[:MOST_ROWS], sorted(pools)
    scores = np.array([[pools[number].get(id, math.nan) for number in numbers] for id in shown])
    edges = [number - 0.5 for number in numbers] + [numbers[-1] + 0.5]
    norm = _norm(scores.flatten().tolist())
    mesh = axes.pcolormesh(edges, range(len(shown) + 1), np.ma.masked_invalid(scores), cmap=SCALE, norm=norm)
    if len(numbers) <= MOST_LINED:
        mesh.set_edgecolor("white")
    axes.figure.colorbar(mesh, ax=axes, label="score")
    axes.set_yticks([row + 0.5 for row in range(len(shown))], [str(id) for id in shown], fontsize=SMALL)
    axes.set_ylabel("gene pool" + (f" ({len(rows) - len(shown)} more)" if len(rows) > len(shown) else ""))
    axes.set_ylim(len(shown), 0)
    if len(numbers) > MOST_NUMBERED:
        return
    for row, column in np.argwhere(np.isfinite(scores)).tolist():
        score = scores[row, column]
        _write(axes, numbers[column], row + 0.5, f"{score:.2f}" if abs(score) < 100 else f"{score:.3g}", norm(score))


def _meanings(dots: Sequence[Dot], lineage: set[Dot], *, won: bool, pooled: bool) -> list[Line2D]:
    """Return what marks and lines mean, of those that occur."""
    last = "in the last gene pool" if pooled else "best of the last generation"
    entries = [
        (won, _patch("o", "black", 2.0, "thick rim: won its tournament")),
        (True, _patch("s", "#999999", 0.6, last)),
        (any(dot.sources for dot in lineage), Line2D([], [], color="black", linewidth=2, label="lineage of these")),
        (
            any(math.isnan(dot.fitness) for dot in dots),
            Line2D([], [], color="black", marker="x", linestyle="none", label="not finite"),
        ),
    ]
    return [entry for occurs, entry in entries if occurs]


def _patch(marker: str, rim: str, width: float, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markersize=9,
        markerfacecolor="#CCCCCC",
        markeredgecolor=rim,
        markeredgewidth=width,
        label=label,
    )

"""Gene trees and gene pools."""

import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroevo.benchmarks.report.plots.style import to_svg
from neuroevo.benchmarks.report.plots.tree import MOST_NUMBERED, MOST_ROWS, MOST_VECTORS, SCALE, draw_tree

Flaws = Callable[[Figure], list[str]]
Record = dict[str, Any]


def generation(number: int, individuals: dict[int, tuple[float | None, list[int]]], **details: Any) -> Record:
    """Return a record of a generation of individuals, by id their fitness and parents; pools are given by id."""
    pool = [{"id": id, "score": score} for id, score in details.pop("pool", {}).items()]
    return {
        "kind": "generation",
        "strategy": "gtl",
        "seed": 0,
        "generation": number,
        "best": max(individuals, key=lambda id: individuals[id][0] or 0.0),
        "individuals": [
            {"id": id, "parents": parents, "fitness": [fitness]} for id, (fitness, parents) in individuals.items()
        ],
        **({"pool": pool} if pool else {}),
        **details,
    }


TWO = [
    generation(0, {0: (0.3, []), 1: (0.5, []), 2: (0.1, [])}, winners=[0, 1], pool={0: 0.9, 1: 0.5}),
    generation(1, {3: (0.6, [1]), 4: (0.2, [0]), 5: (None, [1])}, winners=[3], pool={1: 0.7, 3: 0.6}),
]


def random_tree(random: Random, *, generations: int, population: int, capacity: int = 4) -> list[Record]:
    """Return records of an evolution whose parents come from a pool with turnover."""
    records: list[Record] = []
    pool: dict[int, float] = {}
    for number in range(generations):
        individuals: dict[int, tuple[float | None, list[int]]] = {
            number * population + slot: (
                None if random.random() < 0.1 else random.random(),
                [random.choice(list(pool))] if pool else [],
            )
            for slot in range(population)
        }
        scored = {id: fitness for id, (fitness, _) in individuals.items() if fitness is not None}
        winners = sorted(scored, key=scored.__getitem__, reverse=True)[:2]
        merged = {id: 0.6 * score for id, score in pool.items()} | {id: scored[id] for id in winners}
        pool = dict(sorted(merged.items(), key=lambda entry: -entry[1])[:capacity])
        records.append(generation(number, individuals, winners=winners, pool=pool))
    return records


def dots(figure: Figure) -> list[Line2D]:
    """Return the dots of a tree."""
    return [line for line in figure.axes[0].get_lines() if line.get_marker() in ("o", "s", "x")]


def place(line: Line2D) -> tuple[float, float]:
    """Return generation and rank of a dot."""
    return float(line.get_xdata()[0]), float(line.get_ydata()[0])


def lines(figure: Figure) -> dict[tuple[tuple[float, float], tuple[float, float]], str]:
    """Return the colours of the lines by their ends, parents first."""
    found = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) == 2]
    ends = [tuple(zip(map(float, line.get_xdata()), map(float, line.get_ydata()), strict=True)) for line in found]
    return {(first, last): str(line.get_color()) for (first, last), line in zip(ends, found, strict=True)}


def legend(figure: Figure) -> list[str]:
    """Return what the legend explains."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_columns_are_generations_with_the_best_on_top() -> None:
    """Every individual has a dot, in its generation's column and at its rank; failures are crosses below."""
    figure = draw_tree(TWO, title="gtl, seed 0")
    assert sorted(map(place, dots(figure))) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    low, high = figure.axes[0].get_ylim()
    assert low > high
    assert [place(dot) for dot in dots(figure) if dot.get_marker() == "x"] == [(1, 2)]
    ids = {(text.xy[0], text.xy[1]): text.get_text() for text in figure.axes[0].texts}
    assert ids == {(0, 0): "1", (0, 1): "0", (0, 2): "2", (1, 0): "3", (1, 1): "4"}


def test_dots_have_the_colour_of_their_fitness() -> None:
    """The scale runs from the least to the greatest fitness, evenly."""
    figure = draw_tree(TWO, title="")
    colours = {place(dot): to_hex(dot.get_markerfacecolor()) for dot in dots(figure) if dot.get_marker() != "x"}
    fitness = {(0, 0): 0.5, (0, 1): 0.3, (0, 2): 0.1, (1, 0): 0.6, (1, 1): 0.2}
    assert colours == {spot: to_hex(colormaps[SCALE]((value - 0.1) / (0.6 - 0.1))) for spot, value in fitness.items()}
    assert [axes.get_ylabel() for axes in figure.axes[2:]] == ["fitness", "score"]


def test_a_large_tree_is_an_image() -> None:
    """Of many individuals dots and lines are one raster image, so that a page stays small."""
    few, many = ([generation(0, {one: (one / 1000, []) for one in range(count)})] for count in (20, MOST_VECTORS + 1))
    small, large = (to_svg(draw_tree(records, title="")) for records in (few, many))
    assert large.count(b"<image") > small.count(b"<image")
    assert len(large) < 200_000


def test_winners_and_the_last_pool_are_marked() -> None:
    """Winners have a black rim, members of the last pool are squares."""
    figure = draw_tree(TWO, title="")
    scored = [dot for dot in dots(figure) if dot.get_marker() != "x"]
    assert {place(dot) for dot in scored if dot.get_markeredgecolor() == "black"} == {(0, 0), (0, 1), (1, 0)}
    assert {place(dot) for dot in scored if dot.get_marker() == "s"} == {(0, 0), (1, 0)}
    assert legend(figure) == [
        "thick rim: won its tournament",
        "in the last gene pool",
        "lineage of these",
        "not finite",
    ]


def test_lines_join_parents_and_children() -> None:
    """Those that lead to the last pool are black, the others grey."""
    drawn = lines(draw_tree(TWO, title=""))
    assert {ends: colour == "black" for ends, colour in drawn.items()} == {
        ((0, 0), (1, 0)): True,
        ((0, 1), (1, 1)): False,
        ((0, 0), (1, 2)): False,
    }


def test_a_lineage_goes_back_to_its_founder() -> None:
    """Also through ancestors that left the pool."""
    records = [
        generation(0, {0: (0.9, []), 1: (0.1, [])}, pool={0: 0.9}),
        generation(1, {2: (0.8, [0]), 3: (0.2, [0])}, pool={2: 0.8}),
        generation(2, {4: (0.7, [2])}, pool={4: 0.7}),
    ]
    drawn = lines(draw_tree(records, title=""))
    assert [ends for ends, colour in drawn.items() if colour == "black"] == [((0, 0), (1, 0)), ((1, 0), (2, 0))]


def test_lines_reach_back_over_generations() -> None:
    """A parent may be older than a generation, and a survivor descends from itself."""
    records = [
        generation(0, {0: (0.9, [])}, pool={0: 0.9}),
        generation(1, {1: (0.5, [])}, pool={0: 0.8}),
        generation(2, {2: (0.7, [0]), 1: (0.6, [0])}, pool={2: 0.7}),
    ]
    assert set(lines(draw_tree(records, title=""))) == {((0, 0), (2, 0)), ((1, 0), (2, 1))}


def test_parents_out_of_sight_are_left_out() -> None:
    """Records may begin later than the evolution."""
    assert lines(draw_tree(TWO[1:], title="")) == {}


def test_the_pool_shows_what_stayed_with_which_score() -> None:
    """Rows are members, those of the last pool first by score; columns are generations; numbers stand in the cells."""
    figure = draw_tree(TWO, title="")
    axes = figure.axes[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "3", "0"]
    scores = np.ma.filled(axes.collections[0].get_array().reshape(3, 2), math.nan)
    np.testing.assert_array_equal(scores, [[0.5, 0.7], [math.nan, 0.6], [0.9, math.nan]])
    cells = {(text.xy[0], text.xy[1]): text.get_text() for text in axes.texts}
    assert cells == {(0, 0.5): "0.50", (1, 0.5): "0.70", (1, 1.5): "0.60", (0, 2.5): "0.90"}
    assert axes.get_xlim() == figure.axes[0].get_xlim() == (-0.5, 1.5)


def test_a_long_pool_is_cut_and_says_so() -> None:
    """Those that stayed to the end are shown; the label counts the others."""
    records = [generation(n, {n: (n / 30, [])}, pool={n: n / 30}) for n in range(MOST_ROWS + 5)]
    axes = draw_tree(records, title="").axes[1]
    assert len(axes.get_yticklabels()) == MOST_ROWS
    assert axes.get_yticklabels()[0].get_text() == str(MOST_ROWS + 4)
    assert axes.get_ylabel() == "gene pool (5 more)"
    assert not axes.texts


def test_a_strategy_without_a_pool_has_no_second_panel() -> None:
    """The best of the last generation is marked in its place; the one generation has a whole number."""
    figure = draw_tree([generation(0, {0: (0.12, [])})], title="scratch, seed 0")
    assert [axes.get_ylabel() for axes in figure.axes] == ["individuals,\nbest on top", "fitness"]
    assert [dot.get_marker() for dot in dots(figure)] == ["s"]
    assert legend(figure) == ["best of the last generation"]
    assert [tick for tick in figure.axes[0].get_xticks() if abs(tick) <= 0.5] == [0]


def test_only_generations_of_one_run_are_drawn() -> None:
    """Other kinds of records are left out; those of two seeds would mix their ids, and nothing is nothing."""
    other = {"kind": "descendant", "strategy": "gtl", "seed": 1}
    assert len(dots(draw_tree([*TWO, other], title=""))) == 6
    with pytest.raises(ValueError, match="one strategy and seed"):
        draw_tree([*TWO, {**TWO[0], "seed": 1}], title="")
    with pytest.raises(ValueError, match="one strategy and seed"):
        draw_tree([other], title="")


def test_the_order_of_records_does_not_matter() -> None:
    """Generations are drawn by their number."""
    assert lines(draw_tree(TWO[::-1], title="")) == lines(draw_tree(TWO, title=""))


@given(
    st.integers(0, 99),
    st.sampled_from([(1, 1), (1, 30), (2, 6), (MOST_NUMBERED, 2), (MOST_NUMBERED + 1, 6), (21, 30), (60, 6)]),
)
@settings(max_examples=6)
def test_trees_can_be_read(flaws: Flaws, seed: int, size: tuple[int, int]) -> None:
    """Dots do not touch, and no text lies on another, in small evolutions and in large ones."""
    generations, population = size
    records = random_tree(Random(seed), generations=generations, population=population)
    figure = draw_tree(records, title="gtl, seed 0")
    assert flaws(figure) == []
    spots = figure.axes[0].transData.transform(sorted({place(dot) for dot in dots(figure)}))
    assert len(spots) == generations * population
    sizes = [dot.get_markersize() * figure.dpi / 72 for dot in dots(figure)]
    gaps = [*np.diff(np.unique(spots[:, 0].round(3))), *np.diff(np.unique(spots[:, 1].round(3)))]
    assert all(max(sizes) < gap for gap in gaps)


def test_equal_fitness_has_the_middle_of_the_scale() -> None:
    """A single value has no range; none is shown as the worst."""
    (dot,) = dots(draw_tree([generation(0, {0: (0.5, [])})], title=""))
    assert to_hex(dot.get_markerfacecolor()) == to_hex(colormaps[SCALE](0.5))


def test_if_all_fail_there_are_crosses_only() -> None:
    """Neither fitness nor pool is needed."""
    figure = draw_tree([generation(0, {0: (None, []), 1: (math.inf, [])}, winners=[])], title="")
    assert [dot.get_marker() for dot in dots(figure)] == ["x", "x"]

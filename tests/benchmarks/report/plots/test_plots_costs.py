"""Accuracy against costs, and against everything spent."""

import math
from collections.abc import Callable
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroevo.benchmarks.analysis.summary import Curve, Row
from neuroevo.benchmarks.report.plots.costs import FRONT, draw_costs, draw_spent, merged, pareto_front
from neuroevo.benchmarks.report.plots.style import Look, to_svg

Flaws = Callable[[Figure], list[str]]
MakeRow = Callable[..., Row]

LONG = "an-operator-of-mine-with-a-name-that-does-not-end-before-its-sixtieth-letter-"
points = st.tuples(st.integers(0, 9) | st.just(math.nan), st.integers(0, 9) | st.just(math.nan))


def curve_of(name: str, *accuracy: float, updates: tuple[int, ...] = (0, 10, 60)) -> Curve:
    """Return a curve of one seed."""
    return Curve(name, updates, (accuracy,))


def front_of(axes: Axes) -> Line2D:
    """Return the line of what is best."""
    (line,) = [line for line in axes.get_lines() if line.get_color() == FRONT]
    return line


@given(st.lists(points, max_size=8))
def test_nothing_beats_the_front_and_it_beats_the_rest(drawn: list[tuple[float, float]]) -> None:
    """Cost and accuracy both rise along it; every other finite point costs no less and reaches no more than one."""
    costs, accuracies = [cost for cost, _ in drawn], [accuracy for _, accuracy in drawn]
    front = pareto_front(costs, accuracies)
    known = [i for i, point in enumerate(drawn) if not any(map(math.isnan, point))]
    assert set(front) <= set(known)
    for values in (costs, accuracies):
        assert all(values[one] < values[other] for one, other in pairwise(front))
    for i in set(known) - set(front):
        assert any(costs[j] <= costs[i] and accuracies[j] >= accuracies[i] for j in front)


def test_each_panel_has_a_cost_and_every_strategy(make_row: MakeRow) -> None:
    """Points stand at cost and accuracy in percent, in the look of their strategy's place."""
    rows = [
        make_row("scratch", accuracy_mean=0.4, gradient_steps=0, seconds=0.5, transferred_bytes=0),
        make_row("gtl", accuracy_mean=0.6, gradient_steps=2640, seconds=40.0, transferred_bytes=48_000),
    ]
    figure = draw_costs(rows, title="glyphs")
    costs = [[0, 2640], [0.5, 40.0], [0, 48_000]]
    assert [axes.get_xlabel().split()[0] for axes in figure.axes] == ["gradient", "core-seconds", "size"]
    for axes, panel in zip(figure.axes, costs, strict=True):
        drawn = [line for line in axes.get_lines() if line.get_color() != FRONT]
        assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in drawn] == [(panel[0], 40), (panel[1], 60)]
        assert [(line.get_color(), line.get_marker()) for line in drawn] == [
            (Look.of(i).colour, Look.of(i).marker) for i in range(2)
        ]
        assert [text.get_text() for text in axes.texts] == ["gtl", "scratch"] or {
            text.get_text() for text in axes.texts
        } == {"scratch", "gtl"}
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["gtl (60.0 %)", "scratch (40.0 %)", "Pareto front"]


def test_the_front_is_drawn_as_steps_up_to_the_edge(make_row: MakeRow) -> None:
    """More cost than that of its last point reaches no more; what is dominated is not on it."""
    rows = [
        make_row(f"s{i}", accuracy_mean=accuracy, gradient_steps=steps, seconds=1.0)
        for i, (steps, accuracy) in enumerate([(0, 0.4), (100, 0.3), (200, 0.7), (5000, 0.7)])
    ]
    axes = draw_costs(rows, title="").axes[0]
    front = front_of(axes)
    assert front.get_drawstyle() == "steps-post"
    assert list(front.get_xdata()) == [0, 200, axes.get_xlim()[1]]
    assert list(front.get_ydata()) == pytest.approx([40, 70, 70])


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=6))
@settings(max_examples=5)
def test_the_axis_of_costs_shows_0_and_all_costs(make_row: MakeRow, steps: list[int]) -> None:
    """0 is within the axis and has a tick, also beside costs of millions; larger costs stand further right."""
    rows = [make_row(f"s{i}", accuracy_mean=0.5, gradient_steps=count, seconds=1.0) for i, count in enumerate(steps)]
    axes = draw_costs(rows, title="").axes[0]
    low, high = axes.get_xlim()
    assert low < 0 <= max(steps) < high
    assert 0 in axes.get_xticks()
    shown = axes.transData.transform([(count, 50) for count in sorted(set(steps))])[:, 0]
    assert np.all(np.diff(shown) > 0)


def test_bytes_have_units(make_row: MakeRow) -> None:
    """Powers of ten are written with the unit that fits."""
    rows = [
        make_row(f"s{power}", accuracy_mean=0.5, seconds=1.0, transferred_bytes=10**power) for power in (2, 4, 6, 7)
    ]
    figures = [draw_costs(some, title="") for some in (rows, [make_row("big", seconds=1.0, transferred_bytes=2e9)])]
    labels = {label.get_text() for figure in figures for label in figure.axes[2].get_xticklabels()}
    assert {"0 B", "100 B", "1 kB", "10 kB", "1 MB", "10 MB", "2 GB"} <= labels


@given(st.integers(1, 20), st.sampled_from(["", "$x$_", LONG]), st.integers(0, 99).map(Random))
@settings(max_examples=6)
def test_costs_can_be_read(make_row: MakeRow, flaws: Flaws, count: int, name: str, random: Random) -> None:
    """Names stand within their frame and cover no point; the legend has those for which there is no room."""
    rows = [
        make_row(
            f"{name}{i}",
            accuracy_mean=random.random(),
            gradient_steps=random.choice([0, 2640, 10_000]),
            seconds=60 * random.random(),
            transferred_bytes=random.choice([0, 48_000]),
        )
        for i in range(count)
    ]
    figure = draw_costs([*rows, make_row("broken", seconds=1.0)], title="glyphs " * 20)
    assert flaws(figure) == []
    assert len(figure.legends[0].get_texts()) == count + 2
    for axes in figure.axes:
        frame, names = axes.get_window_extent(), [text.get_window_extent() for text in axes.texts]
        assert all(frame.x0 < box.x0 and box.x1 < frame.x1 for box in names)
        drawn = [line for line in axes.get_lines() if line.get_color() != FRONT]
        markers = axes.transData.transform([(line.get_xdata()[0], line.get_ydata()[0]) for line in drawn])
        assert not [1 for box in names for x, y in markers if box.contains(x, y)]


def test_drawing_twice_gives_equal_bytes(make_row: MakeRow) -> None:
    """Panels stay where they were when the names found their places."""
    rows = [make_row(f"s{i}", accuracy_mean=i / 10, seconds=1.0, transferred_bytes=10**i) for i in range(5)]
    figure = draw_costs(rows, title="glyphs")
    assert to_svg(figure) == to_svg(figure) == to_svg(draw_costs(rows, title="glyphs"))


def test_the_names_of_the_front_come_first(make_row: MakeRow) -> None:
    """Where many points lie close together, the best keeps its name."""
    close = [make_row(f"strategy {i}", accuracy_mean=0.5 + i / 10_000, seconds=1.0) for i in range(20)]
    rows = [make_row("worst", accuracy_mean=0.1, seconds=1.0), *close]
    for axes in draw_costs(rows, title="").axes:
        names = [text.get_text() for text in axes.texts]
        assert names[0] == "strategy 19"
        assert 2 < len(names) < 20


def test_a_failure_is_in_the_legend_only(make_row: MakeRow) -> None:
    """There is no point to name; if all failed, there is no front either."""
    figure = draw_costs([make_row("broken", seconds=math.nan)], title="")
    assert all(not axes.texts for axes in figure.axes)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[0] == "broken (not finite)"


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), min_size=1, max_size=8))
def test_merged_spans_cover_all_and_lie_apart(drawn: list[tuple[int, int]]) -> None:
    """They rise, each given span is in one of them, and gaps are longer than the longest span given."""
    spans = [(start, start + length) for start, length in drawn]
    found = merged(spans)
    near = max(length for _, length in drawn)
    assert all(start - end > near for (_, end), (start, _) in pairwise(found))
    assert all(any(first <= start and end <= last for first, last in found) for start, end in spans)
    assert {end for span in found for end in span} <= {end for span in spans for end in span}


def test_curves_begin_where_their_ancestors_ended(make_row: MakeRow) -> None:
    """A descendant's updates are added to the gradient steps before transfer."""
    curves = [curve_of("scratch", 0.1, 0.2, 0.5), curve_of("gtl", 0.2, 0.4, 0.7)]
    rows = [make_row("gtl", gradient_steps=2640), make_row("scratch", gradient_steps=0)]
    figure = draw_spent(curves, rows, title="glyphs")
    lines = figure.axes[0].get_lines()
    assert [list(line.get_xdata()) for line in lines[:2]] == [[0, 10, 60], [2640, 2650, 2700]]
    assert list(lines[1].get_ydata()) == pytest.approx([20, 40, 70])
    assert list(figure.axes[0].get_xticks()) == [0, 60, 2640, 2700]
    assert [text.get_text() for text in figure.axes[0].texts] == ["2,580 steps"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["gtl (70.0 %)", "scratch (50.0 %)", "best for that many steps"]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
@settings(max_examples=8)
def test_the_cut_axis_keeps_order_and_scale(make_row: MakeRow, steps: list[int]) -> None:
    """More steps stand further right, and 60 updates are as wide wherever they begin."""
    curves = [curve_of(f"s{i}", 0.1, 0.2, 0.3) for i in range(len(steps))]
    rows = [make_row(f"s{i}", gradient_steps=count) for i, count in enumerate(steps)]
    axes = draw_spent(curves, rows, title="").axes[0]
    ends = sorted({end for count in steps for end in (count, count + 60)})
    shown = axes.transData.transform([(end, 10) for end in ends])[:, 0]
    frame = axes.get_window_extent()
    assert np.all(np.diff(shown) > 0)
    assert frame.x0 < shown[0] < shown[-1] < frame.x1
    widths = [np.ptp(axes.transData.transform([(count, 10), (count + 60, 10)])[:, 0]) for count in steps]
    assert widths == pytest.approx([widths[0]] * len(steps))
    assert widths[0] > frame.width / (2.5 * len(steps))


def test_the_grey_line_is_the_best_so_far(make_row: MakeRow) -> None:
    """It never falls, and no point lies above it."""
    curves = [curve_of("scratch", 0.1, 0.5, 0.3), curve_of("gtl", 0.2, 0.4, 0.7)]
    rows = [make_row("scratch", gradient_steps=0), make_row("gtl", gradient_steps=200)]
    front = front_of(draw_spent(curves, rows, title="").axes[0])
    assert list(front.get_xdata()) == [0, 10, 260, 260]
    assert list(front.get_ydata()) == pytest.approx([10, 50, 70, 70])


@given(
    st.lists(st.sampled_from([0, 500, 951, 2640, 12_640, 100_000]), min_size=1, max_size=20),
    st.sampled_from(["", LONG]),
    st.sampled_from([(0,), (0, 1), (0, 10, 60)]),
)
@settings(max_examples=8)
def test_spent_can_be_read(
    make_row: MakeRow, flaws: Flaws, steps: list[int], name: str, updates: tuple[int, ...]
) -> None:
    """Ticks and the lengths of gaps do not meet, also where strategies spent very different amounts."""
    curves = [curve_of(f"{name}{i}", *[0.3] * len(updates), updates=updates) for i in range(len(steps))]
    failed = curve_of("broken", *[math.nan] * len(updates), updates=updates)
    rows = [make_row(curve.strategy, gradient_steps=count) for curve, count in zip(curves, steps, strict=True)]
    figure = draw_spent([*curves, failed], [*rows, make_row("broken", gradient_steps=7)], title="glyphs " * 20)
    assert flaws(figure) == []


def test_nothing_but_failures_can_be_drawn(make_row: MakeRow) -> None:
    """The line of the best is empty."""
    figure = draw_spent([curve_of("broken", math.nan, math.nan, math.nan)], [make_row("broken")], title="")
    assert np.isnan(front_of(figure.axes[0]).get_ydata()).all()


def test_what_does_not_fit_together_is_refused(make_row: MakeRow) -> None:
    """No rows, no curves, or a curve without a row."""
    with pytest.raises(ValueError, match="rows must hold at least one"):
        draw_costs([], title="")
    with pytest.raises(ValueError, match="at least one"):
        draw_spent([], [make_row("gtl")], title="")
    with pytest.raises(ValueError, match=r"without a row: \['gtl'\]"):
        draw_spent([curve_of("gtl", 0.1, 0.2, 0.3)], [make_row("scratch")], title="")

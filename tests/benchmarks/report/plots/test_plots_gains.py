"""Bars of gains, and critical-difference diagrams."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from neuroevo.benchmarks.analysis.ranks import Ranks, average_ranks
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.plots.gains import CLEAR, PALE, draw_gains, draw_ranks

Flaws = Callable[[Figure], list[str]]
MakeRow = Callable[..., Row]

LONG = "an-operator-of-mine-with-a-name-that-does-not-end-before-its-sixtieth-letter-"
finite = st.floats(-1, 1).map(lambda value: round(value, 3))


def gained(make_row: MakeRow, strategy: str, gain: float, *, half: float = 0.05, p: float = 0.01) -> Row:
    """Return a row with a gain and a symmetric interval around it."""
    return make_row(strategy, gain_over_scratch=gain, gain_ci_low=gain - half, gain_ci_high=gain + half, p_holm=p)


def names(axes: Axes) -> list[str]:
    """Return the names of rows from the top of a picture."""
    return [label.get_text().replace("\n", "") for label in axes.get_yticklabels()]


def words(axes: Axes) -> list[str]:
    """Return the values that stand beside bars or points, from the top."""
    return [text.get_text() for text in axes.texts]


@given(st.lists(finite | st.just(math.nan), min_size=1, max_size=8))
@settings(max_examples=10)
def test_bars_show_the_gains_in_points_best_first(make_row: MakeRow, gains: list[float]) -> None:
    """Each bar is as long as its row's gain, its line as long as the interval; what is unknown comes last."""
    rows = [gained(make_row, f"s{i}", gain) for i, gain in enumerate(gains)]
    axes = draw_gains(rows, title="").axes[0]
    known = sorted((gain for gain in gains if not math.isnan(gain)), reverse=True)
    assert [bar.get_width() for bar in axes.patches[: len(known)]] == pytest.approx([100 * gain for gain in known])
    assert [gains[int(name[1:])] for name in names(axes)[: len(known)]] == known
    drawn = [list(line.get_xdata()) for line in axes.get_lines() if line.get_marker() == "|"]
    assert drawn == [pytest.approx([100 * gain - 5, 100 * gain + 5]) for gain in known]
    assert words(axes) == [f"{100 * gain:+.1f}".replace("-", "−") for gain in known] + ["no comparison"] * (
        len(gains) - len(known)
    )


def test_what_may_be_chance_is_pale_and_hatched(make_row: MakeRow) -> None:
    """Solid are gains that are significant after Holm's correction; colour distinguishes gains from losses."""
    rows = [
        gained(make_row, "up", 0.4),
        gained(make_row, "perhaps", 0.3, p=0.05),
        gained(make_row, "unknown", 0.2, p=math.nan),
        gained(make_row, "down", -0.1),
        gained(make_row, "perhaps-down", -0.2, p=0.6),
    ]
    figure = draw_gains(rows, title="")
    bars = figure.axes[0].patches
    assert [to_hex(bar.get_facecolor()).upper() for bar in bars] == [
        CLEAR[True],
        PALE[True],
        PALE[True],
        CLEAR[False],
        PALE[False],
    ]
    assert [bool(bar.get_hatch()) for bar in bars] == [False, True, True, False, True]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "above scratch",
        "above, may be chance",
        "below scratch",
        "below, may be chance",
    ]


def test_the_legend_explains_what_occurs(make_row: MakeRow) -> None:
    """Where every gain is clear, nothing is said of chance."""
    legend = draw_gains([gained(make_row, "gtl", 0.2)], title="").legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["above scratch"]
    assert "3 seeds" in legend.get_title().get_text()


def test_the_baseline_has_no_bar(make_row: MakeRow) -> None:
    """It stands among the others, where a gain of 0 belongs."""
    rows = [make_row("scratch", gain_over_scratch=0.0), gained(make_row, "gtl", 0.2), gained(make_row, "worse", -0.2)]
    axes = draw_gains(rows, title="").axes[0]
    assert names(axes) == ["gtl", "scratch", "worse"]
    assert words(axes)[1] == "baseline"


def test_the_baseline_alone_can_be_drawn(make_row: MakeRow, flaws: Flaws) -> None:
    """There is no bar to explain then."""
    assert flaws(draw_gains([make_row("scratch", gain_over_scratch=0.0, seed_count=1)], title="")) == []


def test_one_seed_has_no_interval(make_row: MakeRow) -> None:
    """The words below the picture say so."""
    figure = draw_gains([make_row("gtl", gain_over_scratch=0.2, seed_count=1)], title="")
    assert not [line for line in figure.axes[0].get_lines() if line.get_marker() == "|"]
    assert "one seed: no confidence interval" in figure.legends[0].get_title().get_text()


@given(st.integers(1, 20), st.sampled_from(["", "$x$_", LONG]), finite)
@settings(max_examples=6)
def test_gains_can_be_read(make_row: MakeRow, flaws: Flaws, count: int, name: str, most: float) -> None:
    """However many strategies there are and however long their names, values stand inside the frame."""
    rows = [gained(make_row, f"{name}{i}", most - i / 20, half=0.1 * i) for i in range(count)]
    figure = draw_gains([*rows, make_row("broken")], title="glyphs " * 20)
    assert flaws(figure) == []
    frame = figure.axes[0].get_window_extent()
    assert all(frame.x0 < text.get_window_extent().x1 < frame.x1 for text in figure.axes[0].texts)


def test_no_rows_are_refused() -> None:
    """There is nothing to draw."""
    with pytest.raises(ValueError, match="rows must hold at least one"):
        draw_gains([], title="")


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=2, max_size=6))
@settings(max_examples=8)
def test_points_are_mean_ranks(scores: list[list[int]]) -> None:
    """Points, their numbers and names follow the mean ranks, best on top."""
    ranks = average_ranks({f"s{i}": row for i, row in enumerate(scores)})
    axes = draw_ranks(ranks).axes[0]
    (points,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert list(points.get_xdata()) == sorted(ranks.mean_ranks)
    assert dict(zip(names(axes), points.get_xdata(), strict=True)) == dict(
        zip(ranks.strategies, ranks.mean_ranks, strict=True)
    )
    assert words(axes)[: len(scores)] == [f"{rank:.2f}" for rank in sorted(ranks.mean_ranks)]


def test_bars_join_what_does_not_differ() -> None:
    """Each group of several strategies has a bar over its rows; the ruler is as long as the critical difference."""
    ranks = Ranks(("a", "b", "c", "d"), (1.0, 1.5, 2.2, 4.0), 30, 0.001, 0.8)
    axes, side = draw_ranks(ranks).axes
    drawn = [tuple(round(float(y)) for y in line.get_ydata()) for line in side.get_lines()]
    assert drawn == [(0, 1), (1, 2)]
    assert len({line.get_xdata()[0] for line in side.get_lines()}) == 2
    (ruler,) = [line for line in axes.get_lines() if line.get_marker() == "|"]
    assert list(ruler.get_xdata()) == [1, pytest.approx(1.8)]


def test_words_say_how_sure_ranks_are() -> None:
    """Data sets, Friedman's test and, where there are bars, what they mean."""
    apart = draw_ranks(Ranks(("a", "b"), (1.0, 2.0), 30, 0.0012, 0.3))
    assert apart.get_suptitle() == "Average rank over 30 data sets"
    assert apart.get_supxlabel() == "Friedman test: p = 0.0012"
    assert apart.axes[1].get_lines() == []
    alike = draw_ranks(Ranks(("a", "b"), (1.4, 1.6), 1, 0.5, 1.96))
    assert alike.get_suptitle() == "Average rank over 1 data set"
    assert "bars on the right" in alike.get_supxlabel()


@given(st.integers(2, 20), st.sampled_from(["", LONG]), st.integers(1, 30))
@settings(max_examples=6)
def test_ranks_can_be_read(flaws: Flaws, count: int, name: str, datasets: int) -> None:
    """However many strategies there are, texts, points and the ruler have a place within the frame."""
    figure = draw_ranks(average_ranks({f"{name}{i}": [float(i)] * datasets for i in range(count)}))
    assert flaws(figure) == []
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    assert all(low < x < high for line in axes.get_lines() for x in line.get_xdata())

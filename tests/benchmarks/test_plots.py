"""Pictures: what is drawn, where the legend stands, and the file."""

import math
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from neuroevo.benchmarks.plots import COLOURS, LINES, draw_curves, plot_curves
from neuroevo.benchmarks.statistics import estimate
from neuroevo.benchmarks.summary import Curve

UPDATES = (0, 10, 30)
THREE = [
    Curve("scratch", UPDATES, ((0.05, 0.1, 0.2), (0.05, 0.2, 0.3), (0.05, 0.3, 0.4))),
    Curve("a strategy with a long name", UPDATES, ((0.1, 0.5, 0.9), (0.0, 0.6, 1.0), (0.2, 0.7, 0.8))),
    Curve("gtl", UPDATES, ((0.1, 0.2, 0.5), (0.1, 0.3, 0.5), (0.1, 0.4, 0.5))),
]


def parts(figure: Figure) -> tuple[Axes, list[str]]:
    """Return a picture's axes and the lines of its legend."""
    return figure.axes[0], [text.get_text() for text in figure.legends[0].get_texts()]


def bands(axes: Axes) -> list[list[tuple[float, float]]]:
    """Return the corners of each band."""
    return [[tuple(map(float, corner)) for corner in band.get_paths()[0].vertices] for band in axes.collections]


def frame(figure: Figure) -> tuple[Bbox, Bbox, Bbox]:
    """Return where, in pixels, the picture, its axes with labels and title, and its legend lie."""
    figure.draw_without_rendering()
    return figure.bbox, figure.axes[0].get_tightbbox(), figure.legends[0].get_window_extent()


def test_lines_are_means_in_percent_of_every_strategy() -> None:
    """Each line runs through the means over seeds; axes have units, and the picture has a title."""
    figure = draw_curves(THREE, title="glyphs")
    axes, _ = parts(figure)
    lines = axes.get_lines()
    assert [list(line.get_xdata()) for line in lines] == [list(UPDATES)] * 3
    assert [list(line.get_ydata()) for line in lines] == [
        pytest.approx([5, 20, 30]),
        pytest.approx([10, 60, 90]),
        pytest.approx([10, 30, 50]),
    ]
    assert axes.get_title() == "glyphs"
    assert "in %" in axes.get_ylabel()
    assert axes.get_xlabel() == "updates of the descendant"


def test_the_legend_names_the_best_first() -> None:
    """Its lines are sorted by the accuracy at the end and say it; a failure comes last and is said."""
    broken = Curve("broken", UPDATES, ((0.9, 0.9, math.nan),))
    _, legend = parts(draw_curves([broken, *THREE], title=""))
    assert legend == ["a strategy with a long name (90.0 %)", "gtl (50.0 %)", "scratch (30.0 %)", "broken (not finite)"]


def test_bands_are_the_intervals_cut_to_what_an_accuracy_can_be() -> None:
    """A band's corners are the ends of the 95 % confidence interval, within 0 and 100 %."""
    axes, _ = parts(draw_curves(THREE, title=""))
    drawn = bands(axes)
    assert len(drawn) == 3
    for curve, corners in zip(THREE, drawn, strict=True):
        for i, update in enumerate(UPDATES):
            interval = estimate([100 * seed[i] for seed in curve.accuracy])
            heights = [y for x, y in corners if x == update]
            assert min(heights) == pytest.approx(max(0.0, interval.low))
            assert max(heights) == pytest.approx(min(100.0, interval.high))


def test_one_seed_has_no_band_and_says_so() -> None:
    """Nothing is known of the spread; the words below the picture tell it."""
    figure = draw_curves([Curve("gtl", UPDATES, ((0.1, 0.2, 0.3),))], title="")
    assert bands(parts(figure)[0]) == []
    assert figure.get_supxlabel() == "one seed: no confidence interval"
    assert "3 seeds" in draw_curves(THREE, title="").get_supxlabel()


def test_a_failure_is_a_gap_in_line_and_band() -> None:
    """Points before it stay."""
    seeds = ((0.1, 0.2, math.nan), (0.2, 0.3, 0.4))
    axes, _ = parts(draw_curves([Curve("gtl", UPDATES, seeds)], title=""))
    line = list(axes.get_lines()[0].get_ydata())
    assert line[:2] == pytest.approx([15, 25])
    assert math.isnan(line[2])
    assert {x for x, _ in bands(axes)[0]} == {0, 10}


def test_a_strategy_keeps_its_colour() -> None:
    """Colours follow the order of the strategies, not their success."""
    worse = [*THREE[:1], Curve(THREE[1].strategy, UPDATES, ((0.0, 0.0, 0.0),)), *THREE[2:]]
    colours = [
        [to_hex(line.get_color()) for line in parts(draw_curves(each, title=""))[0].get_lines()]
        for each in (THREE, worse)
    ]
    assert colours[0] == colours[1] == [to_hex(colour) for colour in COLOURS[:3]]


@given(st.integers(1, len(COLOURS) * len(LINES)))
@settings(max_examples=5)
def test_no_two_lines_look_alike(count: int) -> None:
    """Colour, marker and dashes tell apart more strategies than there are colours."""
    figure = draw_curves([Curve(f"strategy {i}", (0, 1), ((0.1, 0.2),)) for i in range(count)], title="")
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in parts(figure)[0].get_lines()}
    assert len(looks) == count


@pytest.mark.parametrize("count", [1, 3, 9, 16])
def test_the_legend_stands_beside_the_curves(count: int) -> None:
    """Neither legend nor labels overlap or leave the picture, and the curves keep most of its width."""
    curves = [Curve(f"narrow-pretraining {i}", UPDATES, ((0.1, 0.2, i / 20),) * 2) for i in range(count)]
    picture, axes, legend = frame(draw_curves(curves, title="glyphs: 20 novel classes, 10 images per class"))
    assert axes.x1 < legend.x0
    for box in (axes, legend):
        assert picture.x0 <= box.x0 < box.x1 <= picture.x1
        assert picture.y0 <= box.y0 < box.y1 <= picture.y1
    assert axes.width > 0.6 * picture.width


def test_the_whole_scale_is_shown() -> None:
    """The axis begins at 0 and ends above the best point, also where that is 100 %."""
    for final in (0.0, 0.3, 1.0):
        axes, _ = parts(draw_curves([Curve("gtl", (0, 1), ((0.0, final),))], title=""))
        low, high = axes.get_ylim()
        assert low == 0
        assert 100 * final < high <= 102


def test_the_file_is_a_png_and_the_same_each_time(tmp_path: Path) -> None:
    """Signature, size and checksums are those of a PNG; equal curves give equal bytes; nothing names a program."""
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    for path in paths:
        plot_curves(THREE, path, title="glyphs")
    data = paths[0].read_bytes()
    assert data == paths[1].read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + content)
        chunks[name] = content
        at += 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (1350, 750)
    assert b"IEND" in chunks
    assert b"tEXt" not in chunks


def test_no_curves_are_refused(tmp_path: Path) -> None:
    """There is nothing to draw, and no file is written."""
    with pytest.raises(ValueError, match="curves must hold at least one"):
        plot_curves([], tmp_path / "empty.png", title="")
    assert list(tmp_path.iterdir()) == []

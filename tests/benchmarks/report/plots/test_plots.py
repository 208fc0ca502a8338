"""Pictures: the look that all share, SVG, and learning curves."""

import math
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from neuroevo.benchmarks.analysis.statistics import estimate
from neuroevo.benchmarks.analysis.summary import Curve
from neuroevo.benchmarks.report.plots.style import (
    COLOURS,
    INK,
    MOST_BANDS,
    PAPER,
    WIDTH,
    Look,
    draw_curves,
    new_figure,
    plot_curves,
    to_svg,
    wrapped,
)

Flaws = Callable[[Figure], list[str]]

UPDATES = (0, 10, 30)
THREE = [
    Curve("scratch", UPDATES, ((0.05, 0.1, 0.2), (0.05, 0.2, 0.3), (0.05, 0.3, 0.4))),
    Curve("a strategy with a long name", UPDATES, ((0.1, 0.5, 0.9), (0.0, 0.6, 1.0), (0.2, 0.7, 0.8))),
    Curve("gtl", UPDATES, ((0.1, 0.2, 0.5), (0.1, 0.3, 0.5), (0.1, 0.4, 0.5))),
]
LONG = "an-operator-of-mine-with-a-name-that-does-not-come-to-an-end-before-its-sixtieth-letter"


def parts(figure: Figure) -> tuple[Axes, list[str]]:
    """Return a picture's axes and the lines of its legend."""
    return figure.axes[0], [text.get_text() for text in figure.legends[0].get_texts()]


def bands(axes: Axes) -> list[list[tuple[float, float]]]:
    """Return the corners of each band."""
    return [[tuple(map(float, corner)) for corner in band.get_paths()[0].vertices] for band in axes.collections]


def many(count: int) -> list[Curve]:
    """Return that number of curves that rise to different heights, three seeds each."""
    return [
        Curve(f"narrow-pretraining {i}", UPDATES, tuple((0.1, 0.2, (i + seed) / (count + 3)) for seed in range(3)))
        for i in range(count)
    ]


@given(st.lists(st.integers(0, 63), min_size=2, max_size=2, unique=True))
def test_no_two_of_64_look_alike(places: list[int]) -> None:
    """Colour and marker, which points have too, distinguish strategies; so do colour and dashes within a palette."""
    first, second = map(Look.of, places)
    assert (first.colour, first.marker) != (second.colour, second.marker)
    assert len({(Look.of(i).colour, Look.of(i).line) for i in range(len(COLOURS))}) == len(COLOURS)


@given(st.text(alphabet="ab- ", max_size=80), st.integers(1, 30))
def test_wrapping_keeps_every_letter(text: str, letters: int) -> None:
    """Lines are no longer than asked for, and only blanks are lost."""
    lines = wrapped(text, letters).split("\n")
    assert max(map(len, lines)) <= letters
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)


def test_every_figure_has_the_same_width() -> None:
    """A page shows all pictures at one scale, and a title of several lines makes room for itself."""
    plain, long = (new_figure(height=2, title=title) for title in ("glyphs", "glyphs " * 30))
    assert plain.get_figwidth() == long.get_figwidth() == WIDTH
    assert plain.get_figheight() < long.get_figheight()


def test_equal_curves_give_equal_svg() -> None:
    """Neither a second figure nor a second drawing of one changes a byte; other curves do."""
    figure = draw_curves(THREE, title="glyphs")
    first = to_svg(figure)
    assert first == to_svg(figure) == to_svg(draw_curves(THREE, title="glyphs"))
    assert first != to_svg(draw_curves(THREE[:2], title="glyphs"))


def test_svg_holds_text_as_text_and_asks_for_nothing() -> None:
    """Every label is found in the file; it names no date, program or address, and runs nothing."""
    strange = Curve("<b> & $x$ \"y\" 'ж'", UPDATES, ((0.1, 0.2, 0.3),))
    figure = draw_curves([*THREE, strange], title="glyphs: 20 & <more> $classes$")
    content = to_svg(figure).decode()
    texts = ["".join(element.itertext()) for element in ElementTree.fromstring(content).iter() if _tag(element, "text")]
    assert {"glyphs: 20 & <more> $classes$", "<b> & $x$ \"y\" 'ж' (30.0 %)", "updates of the descendant"} <= set(texts)
    assert not re.search(r"dc:date|Matplotlib|<script|url\((?!#)", content)
    assert not [link for link in re.findall(r'href="([^"]*)"', content) if not link.startswith("#")]


def test_svg_has_colours_for_dark_screens() -> None:
    """Black lines, white paper and text without a colour change on dark screens, and nothing does in print."""
    content = to_svg(draw_curves(THREE, title="glyphs")).decode()
    (dark,) = re.findall(r"@media screen and \(prefers-color-scheme:dark\)\{(.*)\}</style>", content)
    for colour in (INK, PAPER):
        assert f"fill: {colour}" in content or f"stroke: {colour}" in content
        assert f'[style*="fill: {colour}"]' in dark
    assert "font-family: " not in content


def test_numbers_in_texts_keep_their_digits() -> None:
    """Digits that no screen shows are left out of paths alone."""
    strange = Curve("rate 0.123456", UPDATES, ((0.1, 0.2, 0.3),))
    assert "rate 0.123456" in to_svg(draw_curves([strange], title="v1.23456")).decode()


def _tag(element: ElementTree.Element, name: str) -> bool:
    return element.tag.endswith("}" + name)


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
    assert figure.get_suptitle() == "glyphs"
    assert "in %" in axes.get_ylabel()
    assert axes.get_xlabel() == "updates of the descendant"


def test_the_legend_names_the_best_first() -> None:
    """Its lines are sorted by the accuracy at the end and say it; a failure comes last and is said."""
    broken = Curve("broken", UPDATES, ((0.9, 0.9, math.nan),))
    figure = draw_curves([broken, *THREE], title="")
    handles = figure.legends[0].legend_handles
    _, legend = parts(figure)
    assert legend == ["a strategy with a long name (90.0 %)", "gtl (50.0 %)", "scratch (30.0 %)", "broken (not finite)"]
    assert [to_hex(handle.get_color()) for handle in handles] == [to_hex(COLOURS[i]) for i in (2, 3, 1, 0)]


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


def test_of_many_strategies_the_last_intervals_stand_side_by_side() -> None:
    """Bands are faint then; each interval has a place of its own behind the last point, in its colour."""
    curves = many(MOST_BANDS + 3)
    axes, _ = parts(draw_curves(curves, title=""))
    few, _ = parts(draw_curves(THREE, title=""))
    assert len(bands(axes)) == len(curves)
    assert axes.collections[0].get_alpha() < few.collections[0].get_alpha()
    drawn = [line for line in axes.get_lines() if len(line.get_xdata()) == 2]
    places = [line.get_xdata()[0] for line in drawn]
    assert UPDATES[-1] < min(places)
    assert len(set(places)) == len(curves)
    for number, (curve, line) in enumerate(zip(curves, drawn, strict=True)):
        interval = estimate([100 * seed[-1] for seed in curve.accuracy])
        assert list(line.get_ydata()) == pytest.approx([max(0.0, interval.low), min(100.0, interval.high)])
        assert line.get_color() == Look.of(number).colour
    assert max(axes.get_xticks()) <= UPDATES[-1]


@pytest.mark.parametrize(("count", "seeds", "words"), [(1, 1, "one seed"), (MOST_BANDS + 1, 2, "2 seeds")])
def test_few_seeds_have_no_interval_and_say_so(count: int, seeds: int, words: str) -> None:
    """Next to nothing is known of the spread; the words below the picture say so."""
    single = [Curve(curve.strategy, UPDATES, curve.accuracy[:seeds]) for curve in many(count)]
    figure = draw_curves(single, title="")
    axes, _ = parts(figure)
    assert bands(axes) == []
    assert len(axes.get_lines()) == count
    assert f"{words}: no confidence interval" in figure.legends[0].get_title().get_text()
    assert "3 seeds" in draw_curves(THREE, title="").legends[0].get_title().get_text()


def test_a_failure_is_a_gap_in_line_and_band() -> None:
    """Points before it stay."""
    seeds = ((0.1, 0.2, math.nan), (0.15, 0.25, 0.3), (0.2, 0.3, 0.4))
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


@given(count=st.integers(1, 20), name=st.sampled_from(["", LONG]), title=st.sampled_from(["", "glyphs " * 20]))
@settings(max_examples=6)
def test_everything_can_be_read(flaws: Flaws, count: int, name: str, title: str) -> None:
    """However many strategies there are and however long their names, no text is cut off or lies on another."""
    curves = [Curve(name + curve.strategy, curve.updates, curve.accuracy) for curve in many(count)]
    broken = Curve("broken", UPDATES, ((math.nan,) * 3,))
    figure = draw_curves([*curves, broken], title=title)
    assert flaws(figure) == []
    frame, legend = figure.axes[0].get_tightbbox(), figure.legends[0].get_window_extent()
    assert legend.y1 <= frame.y0 + 1
    assert figure.axes[0].get_window_extent().height > 250


def test_unreadable_text_is_noticed(flaws: Flaws) -> None:
    """The check finds a text beyond the edge and two texts on one spot."""
    figure = new_figure(height=2, title="glyphs")
    assert flaws(figure) == []
    figure.text(0.99, 0.2, "beyond")
    figure.text(0.2, 0.2, "first")
    figure.text(0.21, 0.2, "second")
    assert sorted(flaws(figure))[0].endswith("leaves the picture")
    assert len(flaws(figure)) == 2


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
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert width == round(150 * WIDTH)
    assert 600 < height < 900
    assert b"IEND" in chunks
    assert b"tEXt" not in chunks


def test_no_curves_are_refused(tmp_path: Path) -> None:
    """There is nothing to draw, and no file is written."""
    with pytest.raises(ValueError, match="curves must hold at least one"):
        plot_curves([], tmp_path / "empty.png", title="")
    assert list(tmp_path.iterdir()) == []

"""Which channels learngenes keep."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from neuroevo.benchmarks.report.plots.channels import draw_channels, shares

Flaws = Callable[[Figure], list[str]]

GROUPS = {"conv1": 3, "conv2": 5}
KEPT = {
    "gtl": [{"conv1": [0, 2], "conv2": [1]}, {"conv1": [2], "conv2": [1, 4]}],
    "scratch": [],
    "finetune": [{"conv1": [0, 1, 2], "conv2": [0, 1, 2, 3, 4]}],
}


@st.composite
def kept_channels(draw: st.DrawFn) -> list[dict[str, list[int]]]:
    """Draw what up to five seeds keep."""
    return [
        {group: sorted(draw(st.sets(st.integers(0, size - 1)))) for group, size in GROUPS.items()}
        for _ in range(draw(st.integers(1, 5)))
    ]


@given(kept_channels())
def test_shares_count_seeds(seeds: list[dict[str, list[int]]]) -> None:
    """Each share times the seeds is the number of learngenes that keep the channel; beyond a group is nothing."""
    table = shares(seeds, GROUPS)
    assert table.shape == (2, 5)
    for row, (group, size) in enumerate(GROUPS.items()):
        counts = [sum(channel in seed[group] for seed in seeds) for channel in range(size)]
        np.testing.assert_allclose(table[row, :size] * len(seeds), counts, atol=1e-9)
        assert np.isnan(table[row, size:]).all()


def test_a_group_that_a_learngene_lacks_is_not_kept() -> None:
    """It counts as a seed that keeps none of its channels."""
    np.testing.assert_array_equal(shares([{"conv1": [0]}, {}], {"conv1": 2}), [[0.5, 0.0]])


def test_each_strategy_has_a_heat_map_of_its_shares() -> None:
    """Rows are groups from input to output, columns channels; the scale runs from 0 to 1; labels count channels."""
    figure = draw_channels(KEPT, GROUPS, title="glyphs")
    panels = dict(zip(KEPT, figure.axes, strict=False))
    assert [axes.get_title(loc="left") for axes in panels.values()] == list(KEPT)
    for name in ("gtl", "finetune"):
        (image,) = panels[name].get_images()
        drawn = np.ma.filled(image.get_array().astype(float), math.nan)
        kept = shares(KEPT[name], GROUPS)
        np.testing.assert_array_equal(drawn, np.where(kept > 0, kept, math.nan))  # what none keeps is left blank
        assert image.get_clim() == (0, 1)
        assert image.get_extent() == [0, 5, 2, 0]
    labels = [label.get_text() for label in panels["gtl"].get_yticklabels()]
    assert labels == ["conv1: 1.5 of 3", "conv2: 1.5 of 5"]
    boxes = [(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in panels["gtl"].patches]
    assert boxes == [(0, 0, 3, 1), (0, 1, 5, 1)]


def test_a_strategy_that_transfers_nothing_has_a_line_that_says_so() -> None:
    """There is no heat map then, and less space."""
    axes = draw_channels(KEPT, GROUPS, title="").axes
    assert axes[1].get_images() == []
    assert [text.get_text() for text in axes[1].texts] == ["transfers nothing"]
    assert axes[1].get_window_extent().height < axes[0].get_window_extent().height


@given(
    st.integers(1, 9),
    st.sampled_from(["", "$x$_", "an-operator-of-mine-with-a-name-that-does-not-end-"]),
    st.sampled_from([{"hidden": 1}, GROUPS, {f"stage{i}.block.conv": 512 for i in range(12)}]),
)
@settings(max_examples=5)
def test_channels_can_be_read(flaws: Flaws, count: int, name: str, groups: dict[str, int]) -> None:
    """Many strategies, long names, layers of one channel and of hundreds: no label meets another."""
    kept = {f"{name}{i}": [{group: [0] for group in groups}] if i % 3 else [] for i in range(count)}
    assert flaws(draw_channels(kept, groups, title="glyphs " * 20)) == []


@pytest.mark.parametrize(("kept", "groups"), [({}, GROUPS), (KEPT, {})])
def test_nothing_to_draw_is_refused(kept: dict[str, list[dict[str, list[int]]]], groups: dict[str, int]) -> None:
    """There must be a strategy and a group."""
    with pytest.raises(ValueError, match="at least one entry"):
        draw_channels(kept, groups, title="")

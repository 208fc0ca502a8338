"""Lines of values with their confidence intervals."""

import math

from matplotlib.figure import Figure

from neuroevo.benchmarks.report.plots.intervals import accuracy_bar, describe_seeds, draw_bars


def test_accuracies_end_at_0_and_at_100() -> None:
    """Their intervals are cut off there; without one there is none."""
    assert accuracy_bar(-0.1, 0.25, 1.25) == (0.0, 25.0, 100.0)
    low, mean, high = accuracy_bar(math.nan, 0.25, math.nan)
    assert mean == 25.0
    assert math.isnan(low)
    assert math.isnan(high)


def test_only_known_intervals_are_drawn() -> None:
    """The line goes through all values, and a bar stands where both of its ends are known."""
    axes = Figure().subplots()
    line = draw_bars(axes, 0, [1.0, 2.0], [(0.0, 1.0, 2.0), (math.nan, 3.0, math.nan)], label="gtl", width=1.0)
    assert line.get_label() == "gtl"
    assert [list(one.get_ydata()) for one in axes.lines] == [[0.0, 2.0], [1.0, 3.0]]


def test_one_seed_has_no_interval() -> None:
    """The legend says so."""
    assert describe_seeds(1) == "one seed: no confidence interval"
    assert "5 seeds" in describe_seeds(5)

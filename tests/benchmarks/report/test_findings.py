"""Findings: pictures are described in numbers."""

import math
from collections.abc import Callable

import pytest

from neuroevo.benchmarks.analysis.ranks import Ranks, average_ranks
from neuroevo.benchmarks.analysis.summary import Curve, Row
from neuroevo.benchmarks.report import findings

MakeRow = Callable[..., Row]
NAN = math.nan
SCRATCH = {"accuracy_mean": 0.47, "gain_over_scratch": 0.0, "transferred_share": 0.0}
GTL = {
    "accuracy_mean": 0.678,
    "gain_over_scratch": 0.208,
    "gain_ci_low": 0.086,
    "gain_ci_high": 0.331,
    "transferred_share": 0.2,
}


ROWS = {"scratch": SCRATCH, "gtl": {**GTL, "gradient_steps": 2640, "seconds": 45.0, "transferred_bytes": 500}}
CURVES = [Curve(name, (0, 60), ((0.1, 0.5),)) for name in ROWS]


def test_curves_and_costs_are_described_in_numbers(make_row: MakeRow) -> None:
    """Each text names every strategy with its number, the best first."""
    rows = [make_row(name, **{"seconds": 1.0, **values}) for name, values in ROWS.items()]
    assert "After 60 updates: gtl 67.8 %, scratch 47.0 %." in findings.describe_curves(CURVES, rows)
    assert "gtl +20.8 (95 % CI +8.6 to +33.1)." in findings.describe_gains(rows)
    assert "gtl 67.8 % after 2,700, scratch 47.0 % after 60 steps." in findings.describe_spent(CURVES, rows)
    assert (
        "for gradient steps: scratch 47.0 %, gtl 67.8 %; for core-seconds: scratch 47.0 %,"
        in findings.describe_costs(rows)
    )


def test_the_front_leaves_out_what_is_beaten(make_row: MakeRow) -> None:
    """A strategy that is worse at the same cost is not on it."""
    rows = [make_row("scratch", seconds=1.0, **SCRATCH), make_row("gtl", seconds=1.0, **GTL)]
    text = findings.describe_costs(rows)
    assert "for gradient steps: gtl 67.8 %; for core-seconds: gtl 67.8 %; for bytes transferred: gtl 67.8 %." in text


def test_what_is_not_finite_is_said(make_row: MakeRow) -> None:
    """A strategy that failed is in the text of the curves, without a number."""
    rows = [make_row("scratch", **SCRATCH), make_row("broken")]
    assert "scratch 47.0 %, broken not finite." in findings.describe_curves(CURVES, rows)


def test_a_tree_is_described(make_row: MakeRow) -> None:
    """Generations, individuals, how the best score rose, and what is in the pool with which score."""
    records = [
        {"individuals": [{"fitness": [0.2]}, {"fitness": [None]}], "pool": [{"id": 0, "score": 0.2}]},
        {"individuals": [{"fitness": [0.45]}], "pool": [{"id": 2, "score": 0.45}, {"id": 0, "score": 0.111}]},
    ]
    assert findings.describe_tree(records, strategy="gtl", seed=4) == (
        "Gene tree of gtl, seed 4: generations 2, individuals 3. Best score by generation: 0.200, 0.450. In the pool "
        "at the end: individuals 2 (score 0.45), 0 (score 0.11)."
    )


@pytest.mark.parametrize("fitness", [[[None], [0.3]], [[0.3], [None]]])
def test_a_failed_individual_is_never_the_best(fitness: list[list[float | None]]) -> None:
    """Whatever their order, a score that is not finite loses."""
    records = [{"individuals": [{"fitness": values} for values in fitness]}]
    assert "Best score by generation: 0.300." in findings.describe_tree(records, strategy="gtl", seed=0)


def test_channels_are_described() -> None:
    """How many of all channels are kept, and in how many all seeds agree."""
    kept = {"gtl": [{"a": [0, 1], "b": [2]}, {"a": [1, 2], "b": [2]}], "one": [{"a": [0], "b": [1]}]}
    text = findings.describe_channels(kept, {"a": 4, "b": 3})
    assert text.endswith("gtl keeps 3 of 7 channels, 2 of them with every seed; one keeps 2 of 7 channels.")


def test_ranks_are_described() -> None:
    """Mean ranks, Friedman's test, and what can't be distinguished."""
    text = findings.describe_ranks(average_ranks({"a": [0.9, 0.8], "b": [0.5, 0.7]}))
    assert "over 2 data sets, 1 is best: a 1.00, b 2.00." in text
    assert "Not distinguishable: a, b." in text
    apart = Ranks(("a", "b"), (1.0, 2.0), 30, 0.001, 0.4)
    assert findings.describe_ranks(apart).endswith("critical difference 0.40. All differ by more than that.")

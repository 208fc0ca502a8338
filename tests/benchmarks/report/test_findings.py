"""Findings: the summary claims no more than the numbers support, and pictures are described in numbers."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    "p_value": 0.018,
    "p_holm": 0.018,
    "seeds_needed": 4.0,
    "transferred_share": 0.2,
}


def test_a_supported_gain(make_row: MakeRow) -> None:
    """The best strategy, its gain with interval, its share, the seeds, and the p-value that supports it."""
    assert findings.summary([make_row("scratch", **SCRATCH), make_row("gtl", **GTL)]) == [
        "gtl ends highest of 2 strategies over 3 seeds: 67.8 % accuracy on novel classes, +20.8 (95 % CI +8.6 to "
        "+33.1) points against scratch, with 20.0 % of the parameters transferred. The gain is supported: p = 0.018 "
        "(paired t-test, Holm's correction)."
    ]


@given(p_holm=st.floats(0, 1), needed=st.integers(2, 100), seeds=st.integers(2, 50))
def test_a_claim_needs_a_small_p_value(p_holm: float, needed: int, seeds: int, make_row: MakeRow) -> None:
    """Below 0.05 the gain is supported; otherwise there are too few seeds, and more are needed than there are."""
    row = make_row("gtl", **{**GTL, "p_holm": p_holm, "seeds_needed": float(needed), "seed_count": seeds})
    (text,) = findings.summary([make_row("scratch", **SCRATCH), row])
    assert ("is supported" in text) == (p_holm < 0.05)
    assert ("Too few seeds for a claim" in text) == (p_holm >= 0.05)
    if p_holm >= 0.05:
        assert text.endswith(f"needs about {max(needed, seeds + 1)}.")


def test_one_seed_allows_no_test(make_row: MakeRow) -> None:
    """Neither interval nor p-value is made up."""
    lonely = {"accuracy_mean": 0.6, "gain_over_scratch": 0.1, "transferred_share": 0.2, "seed_count": 1}
    (text,) = findings.summary([make_row("scratch", **SCRATCH), make_row("gtl", **lonely)])
    assert text.startswith(
        "gtl ends highest of 2 strategies over one seed: 60.0 % accuracy on novel classes, +10.0 points"
    )
    assert text.endswith("Too few seeds for a claim (a test needs two); these do not show how many are needed.")
    assert "CI" not in text


def test_a_part_is_named_beside_the_whole(make_row: MakeRow) -> None:
    """If the best passes on everything, the best of those that transfer a part is named too."""
    whole = make_row("finetune", **{**GTL, "accuracy_mean": 0.9, "transferred_share": 1.0})
    first, second = findings.summary([make_row("scratch", **SCRATCH), make_row("gtl", **GTL), whole])
    assert first.startswith("finetune ends highest of 3 strategies")
    assert "100.0 % of the parameters" in first
    assert second.startswith("Among those that transfer a part of the network, gtl ends highest: 67.8 %")
    assert second.endswith("The gain is supported: p = 0.018 (paired t-test, Holm's correction).")


def test_scratch_may_be_the_best(make_row: MakeRow) -> None:
    """Nothing is claimed if nothing ends above the baseline, however small the p-value."""
    worse = make_row("gtl", **{**GTL, "accuracy_mean": 0.3, "gain_over_scratch": -0.17, "p_holm": 0.0001})
    assert findings.summary([make_row("scratch", **SCRATCH), worse]) == [
        "No strategy ends above scratch, which reaches 47.0 % accuracy on novel classes; 3 seeds."
    ]


def test_a_loss_is_no_supported_gain(make_row: MakeRow) -> None:
    """A strategy that is best over other seeds than the baseline's may lose on the common ones."""
    odd = make_row("gtl", **{**GTL, "gain_over_scratch": -0.01, "p_holm": 0.001})
    assert "is supported" not in " ".join(findings.summary([make_row("scratch", **SCRATCH), odd]))


def test_without_scratch_there_is_no_gain(make_row: MakeRow) -> None:
    """The best strategy is named, and that there is nothing to compare it with."""
    (text,) = findings.summary([make_row("gtl", accuracy_mean=0.6, transferred_share=0.2)])
    assert text == (
        "gtl ends highest of 1 strategy over 3 seeds: 60.0 % accuracy on novel classes, with 20.0 % of the parameters "
        "transferred. There is no result of scratch to compare it with."
    )


def test_nothing_finite(make_row: MakeRow) -> None:
    """Rows without an accuracy give a sentence, not an error."""
    assert findings.summary([make_row("gtl")]) == [
        "No strategy has an accuracy: the outputs of some of its descendants are not finite."
    ]


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


def test_what_is_not_compared_is_named(make_row: MakeRow) -> None:
    """A strategy with outputs that are not finite does not vanish in silence."""
    *_, last = findings.summary([make_row("scratch", **SCRATCH), make_row("gtl", **GTL), make_row("wild")])
    assert last == "Not compared: wild, because the outputs of some of its descendants are not finite."

"""Costs of searches, performance profiles, and one search against another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.standings import (
    FLOOR,
    best_matches,
    best_of,
    cost_table,
    match,
    ratios,
    share_within,
)

OPPOSITE = {"ahead": "behind", "behind": "ahead", "level": "level", "few": "few"}
COSTS = st.lists(st.floats(1e-6, 1e6), min_size=10, max_size=10)


def record(problem: str, strategy: str, seed: int, value: float | None, weight: float = -1.0) -> dict[str, Any]:
    """Return a record of a search."""
    names = {"kind": "search", "problem": problem, "strategy": strategy, "seed": seed}
    return {**names, "best": [value], "weight": weight}


@given(first=COSTS, second=COSTS)
def test_a_match_turned_round_is_the_opposite(first: list[float], second: list[float]) -> None:
    """The ratio and its interval become their inverses, and who was ahead is behind."""
    rows = {"a": np.array(first), "b": np.array(second)}
    one, other = match("f", rows, "a", "b"), match("f", rows, "b", "a")
    assert other.verdict == OPPOSITE[one.verdict]
    assert one.ratio * other.ratio == pytest.approx(1)
    assert one.low * other.high == pytest.approx(1)
    assert one.low <= one.ratio <= one.high


@given(first=COSTS, second=COSTS, factor=st.floats(1e-3, 1e3))
def test_the_unit_of_costs_does_not_matter(first: list[float], second: list[float], factor: float) -> None:
    """Ratios of costs have no unit."""
    rows = {"a": np.array(first), "b": np.array(second)}
    scaled = {name: factor * values for name, values in rows.items()}
    assert match("f", scaled, "a", "b").verdict == match("f", rows, "a", "b").verdict
    found, again = (ratios({"f": one}, ["a", "b"]) for one in (rows, scaled))
    assert all(np.allclose(found[name], again[name]) for name in rows)


def test_who_is_worse_on_nine_of_ten_seeds_is_behind() -> None:
    """And who is worse on eight is not: with ten seeds the interval goes from the second to the ninth."""
    other = np.ones(10)
    for worse, verdict in ((8, "level"), (9, "behind"), (10, "behind")):
        costs = np.where(np.arange(10) < worse, 2.0, 0.5)
        assert match("f", {"a": costs, "b": other}, "a", "b").verdict == verdict
    few = {"a": np.full(5, 2.0), "b": np.ones(5)}
    assert match("f", few, "a", "b").verdict == "few"


@given(st.dictionaries(st.sampled_from("abcd"), COSTS, min_size=1))
def test_profiles_rise_from_the_best_to_all(found: dict[str, list[float]]) -> None:
    """A profile is a distribution function, which begins with a share of the problems."""
    table = {"f": {name: np.array(values) for name, values in found.items()}}
    of = ratios(table, list(found))
    assert min(float(one[0]) for one in of.values()) == 1
    for one in of.values():
        shares = [share_within(one, factor) for factor in (1, 2, 10, 1e13)]
        assert shares == sorted(shares)
        assert shares[-1] == 1


def test_values_become_costs() -> None:
    """What is minimised has a floor, what is maximised is turned round, and what failed costs infinity."""
    table = cost_table(
        [
            *(record("least", "a", seed, value) for seed, value in enumerate((3.0, 0.0, None))),
            *(record("return", "a", seed, value, 1.0) for seed, value in enumerate((500.0, 0.0))),
            *(record("likelihood", "a", seed, value, 1.0) for seed, value in enumerate((-2.0, -1.0))),
        ]
    )
    assert table["least"]["a"].tolist() == [3.0, FLOOR, math.inf]
    assert table["return"]["a"].tolist() == [1 / 500, 1 / FLOOR]
    assert table["likelihood"]["a"].tolist() == [2.0, 1.0]


def test_a_search_that_takes_no_part_is_never_close() -> None:
    """Its ratio is infinite; a problem without others has no match."""
    records = [record("f", "ours", 0, 1.0), record("g", "ours", 0, 1.0), record("g", "theirs", 0, 2.0)]
    table = cost_table(records)
    found = ratios(table, ["ours", "theirs"])
    assert found["theirs"].tolist() == [math.inf, 2.0]
    assert [(one.problem, one.ours, one.theirs) for one in best_matches(table, ["ours"])] == [("g", "ours", "theirs")]
    assert best_of(table["f"], ["theirs"]) is None

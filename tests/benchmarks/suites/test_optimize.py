"""The suite `optimize`: equal evaluations, curves, ranks, and what the report makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuroevo.benchmarks.analysis.searches import by_problem, curves, overall, summarise, to_csv
from neuroevo.benchmarks.report.findings_searches import describe_curves, summary
from neuroevo.benchmarks.report.plots.searches import draw_searches
from neuroevo.benchmarks.report.plots.style import to_svg
from neuroevo.benchmarks.report.searches import SEARCH_COLUMNS
from neuroevo.benchmarks.suites.optimize import POINTS, SUITES, Optimize, SearchListener, finished, run
from neuroevo.problems import Problem
from neuroevo.problems.function import RASTRIGIN, SPHERE
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import read_records
from neuroevo.strategies import SNES, Differential, Genetic, Search
from neuroevo.strategies.search.evaluations import generations_within


def make(problem: Problem, seed: int, *, kind: type[Search], **settings: Any) -> Search:
    """Return a small strategy."""
    return kind(problem, seed=seed, **{"population": 6, **settings})


PROTOCOL = Optimize(
    {"sphere": SPHERE(3), "rastrigin": RASTRIGIN(3)},
    {"genetic": partial(make, kind=Genetic), "snes": partial(make, kind=SNES)},
    evaluations=100,
)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """Return the records of a run."""
    return list(run(PROTOCOL, PROTOCOL.plans((1, 2))))


def record(problem: str, strategy: str, seed: int, final: float, weight: float = -1.0) -> dict[str, Any]:
    """Return a record as it is read back: what was not finite is None."""
    best = [None if math.isnan(value) else value for value in (9.0, final)]
    names = {"kind": "search", "problem": problem, "strategy": strategy, "seed": seed}
    return {**names, "evaluations": [1, 2], "best": best, "weight": weight, "gradient_steps": 0, "seconds": 0.5}


def test_everything_runs_with_equal_evaluations(records: list[dict[str, Any]]) -> None:
    """Each problem, strategy and seed has one record, whose best value never gets worse."""
    assert {(one["problem"], one["strategy"], one["seed"]) for one in records} == set(PROTOCOL.plans((1, 2)))
    assert len(records) == 8
    for one in records:
        assert one["evaluations"][-1] == 96
        assert len(one["evaluations"]) == len(one["best"]) <= POINTS
        assert one["best"] == sorted(one["best"], reverse=True)
        assert one["evaluations"] == sorted(set(one["evaluations"]))


def test_what_is_finished_is_not_planned_again(records: list[dict[str, Any]]) -> None:
    """A resumed run has only the rest before it, and gives the same records but for the time."""
    done = finished(records[:3])
    rest = PROTOCOL.plans((1, 2), done=done)
    assert len(rest) == 5
    again = [{**one, "seconds": 0} for one in run(PROTOCOL, rest)]
    assert again == [{**one, "seconds": 0} for one in records[3:]]


def whole(data: bytes, change: Callable[[list[bytes]], list[bytes]] = lambda lines: lines) -> bytes:
    """Return the data with another list of lines."""
    return b"".join(change(data.splitlines(keepends=True)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data + data,
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b'"best":[', b'"best":[1', 1),
        lambda data: whole(data, lambda lines: lines[::-1]),
        lambda data: whole(data, lambda lines: [lines[0], lines[0].replace(b'"seed":1', b'"seed":2'), *lines[1:]]),
    ],
    ids=["emptied", "byte-order mark", "doubled", "cut", "digit", "turned round", "line of another run"],
)
def test_records_that_were_changed_are_made_again(
    damage: Callable[[bytes], bytes], records: list[dict[str, Any]], tmp_path: Path
) -> None:
    """A run that stood still ends with the records of one that did not, in the same order."""

    class Stops(SearchListener):
        def on_search(self, record: Any) -> None:
            if record["seed"] == 2:
                raise KeyboardInterrupt

    suite = SUITES["optimize"]
    with pytest.raises(KeyboardInterrupt), RunDirectory.create(tmp_path / "run", what="bench") as directory:
        suite.run_in(directory, PROTOCOL, seeds=(1, 2), listener=Stops())
    path = tmp_path / "run" / "records.jsonl"
    assert len(read_records(path)) == 5
    path.write_bytes(damage(path.read_bytes()))
    with RunDirectory.resume(tmp_path / "run", what="bench") as directory:
        suite.run_in(directory, PROTOCOL, seeds=(1, 2))
    again = [{**one, "seconds": 0} for one in read_records(path)]
    assert again == [{**one, "seconds": 0} for one in records]


@given(evaluations=st.integers(1, 200), population=st.integers(1, 20), offspring=st.integers(1, 20))
def test_no_generation_is_begun_that_would_spend_too_much(evaluations: int, population: int, offspring: int) -> None:
    """As many generations as the evaluations allow, one at least, also in a steady state."""
    strategy = Genetic(SPHERE(2), population=population, offspring=min(offspring, population))
    number = generations_within(strategy, evaluations)
    spent = strategy.planned_budget(number).evaluations
    assert spent <= evaluations or number == 1
    assert strategy.planned_budget(number + 1).evaluations > evaluations


def test_strategies_that_take_too_long_are_left_out() -> None:
    """Where there are more genes than a strategy is made for, it has no plan."""

    class Few(SNES):
        """A strategy for few genes."""

        MAX_GENES = 4

    protocol = Optimize({"few": SPHERE(4), "many": SPHERE(5)}, {"one": partial(make, kind=Few)}, evaluations=10)
    assert protocol.plans((0,)) == [("few", "one", 0)]


def test_ranks_and_intervals() -> None:
    """Ranks are within a seed, equals share a mean, and what is not finite comes last; intervals are over seeds."""
    records = [
        *(record("f", "a", seed, value) for seed, value in ((0, 1.0), (1, 2.0))),
        *(record("f", "b", seed, value) for seed, value in ((0, 1.0), (1, 1.0))),
        *(record("f", "c", seed, value) for seed, value in ((0, math.nan), (1, 5.0))),
    ]
    best, second, last = summarise(records)
    assert [(row.strategy, row.rank) for row in (best, second, last)] == [("b", 1.25), ("a", 1.75), ("c", 3.0)]
    assert (second.best_mean, second.best_median, second.seed_count) == (1.5, 1.5, 2)
    assert second.best_ci_low < 1 < 2 < second.best_ci_high
    assert math.isnan(last.best_mean)


def test_greater_is_better_where_the_weight_says_so() -> None:
    """A problem that is maximised ranks the greatest value first."""
    rows = summarise([record("f", "a", 0, 1.0, weight=1.0), record("f", "b", 0, 2.0, weight=1.0)])
    assert [row.strategy for row in rows] == ["b", "a"]


def test_ranks_over_problems(records: list[dict[str, Any]]) -> None:
    """Several problems give mean ranks of those strategies that ran on all of them; one problem gives none."""
    rows = summarise(records)
    ranks = overall(rows)
    assert ranks is not None
    assert set(ranks.strategies) == {"genetic", "snes"}
    assert ranks.datasets == 2
    assert overall(by_problem(rows)["sphere"]) is None
    partly = [*records, record("sphere", "odd", 1, 0.0), record("sphere", "odd", 2, 0.0)]
    assert "odd" not in (overall(summarise(partly)) or ranks).strategies


def test_tables_and_words(records: list[dict[str, Any]]) -> None:
    """The table has a line for each row, the words name the best of each problem."""
    rows = summarise(records)
    lines = to_csv(rows).splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("problem,strategy,seed_count,evaluations,best_mean,best_ci_low,best_ci_high")
    for row in rows:
        assert all(column.cell(row) for column in SEARCH_COLUMNS)
    sentences = summary(rows, curves(records))
    assert sentences[0].startswith("On sphere, ")
    assert any(sentence.startswith("On rastrigin, ") for sentence in sentences)
    assert "over 2 problems" in sentences[-1]
    assert "snes" in describe_curves(rows)


@given(
    # Rounded: the squares of smaller differences are 0.
    values=st.integers(1, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.floats(-9, 9).map(lambda value: round(value, 9)), min_size=n, max_size=n),
            min_size=2,
            max_size=2,
        )
    ),
    weight=st.sampled_from([-1.0, 1.0]),
)
def test_a_lead_is_claimed_where_its_interval_says_so(values: list[list[float]], weight: float) -> None:
    """From three seeds on, if scipy's paired interval lies on the better side of 0."""
    found = [
        record("f", name, seed, value, weight)
        for name, one in zip("ab", values, strict=True)
        for seed, value in enumerate(one)
    ]
    rows = summarise(found)
    text = summary(rows, curves(found))[0]
    first, second = (values["ab".index(row.strategy)] for row in rows)
    differences = [one - other for one, other in zip(first, second, strict=True)]
    if len(differences) < 3:
        assert "beats" not in text
        assert "95 % CI" not in text
    elif min(differences) < max(differences):
        low, high = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
        assert ("beats" in text) == (weight * low > 0 and weight * high > 0)
        assert "95 % CI" in text


def test_a_search_alone_is_not_ranked() -> None:
    """Nothing ranks best of one."""
    found = [record("f", "a", seed, 1.0 + seed) for seed in range(3)]
    assert summary(summarise(found), curves(found)) == [
        "On f, a reaches 2 in the median after 2 evaluations; no other strategy is compared with it."
    ]


def test_gradient_steps_beside_evaluations_are_named() -> None:
    """A search that learns has spent more than evaluations."""
    found = [
        {**record("f", name, seed, value), "gradient_steps": steps}
        for name, value, steps in (("a", 1.0, 40), ("b", 2.0, 0))
        for seed in range(3)
    ]
    assert "On f, a took 40 gradient steps beside its evaluations." in summary(summarise(found), curves(found))


@pytest.mark.parametrize("weight", [-1.0, 1.0])
def test_curves_are_drawn(weight: float, records: list[dict[str, Any]]) -> None:
    """A picture has a panel for each problem, draws the same twice, and takes one seed and values that failed."""
    drawn = [to_svg(draw_searches(curves(records), title="t")) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert all(name.encode() in drawn[0] for name in ("sphere", "rastrigin", "genetic", "snes"))
    odd = [record("f", "a", 0, math.nan, weight), record("f", "b", 0, -1.0, weight)]
    assert b"one seed" in to_svg(draw_searches(curves(odd), title="t"))
    with pytest.raises(ValueError, match=r"curves must hold at least one, but they are empty."):
        draw_searches([], title="t")


def test_differential_needs_four() -> None:
    """What a strategy refuses is refused before anything runs."""
    protocol = Optimize({"f": SPHERE(2)}, {"de": partial(make, kind=Differential, population=3)}, evaluations=9)
    with pytest.raises(ValueError, match=r"population must be at least 4, but it is 3."):
        protocol.plans((0,))

"""Suite `pays`: names, budgets and which strategies are compared."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.duels import SPENT, describe, duels, lines, name_of, parts_of, to_csv
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.plots.pays import draw_pays
from neuroevo.benchmarks.suites.ablation import STRATEGIES as ABLATED
from neuroevo.benchmarks.suites.pays import STRATEGIES, entries

MakeRow = Callable[..., Row]


@given(st.sampled_from([*STRATEGIES, *ABLATED]), st.integers(1, 10**9))
def test_a_name_tells_strategy_and_budget(strategy: str, budget: int) -> None:
    """Both come back from the name of a contestant; without a budget the name is the strategy's, with budget 0."""
    assert parts_of(name_of(strategy, budget)) == (strategy, budget)
    if not strategy.endswith("-0"):
        assert parts_of(strategy) == (strategy, 0)


def record(name: str, seed: int, accuracy: float) -> dict[str, Any]:
    """Return the record of a descendant."""
    return {"kind": "descendant", "strategy": name, "seed": seed, "descendant": 0, "accuracy": [accuracy]}


@pytest.fixture
def rows(make_row: MakeRow) -> list[Row]:
    """Return rows of two strategies, with budgets of which GTL's are not quite spent."""
    spent = {
        "narrow-pretraining-60": (60, 60),
        "narrow-pretraining-200": (200, 200),
        "gtl-200": (198, 33),
        "gtl-60": (60, 60),
        "scratch": (0, 0),
    }
    return [make_row(name, gradient_steps=steps, critical_path=path) for name, (steps, path) in spent.items()]


def test_rivals_never_have_less(rows: list[Row]) -> None:
    """Each meets the rival with the least budget that is not below its own, once by steps and once by its path."""
    records = [record(row.strategy, seed, 0.1 * seed + 0.001 * row.gradient_steps) for row in rows for seed in (1, 2)]
    found = duels(rows, records)
    assert [(duel.first, duel.second, duel.equal) for duel in found] == [
        ("gtl-200", "narrow-pretraining-200", "gradient_steps"),
        ("gtl-60", "narrow-pretraining-60", "gradient_steps"),
        ("gtl-200", "narrow-pretraining-60", "critical_path"),
        ("gtl-60", "narrow-pretraining-60", "critical_path"),
    ]
    assert [duel.pairs.difference.mean for duel in found] == pytest.approx([-0.002, 0, 0.138, 0])
    assert duels([row for row in rows if row.strategy != "narrow-pretraining-200"], records)[0].first == "gtl-60"
    assert duels(rows[-1:], records) == []


def test_duels_are_described_and_written_as_csv(rows: list[Row]) -> None:
    """Points with their interval, or without one for a single seed; shares in the file."""
    records = [record(row.strategy, seed, 0.001 * row.gradient_steps * seed) for row in rows for seed in (1, 2)]
    assert describe(duels(rows, records))[2].startswith(
        "At equal critical path in updates gtl-200 is +20.7 points (-67.0 to +108.4) from narrow-pretraining-60."
    )
    alone = describe(duels(rows, [one for one in records if one["seed"] == 1]))
    assert alone[2] == "At equal critical path in updates gtl-200 is +13.8 points from narrow-pretraining-60."
    table = [*csv.DictReader(io.StringIO(to_csv(duels(rows, records))))]
    assert float(table[2]["difference"]) == pytest.approx(0.207)
    assert {line["seed_count"] for line in table} == {"2"}


def test_lines_rise_by_budget(rows: list[Row]) -> None:
    """Each strategy has its rows by rising budget, whatever their order was."""
    found = {name: [row.strategy for row in line] for name, line in lines(rows).items()}
    assert found["gtl"] == ["gtl-60", "gtl-200"]
    assert found["scratch"] == ["scratch"]


def test_the_picture_has_every_strategy_and_cost(rows: list[Row]) -> None:
    """A panel for each cost, and a name for each strategy; without rows there is no picture."""
    figure = draw_pays(rows, title="glyphs")
    assert [axes.get_xlabel() for axes in figure.axes] == list(SPENT.values())
    (legend,) = figure.legends
    assert {text.get_text() for text in legend.get_texts()} == {"gtl", "narrow-pretraining", "scratch"}
    with pytest.raises(ValueError, match="rows must hold at least one"):
        draw_pays([], title="glyphs")


def test_every_strategy_has_every_budget() -> None:
    """What spends nothing takes part once."""
    found = [
        (entry.name, entry.budget) for entry in entries(STRATEGIES, lambda name: name != "scratch", budgets=(60, 600))
    ]
    spending = [name for name in STRATEGIES if name != "scratch"]
    assert found == [("scratch", None), *((f"{name}-{budget}", budget) for budget in (60, 600) for name in spending)]

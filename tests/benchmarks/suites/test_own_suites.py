"""Conditions and suites of one's own: every combination of factors, from the function to the page."""

import csv
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.benchmarks import Condition, Contestant, Transfer, conditions
from neuroevo.benchmarks.suites.suite import Setup, Suite
from neuroevo.execution import Recipe
from neuroevo.strategies import Scratch, UntrainedCircuit


def make(kind: Any, toys: ModuleType, seed: int, **own: Any) -> Any:
    """Return a tiny strategy."""
    return kind(toys.dataset(), toys.MLP_BACKBONE, seed=seed, **own)


@pytest.fixture(scope="module")
def contestants(toys: ModuleType) -> list[Contestant]:
    """Return the baseline, and a strategy that transfers something untrained."""
    return [
        Contestant("scratch", partial(make, Scratch, toys)),
        Contestant("circuit", partial(make, UntrainedCircuit, toys, share=0.4)),
    ]


@pytest.fixture(scope="module")
def protocol(toys: ModuleType) -> Transfer:
    """Return how tiny descendants are trained."""
    recipe = Recipe(updates=3, batch=16)
    dataset, backbone = toys.dataset(), toys.MLP_BACKBONE
    return Transfer(dataset=dataset, backbone=backbone, descendant=recipe, ways=3, shots=4, descendants=2)


def test_a_grid_is_every_combination(protocol: Transfer, toys: ModuleType) -> None:
    """The last factor changes fastest; fields of the recipe go there, and objects are called by name."""
    grid = conditions(protocol, ways=(2, 3), updates=(0, 1))
    assert [(one.protocol.ways, one.protocol.descendant.updates) for one in grid] == [(2, 0), (2, 1), (3, 0), (3, 1)]
    assert [one.values["ways"] for one in grid] == [2, 2, 3, 3]
    assert [one.values["updates"] for one in grid] == [0, 1, 0, 1]
    assert list(grid[0].values) == ["dataset", "backbone", "shots", "updates", "ways"]
    wide = replace(toys.MLP_BACKBONE, widths=(20, 16))
    named = conditions(protocol, backbone={"mlp:1": toys.MLP_BACKBONE, "mlp:2": wide})
    assert [one.values["backbone"] for one in named] == ["mlp:1", "mlp:2"]
    assert named[1].protocol.backbone is wide


def by_ways(setup: Setup, *, every_ways: tuple[int, ...] = (2, 5, 10)) -> list[Condition]:
    """Return a condition for each number of classes.

    Args:
        setup: What conditions are made of.
        every_ways: Classes per task.
    """
    return conditions(setup.protocol, ways=every_ways)


SUITES = {"ways": Suite("ways", "When do learngenes help?", "Learngenes help most with many classes.", by_ways)}


def test_a_suite_with_a_factor_of_its_own_needs_nothing_else(
    contestants: list[Contestant], protocol: Transfer, toys: ModuleType, tmp_path: Path
) -> None:
    """One function and one entry of a mapping: the factor comes out in the file, the picture and the page."""
    setup = Setup(protocol=protocol, backbone=toys.MLP_BACKBONE, dataset=toys.dataset)
    comparison = SUITES["ways"].comparison(contestants, setup, seeds=(1,), every_ways=(2, 4))
    result = comparison.run(tmp_path / "run")
    with (tmp_path / "run" / "summary.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0])[:6] == ["strategy", "dataset", "backbone", "shots", "ways", "seed_count"]
    assert [(line["strategy"], line["ways"]) for line in lines] == [
        (name, ways) for ways in ("2", "4") for name in ("scratch", "circuit")
    ]
    assert result.suite == "ways"
    assert [part.name for part in result.parts] == ["ways 2", "ways 4"]
    assert (tmp_path / "run" / "conditions.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Not complete" not in page
    assert '<th scope="col" aria-sort="none">ways</th>' in page
    assert "Accuracy and gain in each condition of descendants" in page
    assert "ways 4" in page

"""What an evaluation returns becomes values or a failure of its individual, never the end of the run."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from neuroevo.evolution import Generation, evolve
from neuroevo.individual import Individual
from neuroevo.problems.function import SPHERE
from neuroevo.runs.records import read_records
from neuroevo.strategies import SNES

BAD = 5
"""The id of the individual with a wrong result, in the second of three generations."""


class Moody:
    """A number that does not want to be one."""

    def __float__(self) -> float:
        raise RuntimeError("not today")

    def __repr__(self) -> str:
        raise RuntimeError("never")


def generations(result: Any, **settings: Any) -> list[Generation]:
    """Run three generations of four in which one individual has this result."""
    strategy = SNES(SPHERE(2), population=4)

    def evaluate(individual: Individual) -> Any:
        return result if individual.id == BAD else (float(individual.genome.square().sum()),)

    strategy.toolbox.register("evaluate", evaluate)
    return list(evolve(strategy, 3, **settings))


@pytest.mark.parametrize(
    "result",
    [None, "high", (1.0, 2.0), 1.0, {}, (torch.zeros(2),), (1j,), (Moody(),), Moody()],
    ids=lambda one: type(one),
)
def test_a_result_that_is_no_value_fails_its_individual_alone(result: Any, tmp_path: Path) -> None:
    """The others keep their scores, and records and failures hold the reason."""
    assert [one.failed for one in generations(result, run_dir=tmp_path)] == [0, 1, 0]
    (_, second, _) = read_records(tmp_path / "records.jsonl")
    (reason,) = [one["failure"] for one in second["individuals"] if "failure" in one]
    assert reason.startswith("evaluate must return 1 number for an individual, one for each of the weights (-1.0,), in")
    assert json.loads((tmp_path / "failures" / f"000001-{BAD}.json").read_text())["reason"] == reason


@pytest.mark.parametrize("huge", [10**400, -(10**5000), Fraction(10**400)], ids=["int", "negative", "fraction"])
def test_a_number_too_large_for_a_float_is_a_failure(huge: Any) -> None:
    """It is infinite, so that its individual fails and the run continues."""
    assert [one.failed for one in generations((huge,))] == [0, 1, 0]


def test_results_that_are_all_wrong_end_the_run() -> None:
    """A function that never returns values is a mistake in the program: one sentence says what it must return."""
    strategy = SNES(SPHERE(2), population=4)
    strategy.toolbox.register("evaluate", lambda one: None)
    with pytest.raises(
        TypeError, match=r"^evaluate must return 1 number for an individual, .* but it returned None\.$"
    ):
        list(evolve(strategy, 3))


def test_scores_go_to_their_individuals() -> None:
    """The values that the map returns are assigned in its order."""
    strategy = SNES(SPHERE(2), population=3)
    strategy.toolbox.register("evaluate", lambda one: (one.id / 2,))
    (generation,) = evolve(strategy, 1)
    assert [one.fitness.values for one in generation.population] == [(0.0,), (0.5,), (1.0,)]
    assert generation.best is generation.population[0]

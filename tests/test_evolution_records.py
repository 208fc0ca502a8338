"""What a generation says of its population, and what is recorded of runs that are no strategy of ours or one."""

import logging
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from deap.base import Toolbox
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import Generation, evolve
from neuroevo.individual import Fitness, Individual
from neuroevo.problems.function import SPHERE
from neuroevo.runs.records import read_records
from neuroevo.strategies import SNES, UntrainedCircuit


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a run but for the time."""
    return [
        {key: value for key, value in one.items() if key != "seconds"} for one in read_records(folder / "records.jsonl")
    ]


@given(st.lists(st.sampled_from([0.0, 1.0, -2.5, math.nan, math.inf, -math.inf]), max_size=6))
def test_what_a_generation_says_of_its_population(values: list[float]) -> None:
    """Failures are counted and left out of the mean, and never best where anyone has not failed."""
    individuals = tuple(Individual(None, Fitness((value,)), id=i) for i, value in enumerate(values))
    generation = Generation(4, individuals)
    finite = [value for value in values if math.isfinite(value)]
    assert generation.scores == finite
    assert generation.failed == len(values) - len(finite)
    if finite:
        assert generation.best.fitness.values == (max(finite),)
        assert generation.mean == pytest.approx(math.fsum(finite) / len(finite))
    else:
        assert math.isnan(generation.mean)
    assert generation.record()["generation"] == 4


def bare(calls: list[str]) -> Toolbox:
    """Return the operators of a search as a bare toolbox, which notes each update."""
    search, toolbox = SNES(SPHERE(2), population=3), Toolbox()
    toolbox.register("generate", search.generate)
    toolbox.register("evaluate", SPHERE(2))
    toolbox.register("update", lambda population: calls.append("update") or search.update(population))
    return toolbox


def test_a_bare_toolbox_has_records_but_no_checkpoint(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says that nothing can be continued; records are written all the same."""
    calls: list[str] = []
    with caplog.at_level(logging.WARNING, logger="neuroevo.evolution"):
        assert len(list(evolve(bare(calls), 2, run_dir=tmp_path))) == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"a bare toolbox has no state to keep: there will be no checkpoint in {tmp_path}"
    ]
    assert [record["generation"] for record in recorded(tmp_path)] == [0, 1]
    assert not (tmp_path / "checkpoints").exists()
    assert calls.count("update") == 2


def test_a_bare_toolbox_without_a_directory_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing is to be kept there is nothing to warn of."""
    with caplog.at_level(logging.DEBUG, logger="neuroevo.evolution"):
        list(evolve(bare([]), 1))
    assert caplog.records == []


def test_records_of_strategies_of_the_library(toys: ModuleType, tmp_path: Path) -> None:
    """A run of a rival writes records that can be read back, with the best one's id."""
    (generation,) = evolve(UntrainedCircuit(toys.dataset(), toys.MLP_BACKBONE, share=0.4), 1, run_dir=tmp_path)
    (record,) = recorded(tmp_path)
    assert record == {key: value for key, value in generation.record().items() if key != "seconds"}

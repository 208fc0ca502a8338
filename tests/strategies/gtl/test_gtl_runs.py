"""A run of GTL is decided by its seed, spends what was planned, and is continued bit for bit."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.budget import Budget
from neuroevo.evolution import evolve
from neuroevo.execution import Outcome, Recipe, Training, train_all
from neuroevo.execution.condensing import Condensing
from neuroevo.execution.cost import training_budget
from neuroevo.problems import NearestMean, critic, live
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL, PAPER, GTLSettings

# `gtls.FULL`, which is not at hand yet where tests are given their parameters.
FULL: Mapping[str, Any] = {**{name: getattr(GTLSettings(), name) for name in PAPER}, "cycle": 2}


@pytest.mark.parametrize(
    "settings", [{}, dict(FULL), dict(PAPER), {"metric": "auc", "critics": 2, "resize_rate": 0.5, "noise": 0.1}]
)
def test_the_seed_decides_everything(settings: dict[str, Any], gtls: ModuleType, toys: ModuleType) -> None:
    """Ids, scores and learngenes are equal for equal seeds and any number of workers, and different for others."""
    first = gtls.run(gtls.gtl(toys, seed=3, workers=1, **settings), 3)
    assert gtls.run(gtls.gtl(toys, seed=3, workers=2, **settings), 3) == first
    assert gtls.run(gtls.gtl(toys, seed=4, **settings), 3) != first


@pytest.mark.parametrize(
    ("settings", "generations"),
    [
        ({}, 0),
        ({}, 1),
        ({}, 3),
        (dict(PAPER), 2),
        (dict(FULL), 3),
        ({"critics": 2, "metric": "auc", "finalists": 9, "population": 5, "tournament": 3}, 3),
        ({"lamarckian": False, "pool": 1, "final_critics": 1}, 2),
        ({"population": 3, "tournament": 3, "turnover": 0, "life_ways": 2, "critic_ways": 3, "critic_shots": 1}, 2),
        ({"life": Recipe(updates=2, batch=1000)}, 1),
    ],
)
def test_the_budget_is_the_planned_one_and_what_is_trained(
    settings: dict[str, Any], generations: int, gtls: ModuleType, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plan, count and a spy on every training agree on steps and multiply-adds."""
    spent = Budget()

    def spy(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
        nonlocal spent
        for training in trainings:
            ways, images = len(training.task.classes), len(training.task.train)
            heads = 2 if isinstance(training.loss, Condensing) else 1
            cost = {"image": (1, 8, 8), "classes": ways, "images": images, "heads": heads}
            spent = spent.then(training_budget(toys.MLP_BACKBONE, training.recipe, **cost))
        return train_all(trainings, **options)

    monkeypatch.setattr(live, "train_all", spy)
    monkeypatch.setattr(critic, "train_all", spy)
    strategy = gtls.gtl(toys, **settings)
    planned = strategy.planned_budget(generations)
    last = [generation.budget for generation in evolve(strategy, generations)]
    assert last == sorted(last, key=lambda budget: budget.gradient_steps)
    if generations:
        strategy.result()
    assert strategy.budget == planned
    assert (spent.gradient_steps, spent.multiply_adds) == (planned.gradient_steps, planned.multiply_adds)
    finalists = len(strategy.pool.individuals[: strategy.finalists])
    assert planned.evaluations == generations * strategy.population + finalists
    steps = gtls.LIFE.updates if not settings else 0
    assert not steps or planned.critical_path == generations * (3 + 2) + (2 if generations else 0)


def test_an_evaluator_without_training_is_not_charged(gtls: ModuleType, toys: ModuleType) -> None:
    """Only lives cost something when nearest means stand in for critics; an evaluator of unknown cost is charged."""
    strategy = gtls.gtl(toys)
    critic, setup = strategy.critic, strategy.critic.setup
    settings = {"images": critic.images, "ways": critic.ways, "shots": critic.shots, "seed": 0, "test_per_class": 2}
    strategy.toolbox.register("evaluate", NearestMean(setup=setup, **settings))
    list(evolve(strategy, 1))
    assert strategy.budget == replace(strategy.life.budget, evaluations=1).times(strategy.population)
    unknown = gtls.gtl(toys)
    unknown.toolbox.register("evaluate", lambda individual: (float(individual.id),))
    list(evolve(unknown, 1))
    assert unknown.budget.gradient_steps > strategy.budget.gradient_steps


def continued(gtls: ModuleType, toys: ModuleType, before: int, path: Path | None, **settings: Any) -> GTL:
    """Return a new strategy that takes over after some generations of another one, by memory or by files."""
    first = gtls.gtl(toys, **settings)
    list(evolve(first, before))
    second = gtls.gtl(toys, **settings)
    state = first.state_dict()
    if path is not None:
        save_checkpoint(path, before, state)
        loaded = load_checkpoint(path)
        assert loaded is not None
        assert loaded[0] == before
        state = loaded[1]
    second.load_state_dict(state)
    assert gtls.equal(second.state_dict(), first.state_dict())
    return second


@pytest.mark.parametrize(
    ("backbone", "files", "before", "settings"),
    [
        ("MLP_BACKBONE", False, 0, {"resize_rate": 0.3}),
        ("MLP_BACKBONE", False, 1, {"resize_rate": 0.3}),
        ("MLP_BACKBONE", True, 3, {"resize_rate": 0.3}),
        ("MLP_BACKBONE", True, 0, {}),
        ("MLP_BACKBONE", False, 0, dict(FULL)),
        ("MLP_BACKBONE", True, 1, dict(FULL)),
        ("CONVNET", True, 2, dict(FULL)),
    ],
)
def test_a_state_continues_bit_for_bit(
    backbone: str,
    files: bool,
    before: int,
    settings: dict[str, Any],
    gtls: ModuleType,
    toys: ModuleType,
    tmp_path: Path,
) -> None:
    """A new strategy with the state of a stopped one continues as if nothing had happened, through files too."""
    whole = gtls.run(gtls.gtl(toys, backbone, **settings), 4)
    strategy = continued(gtls, toys, before, tmp_path if files else None, backbone=backbone, **settings)
    assert strategy.generation == before
    assert gtls.run(strategy, 4) == whole[before:]


@pytest.mark.parametrize("stops", [[1], [2, 3], [0, 1, 2, 3]])
def test_a_run_directory_continues_bit_for_bit(
    stops: list[int], gtls: ModuleType, toys: ModuleType, tmp_path: Path
) -> None:
    """A run that is stopped and called again leaves the records, checkpoint and result of an uninterrupted one."""
    whole = gtls.gtl(toys)
    list(evolve(whole, 4, run_dir=tmp_path / "whole"))
    for generations in [*stops, 4]:
        strategy = gtls.gtl(toys)
        list(evolve(strategy, generations, run_dir=tmp_path / "parts"))
    records = [read_records(tmp_path / name / "records.jsonl") for name in ("whole", "parts")]
    without_time = [[{**record, "seconds": 0} for record in part] for part in records]
    assert without_time[0] == without_time[1]
    assert [record["generation"] for record in records[0]] == [0, 1, 2, 3]
    assert gtls.equal(whole.state_dict(), strategy.state_dict())
    assert gtls.genome_bytes(whole.result()) == gtls.genome_bytes(strategy.result())
    loaded = load_checkpoint(tmp_path / "parts" / "checkpoints")
    assert loaded is not None
    assert loaded[0] == 4
    assert gtls.equal(loaded[1], {**strategy.state_dict(), "budget": loaded[1]["budget"]})
    finished = gtls.gtl(toys)
    assert list(evolve(finished, 4, run_dir=tmp_path / "parts")) == []
    assert gtls.genome_bytes(finished.result()) == gtls.genome_bytes(whole.result())


def test_a_state_is_json_but_for_tensors(gtls: ModuleType, toys: ModuleType) -> None:
    """The record of a generation is plain JSON, and states share nothing with the running strategy."""
    strategy = gtls.gtl(toys)
    list(evolve(strategy, 1))
    json.dumps(strategy.record(), allow_nan=False)
    state = strategy.state_dict()
    kept = copy.deepcopy(state)
    list(evolve(strategy, 3))
    assert gtls.equal(state, kept)

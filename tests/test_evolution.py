"""The loop: lazy, stoppable, recorded, and continued where it stopped."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from deap.base import Toolbox
from hypothesis import given
from hypothesis import strategies as st

from neuroevo import evolution
from neuroevo.budget import Budget
from neuroevo.evolution import Generation, evolve
from neuroevo.execution import batched_map
from neuroevo.files import CheckpointError
from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.runs.locks import RunLocked
from neuroevo.runs.records import read_records


class Walk:
    """A strategy of few lines: a random walk that remembers everything in its state."""

    def __init__(self, *, size: int = 3, score: Callable[[Individual], float] | None = None) -> None:
        self.calls: list[str] = []
        self.size, self.generation = size, 0
        self.place, self.ids = 0.0, Ids()
        self.generator = torch.Generator().manual_seed(0)
        self.score = score or (lambda one: float(one.genome[0]))
        self.toolbox = Toolbox()
        self.toolbox.register("generate", self.generate)
        self.toolbox.register("evaluate", self.evaluate)
        self.toolbox.register("update", self.update)
        self.toolbox.register("map", batched_map)

    @property
    def budget(self) -> Budget:
        """A step per generation."""
        return Budget(self.generation, 10 * self.generation, self.generation, self.size * self.generation)

    def generate(self) -> list[Individual]:
        """Return individuals around the place."""
        self.calls.append("generate")
        steps = torch.randn(self.size, 1, generator=self.generator) + self.place
        return [Individual(row, id=self.ids(), parents=(0,)) for row in steps]

    def evaluate(self, individual: Individual) -> tuple[float]:
        """Return the score of one."""
        self.calls.append("evaluate")
        return (self.score(individual),)

    def update(self, population: list[Individual]) -> None:
        """Go to the mean."""
        self.calls.append("update")
        self.place = sum(float(one.genome[0]) for one in population) / max(1, len(population))
        self.generation += 1

    def record(self) -> dict[str, Any]:
        """Return where it is."""
        return {"place": self.place}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        return {
            "generation": self.generation,
            "place": self.place,
            "ids": self.ids.next,
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.generation, self.place, self.ids.next = state["generation"], state["place"], state["ids"]
        self.generator.set_state(state["generator"])


def places(strategy: Walk, generations: int, **settings: Any) -> list[float]:
    """Run a walk and return its places."""
    return [generation.details["place"] for generation in evolve(strategy, generations, **settings)]


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a run but for the time."""
    records: list[dict[str, Any]] = read_records(folder / "records.jsonl")
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


def test_a_generation_runs_when_it_is_asked_for() -> None:
    """Nothing happens before the first `next`, and each one runs one generation."""
    strategy = Walk()
    generations = evolve(strategy, 3)
    assert strategy.calls == []
    one = ["generate", "evaluate", "evaluate", "evaluate", "update"]
    for number in range(3):
        assert next(generations).number == number
        assert strategy.calls == one * (number + 1)
    with pytest.raises(StopIteration):
        next(generations)
    assert strategy.calls == one * 3


@given(st.integers(0, 5), st.integers(0, 5))
def test_generations_count_from_the_start_of_the_strategy(first: int, second: int) -> None:
    """A strategy that has run some generations runs those that are missing, however they are split."""
    strategy = Walk()
    whole = places(Walk(), max(first, second))
    assert places(strategy, first) + places(strategy, second) == whole
    assert strategy.generation == len(whole)


def test_no_generations_touch_nothing(tmp_path: Path) -> None:
    """With 0 generations nothing is generated or yielded."""
    strategy = Walk()
    assert list(evolve(strategy, 0, run_dir=tmp_path / "run")) == []
    assert strategy.calls == []
    assert recorded(tmp_path / "run") == []


def test_negative_generations_are_refused_at_once() -> None:
    """The call itself raises, not the first `next`."""
    with pytest.raises(ValueError, match=r"^generations must be at least 0, but it is -1\.$"):
        evolve(Walk(), -1)


def test_stop_ends_after_the_generation_for_which_it_is_true(tmp_path: Path) -> None:
    """That generation is yielded, recorded and kept, and nothing runs after it."""
    strategy = Walk()
    asked: list[int] = []

    def stop(generation: Generation) -> bool:
        asked.append(generation.number)
        return generation.number == 1

    assert [generation.number for generation in evolve(strategy, 9, run_dir=tmp_path, stop=stop)] == [0, 1]
    assert asked == [0, 1]
    assert strategy.generation == 2
    assert [record["generation"] for record in recorded(tmp_path)] == [0, 1]
    assert places(Walk(), 4, run_dir=tmp_path) == places(Walk(), 4)[2:]


def test_callbacks_see_every_record_before_it_is_yielded(tmp_path: Path) -> None:
    """They are called in order with the record that is yielded, when it is on the disk already."""
    seen: list[tuple[str, Generation, int]] = []
    callbacks = [
        lambda generation: seen.append(("first", generation, len(recorded(tmp_path)))),
        lambda generation: seen.append(("second", generation, load_checkpoint(tmp_path / "checkpoints")[0])),
    ]
    for number, generation in enumerate(evolve(Walk(), 2, run_dir=tmp_path, callbacks=callbacks)):
        assert seen[-2:] == [("first", generation, number + 1), ("second", generation, number + 1)]
    assert len(seen) == 4


def test_a_failing_callback_loses_nothing(tmp_path: Path) -> None:
    """Its exception ends the run after a complete generation, and the run can be continued."""

    def fail(generation: Generation) -> None:
        if generation.number == 1:
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        list(evolve(Walk(), 4, run_dir=tmp_path, callbacks=[fail]))
    list(evolve(Walk(), 4, run_dir=tmp_path))
    list(evolve(Walk(), 4, run_dir=tmp_path / "whole"))
    assert recorded(tmp_path) == recorded(tmp_path / "whole")


@pytest.mark.parametrize("stage", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_run_killed_while_saving_continues_bit_for_bit(
    number: int, stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies before or after writing a checkpoint leaves, once continued, the records of a whole one."""
    save = evolution.save_checkpoint

    def dying(folder: Path, generation: int, state: Any, **facts: Any) -> None:
        if generation == number and stage == "before":
            raise KeyboardInterrupt
        save(folder, generation, state, **facts)
        if generation == number:
            raise KeyboardInterrupt

    monkeypatch.setattr(evolution, "save_checkpoint", dying)
    with pytest.raises(KeyboardInterrupt):
        list(evolve(Walk(), 4, run_dir=tmp_path / "parts"))
    monkeypatch.setattr(evolution, "save_checkpoint", save)
    list(evolve(Walk(), 4, run_dir=str(tmp_path / "parts")))
    list(evolve(Walk(), 4, run_dir=tmp_path / "whole"))
    assert recorded(tmp_path / "parts") == recorded(tmp_path / "whole")


@given(ticks=st.lists(st.integers(0, 3), min_size=4, max_size=4), stopped=st.integers(1, 4), killed=st.booleans())
def test_rare_checkpoints_lose_only_time(
    ticks: list[int], stopped: int, killed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However seldom there is a checkpoint, a run that is stopped or killed anywhere ends in the same records.

    A run that stops between two generations, or comes to the end, leaves a checkpoint of the last one.
    """
    folder = tmp_path_factory.mktemp("rare")
    clock = iter(torch.tensor([0, *ticks]).cumsum(0).repeat_interleave(2).tolist())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evolution.time, "monotonic", lambda: next(clock, 99))
        generations = evolve(Walk(), 4, run_dir=folder / "run", checkpoint_seconds=2)
        for _ in range(stopped):
            next(generations)
        shutil.copytree(folder / "run", folder / "killed")
        generations.close()
    kept = load_checkpoint(folder / "run" / "checkpoints")
    assert kept is not None
    assert kept.generation == stopped
    left = folder / ("killed" if killed else "run")
    list(evolve(Walk(), 4, run_dir=left, checkpoint_seconds=1000))
    last = load_checkpoint(left / "checkpoints")
    assert last is not None
    assert last.generation == 4
    list(evolve(Walk(), 4, run_dir=folder / "whole"))
    assert recorded(left) == recorded(folder / "whole")


def test_checkpoints_are_as_rare_as_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is written when the time since the last one has passed, and one at the end."""
    saved: list[int] = []
    save = evolution.save_checkpoint
    monkeypatch.setattr(evolution, "save_checkpoint", lambda *a, **k: (saved.append(a[1]), save(*a, **k)))
    seconds = iter(range(99))
    monkeypatch.setattr(evolution.time, "monotonic", lambda: next(seconds))
    list(evolve(Walk(), 8, run_dir=tmp_path / "rare", checkpoint_seconds=3))
    assert saved == [3, 6, 8]
    saved.clear()
    list(evolve(Walk(), 3, run_dir=tmp_path / "each"))
    assert saved == [1, 2, 3]
    with pytest.raises(ValueError, match=r"^checkpoint_seconds must be at least 0, but it is -1\.$"):
        evolve(Walk(), 1, checkpoint_seconds=-1)


def test_a_torn_record_is_cut(tmp_path: Path) -> None:
    """A last line that was never finished does not stay."""
    list(evolve(Walk(), 2, run_dir=tmp_path))
    with (tmp_path / "records.jsonl").open("ab") as file:
        file.write(b'{"kind": "gener')
    list(evolve(Walk(), 3, run_dir=tmp_path))
    assert [record["generation"] for record in recorded(tmp_path)] == [0, 1, 2]


@given(scores=st.lists(st.integers(0, 4), min_size=1, max_size=9), again=st.integers(0, 9))
def test_the_best_generation_is_kept(scores: list[int], again: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Beside the newest three, the checkpoint of the first generation with the best score stays, stopped or not."""
    folder = tmp_path_factory.mktemp("best")

    def walk() -> Walk:
        return Walk(size=1, score=lambda one: float(scores[one.id]))

    for goal in sorted({min(again, len(scores)), len(scores)}):
        list(evolve(walk(), goal, run_dir=folder))
    best = scores.index(max(scores)) + 1
    newest = range(max(1, len(scores) - 2), len(scores) + 1)
    names = [f"generation-{number:06d}.json" for number in sorted({*newest, best})]
    assert sorted(path.name for path in (folder / "checkpoints").glob("*.json")) == names
    checkpoint = load_checkpoint(folder / "checkpoints", generation=best)
    assert checkpoint is not None
    assert checkpoint.state["generation"] == best
    newest_one = load_checkpoint(folder / "checkpoints")
    assert newest_one is not None
    assert newest_one.best == (best, (float(max(scores)),))


class Set(Walk):
    """A walk with settings that it does not record as arguments."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.seed, self.settings = settings.pop("seed", 0), settings


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    """A run is resumed with equal settings only; every difference is named with both values."""
    same = {"step": 1, "rate": (0.5, 1.0), "limit": math.nan, "function": abs}
    list(evolve(Set(**same), 1, run_dir=tmp_path))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    differences = (
        r"seed \(0 then, 4 now\), settings.rate \(\[0.5, 1.0\] then, None now\), settings.step \(1 then, 2 now\);"
    )
    with pytest.raises(CheckpointError, match=rf"was begun with other settings: {differences}"):
        list(evolve(Set(**{**same, "step": 2, "rate": None}, seed=4), 2, run_dir=tmp_path))
    with pytest.raises(CheckpointError, match=r"strategy \('Set' then, 'Walk' now\)"):
        list(evolve(Walk(), 2, run_dir=tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    assert len(list(evolve(Set(**same), 3, run_dir=tmp_path))) == 2


@pytest.mark.parametrize("state", [{}, {"generation": 1, "place": 0, "ids": "a", "generator": torch.zeros(3)}])
def test_a_state_that_does_not_fit_is_one_sentence(state: dict[str, Any], tmp_path: Path) -> None:
    """A whole checkpoint with another content is refused by name."""
    save_checkpoint(tmp_path / "checkpoints", 1, state)
    with pytest.raises(
        CheckpointError,
        match=r"^.*generation-0\d+\.json holds no state of a Walk \(.*; remove .*\.json to begin again\.$",
    ):
        list(evolve(Walk(), 2, run_dir=tmp_path))


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Two runs never write into one folder; the first one continues undisturbed."""
    first = evolve(Walk(), 3, run_dir=tmp_path)
    next(first)
    with pytest.raises(RunLocked, match="is in use by another process"):
        next(evolve(Walk(), 3, run_dir=tmp_path))
    assert len(list(first)) == 2
    assert list(evolve(Walk(), 3, run_dir=tmp_path)) == []


def test_an_abandoned_run_leaves_no_file_open(tmp_path: Path) -> None:
    """A generator that is dropped or closed closes its records (an open file would be a warning, an error here)."""
    generations = evolve(Walk(), 5, run_dir=tmp_path)
    next(generations)
    generations.close()
    dropped = evolve(Walk(), 5, run_dir=tmp_path)
    next(dropped)
    del dropped
    assert len(recorded(tmp_path)) == 2


def test_records_are_json_lines(tmp_path: Path) -> None:
    """Each line is one object with everything that the generation was; what is not finite is null."""
    scores = iter([0.5, math.nan, 0.25, 1.0, 2.0, math.inf])
    (first, second) = evolve(Walk(score=lambda one: next(scores)), 2, run_dir=tmp_path)
    lines = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert [record.pop("seconds") >= 0 for record in records] == [True, True]
    assert records[0] == {
        "kind": "generation",
        "generation": 0,
        "individuals": [
            {"id": 0, "parents": [0], "fitness": [0.5]},
            {"id": 1, "parents": [0], "fitness": [None]},
            {"id": 2, "parents": [0], "fitness": [0.25]},
        ],
        "best": 0,
        "mean": 0.375,
        "failed": 1,
        "gradient_steps": 1,
        "multiply_adds": 10,
        "critical_path": 1,
        "evaluations": 3,
        "place": first.details["place"],
    }
    assert records[1]["best"] == 4
    assert records[1]["mean"] == 1.5
    assert records[1]["gradient_steps"] == second.budget.gradient_steps == 2


def test_only_the_unscored_are_evaluated() -> None:
    """An individual with a valid fitness keeps it."""
    strategy = Walk()
    generate = strategy.toolbox.generate

    def half_scored() -> list[Individual]:
        population: list[Individual] = generate()
        population[1].fitness = Fitness((7.0,))
        return population

    strategy.toolbox.register("generate", half_scored)
    (generation,) = evolve(strategy, 1)
    assert strategy.calls.count("evaluate") == 2
    assert generation.population[1].fitness.values == (7.0,)


def test_a_generation_of_failures_ends_the_run(tmp_path: Path) -> None:
    """If no fitness is finite the run stops with a reason before the update, and what was complete stays."""
    strategy = Walk(score=lambda one: math.nan if one.id >= 6 else 1.0)
    with pytest.raises(
        RuntimeError, match=r"^all 3 individuals of generation 2 failed: no fitness value is finite; .*\.$"
    ):
        list(evolve(strategy, 5, run_dir=tmp_path))
    assert strategy.generation == 2
    assert len(recorded(tmp_path)) == 2


def test_an_empty_generation_is_no_failure() -> None:
    """A strategy may have nothing to score."""
    (generation,) = evolve(Walk(size=0), 1)
    assert generation.population == ()
    with pytest.raises(ValueError, match=r"^generation 0 must have at least one individual to have a best one\.$"):
        _ = generation.best
    assert generation.scores == []
    assert math.isnan(generation.mean)
    assert generation.failed == 0
    assert generation.record()["best"] is None

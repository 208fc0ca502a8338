"""Choices: the best of a rehearsal, which sees nothing of novel classes, and the same search for all."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.benchmarks.suites.choosing import Choice, Choices, as_json, from_json, reached_in
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.roster import Entry, Roster
from neuroevo.data.images import Dataset
from neuroevo.data.rehearsal import rehearsal
from neuroevo.execution import Recipe
from neuroevo.runs.directory import RunDirectory
from neuroevo.strategies import GTL, Finetune, NarrowPretraining, Scratch

RATES, PARTS = (0.02, 0.1), (0.5, 1.0)
SETTINGS: dict[str, Any] = {
    "share": 0.4,
    "life_updates": 8,
    "critic_updates": 2,
    **dict.fromkeys(("life_batch", "critic_batch", "pretraining_batch"), 16),
}
ENTRIES = (
    Entry(name="scratch", strategy=Scratch),
    Entry(name="narrow", strategy=NarrowPretraining),
    Entry(name="mine", strategy=Finetune, settings={"pretraining_learning_rate": 0.05}),
    Entry(name="gtl", strategy=GTL),
)


def choices_on(data: Dataset, toys: ModuleType) -> Choices:
    """Return a search over two rates and two budgets."""
    roster = Roster(dataset=data, backbone=toys.MLP_BACKBONE, generations=2, settings=SETTINGS, seed=3, workers=1)
    descendant = Recipe(updates=4, batch=16, learning_rate=0.05)
    protocol = Transfer(
        dataset=data, backbone=toys.MLP_BACKBONE, descendant=descendant, ways=4, shots=5, descendants=2, workers=1
    )
    return Choices(roster=roster, protocol=protocol, rates=RATES, parts=PARTS)


def found_in(folder: Path, choices: Choices, entries: Sequence[Entry] = ENTRIES) -> dict[str, Choice]:
    """Run a search in a new or an old folder."""
    with RunDirectory.begin_or_resume(folder, what="bench") as run:
        return choices.run_in(run, entries)


def test_the_best_is_chosen_without_a_look_at_novel_classes(toys: ModuleType, tmp_path: Path) -> None:
    """All that train are tried with all choices; data with other novel classes give the same, and so does a resume."""
    data = toys.dataset()
    choices = choices_on(data, toys)
    found = found_in(tmp_path / "one", choices)
    reached = reached_in(tmp_path / "one")
    assert found.keys() == {"narrow", "mine", "gtl"}
    assert reached.keys() == {f"{name}{choice.suffix}" for name in found for choice in choices.every}
    for name, choice in found.items():
        assert reached[f"{name}{choice.suffix}"] == max(reached[f"{name}{other.suffix}"] for other in choices.every)
    other = replace(data, novel=toys.dataset(seed=9).novel)
    narrow = found_in(tmp_path / "two", choices_on(other, toys), ENTRIES[:2])
    assert narrow == {"narrow": found["narrow"]}
    assert reached_in(tmp_path / "two").items() <= reached.items()
    assert found_in(tmp_path / "one", choices) == found
    assert from_json(as_json(found)) == found


def test_an_entry_gets_its_rate_and_its_budget(toys: ModuleType) -> None:
    """The rate unless it has one of its own, the part of the gradient steps of its whole budget."""
    choices = choices_on(toys.dataset(), toys)
    steps = choices.steps(choices.roster, ENTRIES[1:])
    assert steps == dict.fromkeys(("narrow", "mine", "gtl"), 16)
    halves = [Choice(rate=0.02, part=0.5).of(one, steps=steps[one.name]) for one in ENTRIES[1:]]
    made = [one.make(3) for one in choices.roster.contestants(halves)]
    assert [one.planned_budget(2 if isinstance(one, GTL) else 1).gradient_steps for one in made] == [8, 8, 8]
    recipes = [one.life.setup.recipe for one in made if isinstance(one, GTL | Finetune | NarrowPretraining)]
    assert [one.learning_rate for one in recipes] == [0.02, 0.05, 0.02]
    whole = Choice(rate=None).of(ENTRIES[1], steps=16)
    assert (whole.budget, whole.defaults) == (None, {})


def test_trials_that_learn_alike_share_a_network(toys: ModuleType) -> None:
    """The one with a rate of its own is trained once for each budget, whatever rates are tried."""
    choices = choices_on(toys.dataset(), toys)
    trials = [replace(one.of(ENTRIES[2], steps=16), name=f"mine{one.suffix}") for one in choices.every]
    assert len({one.pretrains for one in choices.roster.contestants(trials)}) == len(PARTS)


def test_data_that_can_not_be_rehearsed_are_refused_at_once(toys: ModuleType) -> None:
    """Before anything is trained."""
    with pytest.raises(ValueError, match="at least 2 classes for a rehearsal"):
        choices_on(toys.dataset(classes=(1, 4, 4)), toys)
    assert rehearsal(toys.dataset()).name == "toys-rehearsal"

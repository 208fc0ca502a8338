"""Choices: the best of a rehearsal, which sees nothing of novel classes, and the same search for all."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.benchmarks.suites import choosing
from neuroevo.benchmarks.suites.choosing import Choice, Choices, as_json, from_json, planned_steps, reached_in
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.roster import Entry, Roster
from neuroevo.data.images import Dataset
from neuroevo.data.rehearsal import rehearsal
from neuroevo.execution import Recipe
from neuroevo.runs.directory import RunDirectory
from neuroevo.strategies import GTL, Finetune, NarrowPretraining, Scratch
from neuroevo.strategies.variant import Variant

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
    tried = {one.name: choices.of(one) for one in ENTRIES[1:]}
    assert {name: len(one) for name, one in tried.items()} == {"narrow": 4, "mine": 2, "gtl": 4}
    assert reached.keys() == {f"{name}{choice.suffix}" for name, every in tried.items() for choice in every}
    for name, choice in found.items():
        assert reached[f"{name}{choice.suffix}"] == max(reached[f"{name}{other.suffix}"] for other in tried[name])
    other = replace(data, novel=toys.dataset(seed=9).novel)
    narrow = found_in(tmp_path / "two", choices_on(other, toys), ENTRIES[:2])
    assert narrow == {"narrow": found["narrow"]}
    assert reached_in(tmp_path / "two").items() <= reached.items()
    assert found_in(tmp_path / "one", choices) == found
    assert from_json(as_json(found)) == found


def test_an_entry_gets_its_rate_and_its_budget(toys: ModuleType) -> None:
    """The rate unless it has one of its own, the part of the gradient steps of its whole budget."""
    choices = choices_on(toys.dataset(), toys)
    steps = planned_steps(choices.roster, ENTRIES[1:])
    assert steps == dict.fromkeys(("narrow", "mine", "gtl"), 16)
    halves = [Choice(rate=0.02, part=0.5).of(one, steps=steps[one.name]) for one in ENTRIES[1:]]
    made = [one.make(3) for one in choices.roster.contestants(halves)]
    assert [one.planned_budget(2 if isinstance(one, GTL) else 1).gradient_steps for one in made] == [8, 8, 8]
    recipes = [one.life.setup.recipe for one in made if isinstance(one, GTL | Finetune | NarrowPretraining)]
    assert [one.learning_rate for one in recipes] == [0.02, 0.05, 0.02]
    whole = Choice(rate=None).of(ENTRIES[1], steps=16)
    assert (whole.budget, whole.defaults) == (None, {})


def test_a_contestant_keeps_a_rate_of_its_own(toys: ModuleType) -> None:
    """Its own, that of its variant, or one that is given for all; then it only chooses how much it spends."""
    choices = choices_on(toys.dataset(), toys)
    slow = Entry(
        name="slow", strategy=Variant(GTL, summary="GTL at a low rate.", settings={"life_learning_rate": 0.01})
    )
    for one in (ENTRIES[2], slow):
        assert [choice.rate for choice in choices.of(one)] == [None] * len(PARTS)
    given = replace(choices, roster=replace(choices.roster, settings={**SETTINGS, "life_learning_rate": 0.1}))
    assert {choice.rate for choice in given.of(ENTRIES[3])} == {None}
    assert {choice.rate for choice in given.of(ENTRIES[1])} == {*RATES}


def test_a_trial_that_fails_is_never_the_best(
    toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it stands; where all fail the first is chosen, and who trains nothing chooses nothing."""
    choices, entries = choices_on(toys.dataset(), toys), ENTRIES[:2]
    first, *_, last = choices.of(ENTRIES[1])
    for reached, best in (
        ({f"narrow{first.suffix}": math.nan, f"narrow{last.suffix}": 0.2}, last),
        ({f"narrow{first.suffix}": 0.2, f"narrow{last.suffix}": math.nan}, first),
        ({f"narrow{first.suffix}": math.nan, f"narrow{last.suffix}": math.nan}, first),
    ):
        monkeypatch.setattr(choosing, "reached_in", lambda _, reached=reached: reached)
        assert found_in(tmp_path / "one", choices, entries) == {"narrow": best}
    assert found_in(tmp_path / "none", choices, ENTRIES[:1]) == {}


def test_data_that_can_not_be_rehearsed_are_refused_at_once(toys: ModuleType) -> None:
    """Before anything is trained."""
    with pytest.raises(ValueError, match="at least 2 classes for a rehearsal"):
        choices_on(toys.dataset(classes=(1, 4, 4)), toys)
    assert rehearsal(toys.dataset()).name == "toys-rehearsal"

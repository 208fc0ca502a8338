"""Lives that evolve: which factors heirs have on their training runs, that runs have them, and that they are kept."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.execution import Outcome, Training, train_all
from neuroevo.execution.condensing import Condensing
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.problems import live
from neuroevo.problems.training_setup import SCALED
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL, AsynchronousGTL, PopulationGTL
from neuroevo.strategies.gtl.operators import WIDEST, families, hyperparameters_of
from neuroevo.testing.strategies import seeds

EVOLVED: dict[str, Any] = {"evolved_lives": SCALED, "average": False, "parents": None, "population": 4}
NAMES = st.lists(st.sampled_from(SCALED), unique=True, min_size=1)


def evolving(gtls: ModuleType, toys: ModuleType, **settings: Any) -> GTL:
    """Return a strategy whose training runs evolve."""
    found: GTL = gtls.gtl(toys, **{**gtls.FULL, **EVOLVED, **settings})
    return found


@pytest.mark.parametrize("kind", [PopulationGTL, AsynchronousGTL])
def test_training_runs_have_the_factors_of_their_individuals(
    kind: type[GTL], gtls: ModuleType, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rate, decay and weight of the distillation are those of all, times what the record says of the individual."""
    trained: list[Training] = []

    def spy(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
        trained.extend(trainings)
        return train_all(trainings, **options)

    monkeypatch.setattr(live, "train_all", spy)
    strategy = kind(toys.dataset(), toys.MLP_BACKBONE, **{**gtls.SMALL, **gtls.FULL, **EVOLVED})
    factors: dict[int, dict[str, float]] = {}
    for generation in evolve(strategy, 3):
        factors |= {one["id"]: one["hyperparameters"] for one in generation.record()["individuals"]}
    recipe = strategy.settings.life
    assert len(factors) <= len(trained)
    for training, number in zip(trained, sorted(factors), strict=False):
        own = factors[number]
        assert training.recipe.learning_rate == own["learning_rate"] * recipe.learning_rate
        assert training.recipe.weight_decay == own["weight_decay"] * recipe.weight_decay
        assert isinstance(training.loss, Condensing)
        assert training.loss.weight == own["distillation"]
    assert len({one["learning_rate"] for one in factors.values()}) == len(factors)


@given(seed=seeds(), number=st.integers(0, 99), names=NAMES, exploration=st.none() | st.floats(0, 2))
def test_factors_are_inherited_but_for_what_is_explored(
    seed: int, number: int, names: list[str], exploration: float | None
) -> None:
    """A run begins with factors of 1, heirs of founders differ by `WIDEST` at most, others by what is explored."""
    parent = dict(zip(names, (0.5, 2.0, 3.0), strict=False))
    assert hyperparameters_of(parent, names, number + 1, exploration=0.0, seed=seed) == pytest.approx(parent)
    assert hyperparameters_of(None, names, 0, exploration=exploration, seed=seed) == dict.fromkeys(names, 1.0)
    for origin in (None, parent):
        found = hyperparameters_of(origin, names, number + 1, exploration=exploration, seed=seed)
        assert [*found] == names
        assert all(0 < one < math.inf for one in found.values())
        assert hyperparameters_of(origin, names, number + 1, exploration=exploration, seed=seed) == found
    drawn = hyperparameters_of(parent, names, number + 1, exploration=None, seed=seed)
    assert drawn == hyperparameters_of(None, names, number + 1, exploration=exploration, seed=seed)
    assert all(1 / WIDEST <= one <= WIDEST for one in drawn.values())


def test_exploration_is_the_deviation_of_the_logarithm() -> None:
    """And neither direction is likelier; founders' heirs are spread evenly over the logarithms."""
    parent = {"learning_rate": 2.0}
    steps = [
        math.log(hyperparameters_of(parent, [*parent], number, exploration=0.3, seed=1)["learning_rate"] / 2)
        for number in range(1, 2001)
    ]
    assert fmean(steps) == pytest.approx(0, abs=0.03)
    assert math.sqrt(fmean(step**2 for step in steps)) == pytest.approx(0.3, rel=0.05)
    first = [
        math.log(hyperparameters_of(None, [*parent], number, exploration=0.3, seed=1)["learning_rate"])
        for number in range(1, 2001)
    ]
    assert fmean(first) == pytest.approx(0, abs=0.08)
    assert math.sqrt(fmean(step**2 for step in first)) == pytest.approx(math.log(WIDEST) / math.sqrt(3), rel=0.05)


def test_those_who_lived_otherwise_are_not_averaged(toys: ModuleType) -> None:
    """Their mean would hold nothing of what made them different."""
    learngene = toys.learngene(toys.MLP_BACKBONE)
    heirs = [Individual(learngene, id=number, parents=(0,)) for number in (1, 2, 3)]
    for heir, factor in zip(heirs, (1.0, 1.0, 2.0), strict=True):
        heir.hyperparameters = {"learning_rate": factor}
    assert [[one.id for one in family] for family in families(heirs)] == [[1, 2]]


def test_a_stop_changes_nothing(gtls: ModuleType, toys: ModuleType, tmp_path: Path) -> None:
    """Factors are part of the state and of the records, and the learngene says what its own were."""
    whole, stopped, resumed = (evolving(gtls, toys) for _ in range(3))
    list(evolve(whole, 4, run_dir=tmp_path / "whole"))
    list(evolve(stopped, 2, run_dir=tmp_path / "parts"))
    list(evolve(resumed, 4, run_dir=tmp_path / "parts"))
    assert resumed.result().genome.to_bytes() == whole.result().genome.to_bytes()
    whole_records, parts = (read_records(tmp_path / name / "records.jsonl") for name in ("whole", "parts"))
    assert [one["individuals"] for one in parts] == [one["individuals"] for one in whole_records]
    known = {one["id"]: one["hyperparameters"] for record in parts for one in record["individuals"]}
    best = whole.result()
    assert best.genome.notes["hyperparameters"] == known[best.id]
    assert Learngene.from_bytes(best.genome.to_bytes()).notes == best.genome.notes


def test_all_live_alike_by_default(gtls: ModuleType, toys: ModuleType) -> None:
    """Records and learngenes say nothing of factors then."""
    strategy = gtls.gtl(toys, **gtls.FULL)
    (generation,) = evolve(strategy, 1)
    assert "hyperparameters" not in str(generation.record())
    assert "hyperparameters" not in strategy.result().genome.notes


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"evolved_lives": ("momentum",)}, "evolved_lives must be some of learning_rate, weight_decay, distillation"),
        ({"exploration": -1.0}, "distillation and exploration must be at least 0"),
        ({"distillation": math.inf}, "distillation and exploration must be at least 0"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], sentence: str, gtls: ModuleType, toys: ModuleType) -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match=sentence):
        gtls.gtl(toys, **settings)

"""Equal budgets in seconds: what is measured, and the arithmetic on it."""

from types import ModuleType

import pytest
import torch

from neuroevo.benchmarks.suites import matching
from neuroevo.benchmarks.suites.matching import core_seconds_of_evolution, core_seconds_per_update, updates_in
from neuroevo.execution import Recipe
from neuroevo.strategies import GTL, Finetune

UPDATE, SCORE = 0.5, 3.0


@pytest.fixture
def gtl(toys: ModuleType) -> GTL:
    """Return a strategy whose parts are tiny."""
    recipes = {"life": Recipe(updates=40, batch=16), "critic": Recipe(updates=2, batch=16)}
    counts = {"critics": 2, "final_critics": 6, "finalists": 3}
    return GTL(toys.dataset(), toys.MLP_BACKBONE, population=4, scoring="critics", **counts, **recipes)


def test_everything_that_is_measured_is_real_work(gtl: GTL, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short life and whole critics are trained on every core, a first time without a clock and then some times."""
    trained: list[int] = []
    real = matching.Live.batch

    def spy(self: object, individuals: object, slots: object) -> object:
        trained.append(self.setup.recipe.updates)  # type: ignore[attr-defined]
        return real(self, individuals, slots)  # type: ignore[arg-type]

    monkeypatch.setattr(matching.Live, "batch", spy)
    assert core_seconds_per_update(gtl.life) > 0
    assert trained == [matching.UPDATES] * (1 + matching.REPEATS * torch.get_num_threads())
    assert gtl.life.setup.recipe.updates == 40


@pytest.fixture
def known_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let updates and scorings take a known time."""
    monkeypatch.setattr(matching, "core_seconds_per_update", lambda life: UPDATE)
    monkeypatch.setattr(matching, "_core_seconds_of_scoring", lambda critic: SCORE * critic.critics / 2)


@pytest.mark.usefixtures("known_times")
@pytest.mark.parametrize("generations", [1, 3])
def test_evolution_takes_its_lives_critics_and_finals(gtl: GTL, generations: int) -> None:
    """By hand: 4 lives of 40 updates and 4 scorings per generation, then 3 finalists with three times the critics."""
    expected = generations * 4 * (40 * UPDATE + SCORE) + 3 * 3 * SCORE
    assert core_seconds_of_evolution(gtl, generations) == pytest.approx(expected)


@pytest.mark.usefixtures("known_times")
@pytest.mark.parametrize(("seconds", "updates"), [(100.0, 200), (0.74, 1), (0.76, 2), (0.0, 1)])
def test_rivals_get_the_updates_that_fit(toys: ModuleType, seconds: float, updates: int) -> None:
    """Rounded, and at least one: a rival without any update is another one."""
    assert updates_in(seconds, Finetune(toys.dataset(), toys.MLP_BACKBONE)) == updates


def test_a_dearer_update_buys_fewer(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rival's own life is what is measured."""
    cheap, dear = (Finetune(toys.dataset(), toys.MLP_BACKBONE, seed=seed) for seed in (0, 1))
    monkeypatch.setattr(matching, "core_seconds_per_update", lambda life: 2.0 if life is dear.life else 1.0)
    assert (updates_in(10, cheap), updates_in(10, dear)) == (10, 5)

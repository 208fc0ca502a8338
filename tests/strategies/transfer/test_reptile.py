"""Reptile: what the equation says, on the updates that it was given."""

from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.evolution import evolve
from neuroevo.execution import Recipe, modes
from neuroevo.individual import Failure, Individual
from neuroevo.learngene import Learngene
from neuroevo.strategies import Reptile


def reptile(toys: ModuleType, updates: int = 12, **settings: Any) -> Reptile:
    """Return a strategy that takes a moment."""
    recipe = Recipe(updates=updates, batch=16)
    return Reptile(toys.dataset(), toys.MLP_BACKBONE, pretraining=recipe, **{"inner": 2, "tasks": 3, **settings})


def spied(strategy: Reptile, verb: str) -> list[tuple[tuple[Any, ...], dict[str, Any], Any]]:
    """Return a list that fills with the arguments and results of a verb."""
    original, calls = getattr(strategy.toolbox, verb), []

    def spy(*arguments: Any, **keywords: Any) -> Any:
        calls.append((arguments, keywords, original(*arguments, **keywords)))
        return calls[-1][2]

    strategy.toolbox.register(verb, spy)
    return calls


def flat(weights: Any) -> Tensor:
    """Return all numbers of slices as one vector."""
    return torch.cat([tensor.flatten() for tensor in weights.values()])


def test_weights_move_to_the_mean_of_what_tasks_lead_to(toys: ModuleType) -> None:
    """The step is epsilon * mean(W_i - phi), with an epsilon that falls linearly from its first value."""
    strategy = reptile(toys, step=0.8)
    lives, moves = spied(strategy, "live"), spied(strategy, "move")
    list(evolve(strategy, 1))
    assert len(lives) == 6
    assert [keywords["step"] for _, keywords, _ in moves] == pytest.approx([0.8, 0.4])
    for number, ((before, _), keywords, after) in enumerate(moves):
        learned = [
            flat({name: body.state_dict()[name] for name in before.slices})
            for _, _, body in lives[3 * number : 3 * number + 3]
        ]
        phi = flat(before.slices)
        expected = phi + keywords["step"] * sum(one - phi for one in learned) / 3
        torch.testing.assert_close(flat(after.slices), expected)
        assert all(individual.genome is before for (individual, _), _, _ in lives[3 * number : 3 * number + 3])
    assert strategy.result().genome.slices.keys() == moves[-1][2].slices.keys()
    assert torch.equal(flat(strategy.result().genome.slices), flat(moves[-1][2].slices))
    assert moves[1][0][0] is moves[0][2]


def test_all_is_passed_on(toys: ModuleType) -> None:
    """Its share is 1; tasks are of `ancestry` classes, different ones, with heads of their own."""
    strategy = reptile(toys, task_ways=2)
    lives = spied(strategy, "live")
    list(evolve(strategy, 1))
    assert strategy.result().genome.share == 1
    assert all(body.head.out_features == 2 for _, _, body in lives)
    assert len({tuple(body.head.weight.flatten().tolist()) for _, _, body in lives}) == len(lives)


@given(updates=st.integers(1, 40), inner=st.integers(1, 12), tasks=st.integers(1, 5))
def test_every_update_is_spent_and_counted(toys: ModuleType, updates: int, inner: int, tasks: int) -> None:
    """Tasks share the updates evenly, whether or not they divide; the plan counts them, side by side in a round."""
    strategy = reptile(toys, updates, inner=inner, tasks=tasks)
    lives = strategy.short_lives
    lengths = [lives.updates(slot) for slot in range(lives.count)]
    assert sum(lengths) == updates
    assert max(lengths) - min(lengths) <= 1
    assert updates < inner or inner <= min(lengths) <= max(lengths) < 2 * inner
    rounds = [lengths[first : first + tasks] for first in range(0, len(lengths), tasks)]
    planned = strategy.planned_budget(2)
    whole = strategy.life.budget
    assert planned == Budget(2 * updates, 2 * whole.multiply_adds, 2 * sum(map(max, rounds)), 2)


def test_the_plan_is_what_is_trained(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven updates on three tasks are two, two and three, in two rounds."""
    original, updates = modes.train, []

    def spy(training: Any, **precision: Any) -> Any:
        updates.append(training.recipe.updates)
        return original(training, **precision)

    monkeypatch.setattr(modes, "train", spy)
    strategy = reptile(toys, 7, tasks=2)
    list(evolve(strategy, 1))
    assert sorted(updates) == [2, 2, 3]
    assert strategy.budget == strategy.planned_budget(1)
    assert (strategy.budget.gradient_steps, strategy.budget.critical_path) == (7, 5)


def test_lives_that_fail_are_left_out(toys: ModuleType) -> None:
    """The others of a round are averaged; if none is left, the weights stay."""

    def failing(individual: Individual, slot: int) -> Any:
        return Failure("died") if slot in bad else original(individual, slot)

    strategy = reptile(toys)
    original, bad = strategy.toolbox.live, {0, 3, 4, 5}
    strategy.toolbox.register("live", failing)
    averages = spied(strategy, "average")
    list(evolve(strategy, 1))
    assert [len(learned) for (learned,), _, _ in averages] == [2]
    genome: Learngene = strategy.result().genome
    assert torch.equal(flat(genome.slices), flat(averages[0][2].slices))  # the first epsilon is 1


@pytest.mark.parametrize("settings", [{"inner": 0}, {"tasks": 0}, {"step": 0.0}, {"step": 1.5}])
def test_impossible_settings_are_refused(settings: dict[str, Any], toys: ModuleType) -> None:
    """In one sentence that says what came."""
    with pytest.raises(
        ValueError, match=r"^inner and tasks must be at least 1 and step lie in \(0, 1\], but they are .*\.$"
    ):
        reptile(toys, **settings)

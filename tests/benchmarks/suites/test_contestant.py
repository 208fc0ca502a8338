"""Contestants: one pre-training serves several of them, changes no result and is charged to each."""

from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from neuroevo.benchmarks.suites import contestant as module
from neuroevo.benchmarks.suites.contestant import CellPlan, Contestant, Pretraining
from neuroevo.evolution import evolve
from neuroevo.execution import Recipe
from neuroevo.individual import Individual
from neuroevo.strategies import Finetune, NarrowPretraining, OneCandidate, RandomCircuit, Scratch

KINDS: dict[str, tuple[type[OneCandidate], str]] = {
    "scratch": (Scratch, ""),
    "finetune": (Finetune, "whole network"),
    "narrow-pretraining": (NarrowPretraining, "narrow network"),
    "random-circuit": (RandomCircuit, "whole network"),
}
UPDATES = 4


@pytest.fixture
def contestants(toys: ModuleType) -> list[Contestant]:
    """Four contestants of which two pre-train the same network."""

    def maker(kind: type[OneCandidate]) -> Callable[[int], OneCandidate]:
        recipe = Recipe(updates=UPDATES, batch=16)
        return lambda seed: kind(toys.dataset(), toys.MLP_BACKBONE, seed=seed, share=0.5, pretraining=recipe)

    return [Contestant(name, maker(kind), pretrains=pretrains) for name, (kind, pretrains) in KINDS.items()]


def cells(contestants: Sequence[Contestant], seeds: Sequence[int]) -> list[CellPlan]:
    """Return every contestant with every seed."""
    return [(one, seed) for seed in seeds for one in contestants]


def outcome(strategy: OneCandidate) -> tuple[bytes | None, tuple[float, ...], Any]:
    """Run a strategy and return what it passes on, its score and what it says it spent."""
    list(evolve(strategy, 1))
    result = strategy.result()
    return None if result.genome is None else result.genome.to_bytes(), result.fitness.values, strategy.budget


def test_a_lent_network_changes_no_bit(contestants: list[Contestant]) -> None:
    """With and without a lent network a strategy passes on the same bytes, scores and spends the same."""
    pretraining = Pretraining.run(cells(contestants, [3, 4]))
    for contestant in contestants:
        for seed in (3, 4):
            alone, borrower = contestant.make(seed), contestant.make(seed)
            pretraining.lend(contestant, borrower, seed)
            assert outcome(borrower) == outcome(alone), contestant.name


def test_networks_do_not_depend_on_the_threads(contestants: list[Contestant]) -> None:
    """One worker and three train the same bits."""
    first, second = (Pretraining.run(cells(contestants, [0, 1]), workers=workers).networks for workers in (1, 3))
    assert first.keys() == second.keys()
    for key in first:
        theirs = second[key].state_dict()
        assert all(torch.equal(tensor, theirs[name]) for name, tensor in first[key].state_dict().items())


def test_every_different_network_is_trained_once(contestants: list[Contestant]) -> None:
    """Two of three pre-training contestants share a network; the first of them in the list trains it."""
    trained: list[tuple[str, int]] = []
    pretraining = Pretraining.run(
        cells(contestants, [5, 6]), on_trained=lambda one, seed: trained.append((one.name, seed))
    )
    assert sorted(trained) == [(name, seed) for name in ("finetune", "narrow-pretraining") for seed in (5, 6)]
    expected = {(name, seed) for name in ("whole network", "narrow network") for seed in (5, 6)}
    assert pretraining.networks.keys() == pretraining.seconds.keys() == expected
    forwards, backwards = (Pretraining.needed(cells(order, [5, 6])) for order in (contestants, contestants[::-1]))
    assert forwards.keys() == backwards.keys() == expected
    assert {one.name for one in forwards.values()} == {"finetune", "narrow-pretraining"}
    assert {one.name for one in backwards.values()} == {"random-circuit", "narrow-pretraining"}


def test_only_what_is_still_needed_is_trained(contestants: list[Contestant]) -> None:
    """A network that no cell needs is not trained, whichever other seeds need one like it."""
    rest = [(contestants[1], 5), (contestants[0], 6), (contestants[2], 6)]
    assert Pretraining.needed(rest) == {("whole network", 5): contestants[1], ("narrow network", 6): contestants[2]}


def test_borrowed_networks_are_not_trained_again(contestants: list[Contestant]) -> None:
    """After lending, `live` answers with the network of that seed, the same object for both borrowers."""
    pretraining = Pretraining.run(cells(contestants, [0, 1]))
    for seed in (0, 1):
        borrowed = []
        for contestant in (contestants[1], contestants[3]):
            strategy = contestant.make(seed)
            pretraining.lend(contestant, strategy, seed)
            borrowed.append(strategy.toolbox.live(Individual(None, id=0), 0))
        assert borrowed[0] is borrowed[1] is pretraining.networks["whole network", seed]
    assert pretraining.networks["whole network", 0] is not pretraining.networks["whole network", 1]


def test_borrowers_are_charged_the_seconds_of_the_training(
    contestants: list[Contestant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each borrower is charged the time that its network took, whichever trained it; the others are charged none."""
    ticks = iter([10.0, 17.0, 20.0, 23.0])
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    pretraining = Pretraining.run(cells(contestants, [2]), workers=1)
    charged = {one.name: pretraining.lend(one, one.make(2), 2) for one in contestants}
    assert sorted(pretraining.seconds.values()) == [3.0, 7.0]
    assert charged == {
        "scratch": 0.0,
        "finetune": pretraining.seconds["whole network", 2],
        "narrow-pretraining": pretraining.seconds["narrow network", 2],
        "random-circuit": pretraining.seconds["whole network", 2],
    }


def test_without_pretraining_nothing_is_trained_or_lent(contestants: list[Contestant]) -> None:
    """Contestants without a pre-trained network keep their own `live`."""
    pretraining = Pretraining.run(cells(contestants[:1], [0]))
    strategy = contestants[0].make(0)
    live = strategy.toolbox.live
    assert (pretraining.networks, pretraining.lend(contestants[0], strategy, 0)) == ({}, 0.0)
    assert strategy.toolbox.live is live


def test_planned_steps_are_those_of_the_strategy(contestants: list[Contestant]) -> None:
    """A contestant announces what its strategy plans for its generations."""
    plans = {one.name: one.planned_steps(0) for one in contestants}
    assert plans == {"scratch": 0, **dict.fromkeys(list(KINDS)[1:], UPDATES)}
    twice = Contestant("twice", contestants[1].make, generations=2)
    assert twice.planned_steps(0) == 2 * UPDATES

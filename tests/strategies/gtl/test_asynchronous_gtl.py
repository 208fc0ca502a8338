"""GTL without barriers: alone it keeps all laws, and on workers every life and score is what it has to be."""

from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.evolution import evolve
from neuroevo.execution import Processes, Recipe, WorkerMap
from neuroevo.execution.streams import OneByOne, stream_of
from neuroevo.individual import Failure, Individual
from neuroevo.strategies import AsynchronousGTL
from neuroevo.testing.laws import check_strategy

TINY = Recipe(updates=1, batch=4)


def asynchronous(toys: ModuleType, seed: int = 0, **settings: Any) -> AsynchronousGTL:
    """Return a strategy that hardly trains."""
    defaults = {"population": 3, "life": TINY, "critic": TINY, "final_critics": 1, "share": 0.4, "workers": 1}
    return AsynchronousGTL(toys.dataset(), toys.MLP_BACKBONE, seed=seed, **(defaults | settings))


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"lamarckian": False, "tournament": 3}, marks=pytest.mark.slow),
        pytest.param({"tournament": 1, "resize_rate": 0.3, "noise": 0.1}, marks=pytest.mark.slow),
    ],
)
def test_laws_of_strategies(toys: ModuleType, settings: dict[str, Any]) -> None:
    """Without workers it is a strategy as any other: reproducible, continued bit for bit, and on budget."""
    verbs = ("live", "inherit", "extract", "mutate", "evaluate", "select", "rescore", "choose_parents")
    check_strategy(partial(asynchronous, toys, **settings), generations=3, population=3, verbs=verbs, examples=3)


def test_a_run_holds_as_many_lives_and_contests_as_planned(toys: ModuleType) -> None:
    """P are under way all the time, one of each t wins, and P are recorded a generation."""
    strategy = asynchronous(toys, population=4, tournament=3)
    winners = 0
    for generation in evolve(strategy, 5):
        assert len(generation.population) == 4
        assert len(strategy.state_dict()["under_way"]) == 4
        winners += len(generation.details["winners"])
    assert winners == 4 * 5 // 3
    assert strategy.ids.next == 1 + 4 * 5 + 4  # the founder counts


def test_founders_take_turns(toys: ModuleType) -> None:
    """The first heirs descend from all founders, as with barriers."""
    strategy = asynchronous(toys, population=4, tournament=4, founders=3)
    first = next(iter(evolve(strategy, 1))).population
    assert [one.parents for one in first] == [(0,), (1,), (2,), (0,)]


def test_what_fails_is_left_out(toys: ModuleType) -> None:
    """A training run or a score that can't be had is a failure, and the stream continues."""
    strategy = asynchronous(toys)
    live = strategy.life

    def failing(individual: Individual, slot: int) -> Any:
        return Failure("it was not to be") if individual.id in (1, 4) else live(individual, slot)

    strategy.toolbox.register("live", failing)
    individuals = [one for generation in evolve(strategy, 3) for one in generation.population]
    assert {one.id for one in individuals if one.fitness.failed} == {1, 4}
    assert strategy.result().id not in (1, 4)


def test_siblings_are_not_averaged(toys: ModuleType) -> None:
    """Asking for it is an error that says why not."""
    with pytest.raises(ValueError, match="average must be False, for siblings are not trained side by side"):
        asynchronous(toys, average=True)


def test_a_stream_without_workers_keeps_the_order() -> None:
    """Items are done as they came, and what was not asked for is forgotten."""
    stream = stream_of(map)
    assert isinstance(stream, OneByOne)
    numbers = [stream.submit(divmod, value, 3) for value in (7, 8, 9)]
    assert [stream.next(), stream.next()] == [(numbers[0], (2, 1)), (numbers[1], (2, 2))]
    stream.close()
    with pytest.raises(IndexError):
        stream.next()


@pytest.mark.slow
def test_workers_change_the_order_and_nothing_else(toys: ModuleType, tmp_path: Path) -> None:
    """On two processes every score is that of the individual's critic, and a stopped run is resumed to its end."""
    with WorkerMap(Processes(), workers=2) as workers:
        strategy = asynchronous(toys)
        strategy.toolbox.register("map", workers)
        first = [one for generation in evolve(strategy, 2, run_dir=tmp_path) for one in generation.population]
        under_way = {item["individual"]["id"] for item in strategy.state_dict()["under_way"]}
        heir = asynchronous(toys)
        heir.toolbox.register("map", workers)
        strategy.result()
        second = [one for generation in evolve(heir, 5, run_dir=tmp_path) for one in generation.population]
        still = {item["individual"]["id"] for item in heir.state_dict()["under_way"]}
        best = heir.result()
        individuals = {one.id: one for one in [*first, *second]}
        assert len(individuals) == len([*first, *second]) == 15
        # A process that is slow to start can still be at what it got first when the other one has done the rest.
        assert under_way <= individuals.keys() | still
        for one in individuals.values():
            assert one.fitness.values == heir.critic(one)
        assert best.id in individuals


@pytest.mark.slow
def test_what_is_under_way_ends_with_the_map(toys: ModuleType) -> None:
    """Closing the map stops the workers of a stream that was not closed."""
    workers = WorkerMap(Processes(), workers=1)
    stream = workers.stream()
    numbers = [stream.submit(eval, text) for text in ("1", "__import__('time').sleep(3600)")]
    assert stream.next() == (numbers[0], 1)
    workers.close()
    assert not workers._idle

"""GTL when training runs and evaluations fail or end in NaN: what failed is left out, and the others continue."""

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from deap import algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.execution import Recipe
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.strategies import GTL, Finetune

TINY = Recipe(updates=1, batch=4)
REASON = "there was not enough memory for it"


def sparing(inner: Callable[..., Any], ids: frozenset[int]) -> Callable[..., Any]:
    """Return an evaluator for which the memory does not suffice for these individuals."""

    def evaluate(individual: Individual, *rest: Any) -> Any:
        if individual.id in ids:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return inner(individual, *rest)

    return evaluate


def short_of_memory(toys: ModuleType, lives: frozenset[int], critics: frozenset[int]) -> GTL:
    """Return a strategy of three individuals a generation, in which some training runs and evaluations fail."""
    counts = {"population": 3, "final_critics": 1, "finalists": 3, "workers": 1, "share": 0.4}
    # Without founders ids count from the first individual that lives.
    strategy = GTL(
        toys.dataset(), toys.MLP_BACKBONE, **counts, life=TINY, critic=TINY, founders=0, condense=False, parents=None
    )
    strategy.toolbox.register("live", sparing(strategy.life, lives))
    strategy.toolbox.register("evaluate", sparing(strategy.critic, critics))
    return strategy


# At least one individual of each generation of three is left.
IDS = st.frozensets(st.sampled_from([0, 1, 3, 5, 7, 8]))


@settings(max_examples=settings().max_examples // 3)
@given(lives=IDS, critics=IDS)
def test_what_fails_is_left_out(
    toys: ModuleType, lives: frozenset[int], critics: frozenset[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whichever it is: failures are counted, never win, are kept in files, and the run has a result."""
    strategy, folder = short_of_memory(toys, lives, critics), tmp_path_factory.mktemp("run")
    for generation in evolve(strategy, 3, run_dir=folder):
        failed = {one.id for one in generation.population if one.fitness.failed}
        assert failed == {one.id for one in generation.population} & (lives | critics)
        assert {one.fitness.failure for one in generation.population if one.fitness.failed} <= {REASON}
        assert not failed & {*generation.details["winners"]}
        assert all(one.body is None for one in generation.population)
    assert strategy.result().id not in lives | critics
    kept = {int(file.stem.split("-")[1]) for file in (folder / "failures").glob("*.json")}
    assert kept == lives | critics


@pytest.mark.deap_loops
def test_a_loop_of_deap_continues(toys: ModuleType) -> None:
    """It scores founders that could not live anew, and they win nothing all the same."""
    strategy = short_of_memory(toys, frozenset({0, 1}), frozenset({5}))
    algorithms.eaGenerateUpdate(strategy.toolbox, ngen=2, verbose=False)
    assert strategy.pool.individuals
    assert not {0, 1, 5} & {one.id for one in strategy.pool.individuals}


def test_a_generation_of_failures_says_why(toys: ModuleType, tmp_path: Path) -> None:
    """The reason is in the sentence, and what failed is kept."""
    with pytest.raises(RuntimeError, match=rf"all 3 individuals of generation 0 failed: {REASON}; check"):
        list(evolve(short_of_memory(toys, frozenset({0, 1, 2}), frozenset()), 2, run_dir=tmp_path))
    assert len(list((tmp_path / "failures").glob("*.json"))) == 3


def test_finalists_may_fail(toys: ModuleType) -> None:
    """A finalist that can't be scored again is behind all others."""
    strategy = short_of_memory(toys, frozenset(), frozenset())
    list(evolve(strategy, 1))
    first = strategy.pool.individuals[0].id
    strategy.toolbox.register("rescore", sparing(strategy.final_critic, frozenset({first})))
    assert strategy.result().id != first


@given(
    st.lists(st.sampled_from([True, False, False]), min_size=3, max_size=12),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)
def test_failures_neither_win_nor_enter_the_pool(
    gtls: ModuleType, toys: ModuleType, fails: list[bool], value: float
) -> None:
    """Individuals whose fitness is not finite are counted and passed over in every generation."""
    strategy = gtls.cheap(toys, lambda one: value if fails[one.id] else one.id / 10, population=3, average=False)
    failed = {one for one, fail in enumerate(fails) if fail}
    for number in range(len(fails) // 3):
        if failed >= set(range(3 * number, 3 * number + 3)):
            with pytest.raises(RuntimeError, match=rf"^all 3 individuals of generation {number} failed"):
                next(evolve(strategy, number + 1))
            return
        (generation,) = evolve(strategy, number + 1)
        individuals = {one.id for one in generation.population}
        assert generation.failed == len(individuals & failed)
        assert not failed & set(generation.details["winners"])
        assert not failed & {one["id"] for one in generation.details["pool"]}
        assert max(individuals - failed) in generation.details["winners"]


def test_nothing_but_failures_under_deaps_loop(gtls: ModuleType, toys: ModuleType) -> None:
    """DEAP's loop continues; the pool stays empty, the next generation are founders, and there is no result."""
    strategy = gtls.cheap(toys, lambda one: math.nan)
    population, _ = algorithms.eaGenerateUpdate(strategy.toolbox, ngen=2, verbose=False)
    assert [one.parents for one in population] == [()] * 4
    assert [one.id for one in population] == [4, 5, 6, 7]
    assert len(strategy.pool) == 0
    with pytest.raises(RuntimeError, match="every individual failed"):
        strategy.result()


def test_a_learning_rate_that_breaks_everything_stops_the_run(gtls: ModuleType, toys: ModuleType) -> None:
    """Networks that end in NaN end the run with a reason."""
    strategy = gtls.gtl(toys, life=Recipe(updates=20, batch=16, learning_rate=1e30))
    with pytest.raises(RuntimeError, match=r"all 4 individuals of generation 0 failed.*learning rate"):
        list(evolve(strategy, 1))


def test_finalists_that_fail_come_last(gtls: ModuleType, toys: ModuleType) -> None:
    """A finalist whose final score is NaN is not returned as long as there is another."""
    strategy = gtls.cheap(toys, lambda one: one.id / 10)
    list(evolve(strategy, 2))
    first = strategy.pool.individuals[0].id
    plain = strategy.toolbox.map
    strategy.toolbox.register(
        "map",
        lambda f, individuals: [
            (math.nan,) if one.id == first else scores
            for one, scores in zip(individuals, plain(f, individuals), strict=True)
        ],
    )
    assert strategy.result().id != first


def test_a_final_score_that_is_not_finite_is_noted_as_unknown(gtls: ModuleType, toys: ModuleType) -> None:
    """The learngene can be saved all the same."""
    strategy = gtls.gtl(toys)
    list(evolve(strategy, 1))
    strategy.toolbox.register("map", lambda function, individuals: [(float("nan"),) for _ in individuals])
    result = strategy.result()
    assert result.fitness.failed
    assert Learngene.from_bytes(result.genome.to_bytes()).notes["score"] is None


def test_a_rival_whose_only_life_fails_says_so(toys: ModuleType) -> None:
    """There is nothing that it could pass on."""
    strategy = Finetune(toys.dataset(), toys.MLP_BACKBONE, pretraining=TINY, workers=1)
    strategy.toolbox.register("live", sparing(strategy.life, frozenset({0})))
    with pytest.raises(RuntimeError, match=f"the network of finetune can't be trained: {REASON}"):
        list(evolve(strategy, 1))

"""GTL: one algorithm under any loop, swappable verb by verb."""

import random
from collections import Counter
from types import ModuleType
from typing import Any

import pytest
from deap import algorithms, tools

from neuroevo.evolution import evolve
from neuroevo.execution import batched_map
from neuroevo.learngene import Learngene

VERBS = ("choose_parents", "inherit", "live", "extract", "average", "mutate", "evaluate", "select", "map")


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_deaps_loop_and_ours_give_the_same(backbone: str, gtls: ModuleType, toys: ModuleType) -> None:
    """`eaGenerateUpdate` runs the toolbox unchanged, and ends in the state that `evolve` ends in."""
    ours, theirs = gtls.gtl(toys, backbone), gtls.gtl(toys, backbone)
    *_, last = evolve(ours, 3)
    population, logbook = algorithms.eaGenerateUpdate(theirs.toolbox, ngen=3, verbose=False)
    assert [entry["nevals"] for entry in logbook] == [4, 4, 4]
    assert [(one.id, one.fitness, gtls.genome_bytes(one)) for one in population] == [
        (one.id, one.fitness, gtls.genome_bytes(one)) for one in last.population
    ]
    assert gtls.equal(ours.state_dict(), theirs.state_dict())


def test_the_chunk_of_the_map_makes_no_difference(gtls: ModuleType, toys: ModuleType) -> None:
    """Lives and critics in chunks of two give the same as all at once, bit for bit."""
    chunked = gtls.gtl(toys)
    chunked.toolbox.register("map", batched_map, chunk=2)
    assert gtls.run(chunked, 2) == gtls.run(gtls.gtl(toys), 2)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_called_through_the_toolbox(verb: str, gtls: ModuleType, toys: ModuleType) -> None:
    """A spy registered in a verb's place is called, and as it passes everything on, nothing else changes."""
    plain, spied = gtls.gtl(toys), gtls.gtl(toys)
    original, calls = getattr(spied.toolbox, verb), Counter[str]()

    def spy(*arguments: Any, **keywords: Any) -> Any:
        calls[verb] += 1
        return original(*arguments, **keywords)

    spied.toolbox.register(verb, spy)
    spied.rehearse()
    calls.clear()
    assert gtls.run(spied, 3) == gtls.run(plain, 3)
    expected = {
        "choose_parents": 2,  # generation 0 has no parents
        "live": 12,
        "extract": 12,
        "mutate": 12,
        "evaluate": 12,
        "select": 3,
        "map": 7,  # lives and critics of three generations, and the final critics
    }
    assert calls[verb] == expected[verb] if verb in expected else calls[verb] > 0


def test_a_selection_of_ones_own_decides(gtls: ModuleType, toys: ModuleType) -> None:
    """With DEAP's `selWorst` the worst half wins and fills the pool."""
    strategy = gtls.gtl(toys, population=6)
    strategy.toolbox.register("select", tools.selWorst)
    for generation in evolve(strategy, 2):
        ranked = sorted(generation.population, key=lambda one: one.fitness)
        assert generation.details["winners"] == [one.id for one in ranked[:3]]
    strategy = gtls.gtl(toys, population=6)
    strategy.toolbox.register("select", tools.selBest)
    (first,) = evolve(strategy, 1)
    assert set(first.details["winners"]) == {one.id for one in tools.selBest(first.population, 3)}


@pytest.mark.deap_loops
def test_tournaments_of_deap_can_be_used(gtls: ModuleType, toys: ModuleType) -> None:
    """`selTournament`, which draws with replacement, really selects: winners are of the population and named once."""
    random.seed(1)
    strategy = gtls.gtl(toys, population=6)
    strategy.toolbox.register("select", tools.selTournament, tournsize=6)
    before = random.getstate()
    for generation in evolve(strategy, 2):
        winners = generation.details["winners"]
        assert 1 <= len(winners) == len(set(winners)) <= 3
        assert set(winners) <= {one.id for one in generation.population}
    assert random.getstate() != before


def test_parents_are_those_that_are_chosen(gtls: ModuleType, toys: ModuleType) -> None:
    """With a choice of one's own every heir descends from the chosen entry."""
    strategy = gtls.gtl(toys)
    strategy.toolbox.register("choose_parents", lambda pool, k: [pool.individuals[-1]] * k)
    run_on = evolve(strategy, 3)
    next(run_on)
    for _ in range(2):
        last = strategy.pool.individuals[-1]
        assert {one.parents for one in next(run_on).population} == {(last.id,)}


def test_the_finalists_are_scored_by_the_registered_verb(gtls: ModuleType, toys: ModuleType) -> None:
    """A swapped `rescore` decides on the result; what comes back from a mutation is checked."""
    strategy = gtls.gtl(toys)
    list(evolve(strategy, 2))
    worst = strategy.pool.individuals[: strategy.finalists][-1]
    strategy.toolbox.register("rescore", lambda one: (1.0 if one.id == worst.id else 0.0,))
    assert strategy.result().id == worst.id
    strategy.toolbox.register("mutate", lambda learngene, weights: (learngene,))
    with pytest.raises(TypeError, match="mutate must return a Learngene, but it returned a tuple"):
        list(evolve(strategy, 3))


def test_an_operator_that_works_in_place_harms_no_sibling(gtls: ModuleType, toys: ModuleType) -> None:
    """Siblings have copies of their average: what is done to one of them is not done to the others."""
    strategy = gtls.gtl(toys, population=4, pool=1, mutation_rate=0.0)

    def in_place(learngene: Learngene, weights: object) -> Learngene:
        del weights
        next(iter(learngene.slices.values())).zero_().add_(len(changed))
        changed.append(learngene)
        return learngene

    list(evolve(strategy, 1))
    changed: list[Learngene] = []
    strategy.toolbox.register("mutate", in_place)
    strategy.rehearse()
    changed.clear()
    list(evolve(strategy, 2))
    first = [float(next(iter(learngene.slices.values())).max()) for learngene in changed]
    assert first == [0.0, 1.0, 2.0, 3.0]

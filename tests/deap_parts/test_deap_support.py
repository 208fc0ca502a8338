"""The rest of `deap.tools`: containers, history, statistics, initialisation, migration and penalties."""

import copy
import random
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import torch
from deap import algorithms, tools
from deap.base import Toolbox
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo import from_deap
from neuroevo.evolution import evolve
from neuroevo.execution import batched_map
from neuroevo.global_generators import reseed, restored
from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators.crossover import two_point
from neuroevo.operators.verbs import Mate, Mutate
from neuroevo.problems.function import SPHERE
from neuroevo.strategies import Genetic

AS_IT_IS = "as it is"
WORKS = dict.fromkeys(
    (
        *("ClosestValidPenality", "ClosestValidPenalty", "DeltaPenality", "DeltaPenalty"),
        *("HallOfFame", "History", "Logbook", "MultiStatistics", "ParetoFront", "Statistics"),
        *("initCycle", "initIterate", "initRepeat", "migRing"),
    ),
    AS_IT_IS,
)
SEEDS = st.integers(0, 1000)
WEIGHTS = (1.0, -1.0)


class Listed(list[Any]):
    """An individual as DEAP's users have it."""

    fitness: Fitness


def knapsack(one: Any) -> tuple[float, float]:
    """Return the value and the weight of the chosen things."""
    return sum(gene * (place + 1) for place, gene in enumerate(one)), sum(
        gene * (place % 3) for place, gene in enumerate(one)
    )


def bits(seed: int, count: int, ids: Ids) -> list[Individual]:
    """Return scored individuals of four bits, so that many are alike."""
    rows = torch.randint(2, (count, 4), generator=torch.Generator().manual_seed(seed))
    return [Individual(row, Fitness(knapsack(row.tolist()), weights=WEIGHTS), id=ids()) for row in rows]


def listed(individuals: list[Individual]) -> list[Listed]:
    """Return individuals as lists."""
    found = [Listed(one) for one in individuals]
    for one, individual in zip(found, individuals, strict=True):
        one.fitness = copy.deepcopy(individual.fitness)
    return found


@pytest.mark.parametrize("make", [partial(tools.HallOfFame, 5), tools.ParetoFront], ids=["hall", "front"])
@given(SEEDS)
def test_containers_hold_what_they_hold_of_lists(make: Any, seed: int) -> None:
    """After generations full of copies they hold distinct genomes: those that DEAP keeps of lists, in its order."""
    ours, theirs, ids = make(), make(), Ids()
    for generation in range(4):
        population = bits(seed + generation, 12, ids)
        ours.update(population)
        theirs.update(listed(population))
    held = [tuple(one) for one in ours]
    assert held == [tuple(one) for one in theirs]
    assert len(set(held)) == len(held)


def flip(genomes: Tensor, generator: torch.Generator) -> Tensor:
    """Return bits of which some are flipped."""
    return torch.where(torch.rand(genomes.shape, generator=generator) < 0.3, 1 - genomes, genomes)


def operators(kind: str, generator: torch.Generator, ids: Ids) -> Toolbox:
    """Return a toolbox with operators of neuroevo, of DEAP, or of DEAP by `from_deap`."""
    toolbox = Toolbox()
    toolbox.register("evaluate", knapsack)
    toolbox.register("select", tools.selNSGA2)
    if kind == "ours":
        toolbox.register("mate", Mate(partial(two_point, generator=generator), ids))
        toolbox.register("mutate", Mutate(partial(flip, generator=generator), ids))
    elif kind == "from_deap":
        toolbox.register("mate", from_deap(tools.cxTwoPoint, generator=generator, ids=ids))
        toolbox.register("mutate", from_deap(tools.mutFlipBit, indpb=0.3, generator=generator, ids=ids))
    else:
        toolbox.register("mate", tools.cxTwoPoint)
        toolbox.register("mutate", tools.mutFlipBit, indpb=0.3)
    return toolbox


@pytest.mark.parametrize("kind", ["ours", "from_deap", "in place"])
@given(SEEDS)
def test_history_knows_all_parents(kind: str, seed: int) -> None:
    """Only founders have none; the parents of all others are the individuals that their lineage names."""
    history, ids, generator = tools.History(), Ids(), torch.Generator().manual_seed(seed)
    toolbox, population = operators(kind, generator, ids), bits(seed, 8, ids)
    toolbox.decorate("mate", history.decorator)
    toolbox.decorate("mutate", history.decorator)
    history.update(population)
    founders = {one.history_index for one in population}
    with restored():
        reseed(seed)
        final, _ = algorithms.eaMuPlusLambda(population, toolbox, 8, 8, 0.5, 0.4, 4, verbose=False)
    assert {index for index, parents in history.genealogy_tree.items() if not parents} == founders
    for index, parents in history.genealogy_tree.items():
        one = history.genealogy_history[index]
        if parents and kind != "in place":
            assert {history.genealogy_history[parent].id for parent in parents} == set(one.parents)
    for one in final:
        assert founders & set(history.getGenealogy(one))


@given(SEEDS)
def test_history_follows_a_strategy(seed: int) -> None:
    """Under `evolve`, too, the members of the last generation have their founders in the history."""
    strategy, history = Genetic(SPHERE(3), population=6, seed=seed), tools.History()
    strategy.toolbox.decorate("mate", history.decorator)
    strategy.toolbox.decorate("mutate", history.decorator)
    run = evolve(strategy, 4)
    history.update(next(run).population)
    last = list(run)[-1].population
    assert all(set(range(1, 7)) & set(history.getGenealogy(one)) for one in last)


def test_statistics_of_individuals() -> None:
    """Statistics take fitnesses and lengths of individuals, several together, and a logbook keeps and prints them."""
    population = bits(0, 6, Ids())
    many = tools.MultiStatistics(
        fitness=tools.Statistics(attrgetter("fitness.values")), size=tools.Statistics(len), genes=tools.Statistics()
    )
    many.register("mean", np.mean, axis=0)
    compiled = many.compile(population)
    assert compiled["fitness"]["mean"].tolist() == np.mean([one.fitness.values for one in population], axis=0).tolist()
    assert compiled["size"]["mean"] == 4
    assert compiled["genes"]["mean"].tolist() == np.mean([list(one) for one in population], axis=0).tolist()
    logbook = tools.Logbook()
    logbook.record(generation=0, **compiled)
    assert logbook.chapters["size"].select("mean") == [4]
    assert "generation" in str(logbook)


def test_individuals_are_made_by_initialisers() -> None:
    """A function that makes an individual of genes is a container for `initRepeat`, `initIterate` and `initCycle`."""
    toolbox, ids, draws = Toolbox(), Ids(), random.Random(0)

    def individual(genes: Any) -> Individual:
        return Individual(torch.tensor(list(genes)), Fitness(weights=WEIGHTS), id=ids())

    toolbox.register("repeated", tools.initRepeat, individual, draws.random, 3)
    toolbox.register("iterated", tools.initIterate, individual, partial(draws.sample, range(5), 5))
    toolbox.register("cycled", tools.initCycle, individual, (draws.random, draws.random), n=2)
    toolbox.register("population", tools.initRepeat, list, toolbox.repeated)
    assert [len(make()) for make in (toolbox.repeated, toolbox.iterated, toolbox.cycled)] == [3, 5, 4]
    population = toolbox.population(n=4)
    assert len({one.id for one in population}) == 4
    assert sorted(toolbox.iterated()) == list(range(5))


@given(SEEDS)
def test_migrants_take_places_as_lists_do(seed: int) -> None:
    """`migRing` moves the individuals that it moves among lists, and the emigrants are the individuals themselves."""
    ids = Ids()
    demes = [bits(seed + place, 5, ids) for place in range(3)]
    lists = [listed(deme) for deme in demes]
    known = {one.id for deme in demes for one in deme}
    for populations in (demes, lists):
        tools.migRing(populations, 2, tools.selBest, replacement=tools.selWorst)
    assert [[list(one) for one in deme] for deme in demes] == [[list(one) for one in deme] for deme in lists]
    assert {one.id for deme in demes for one in deme} <= known


@pytest.mark.parametrize("name", ["DeltaPenalty", "DeltaPenality", "ClosestValidPenalty", "ClosestValidPenality"])
def test_penalties_decorate_evaluators(name: str) -> None:
    """A toolbox scores under a penalty what DEAP scores of lists; more in `tests/execution/test_decorated.py`."""
    population, toolbox = bits(3, 6, Ids()), Toolbox()
    rest = (lambda one: [0, *one[1:]], 2.0) if "Closest" in name else (7.0,)
    penalty = getattr(tools, name)(lambda one: one[0] == 0, *rest)
    toolbox.register("evaluate", knapsack)
    toolbox.decorate("evaluate", penalty)
    assert batched_map(toolbox.evaluate, population) == [penalty(knapsack)(one) for one in listed(population)]


def test_the_page_has_all_of_them(
    documented: Callable[[str], dict[str, str]], public: Callable[[Any], set[str]]
) -> None:
    """What is neither variation nor selection is in the table, with what is tested here."""
    others = ("cx", "mut", "sel", "sort", "uniform", "hyper")
    names = {name for name in public(tools) if not name.startswith(others)}
    assert names == set(WORKS)
    table = documented("deap.tools")
    assert {name: works for name, works in table.items() if not name.startswith(others)} == WORKS
    assert set(table) == public(tools)
    assert list(table) == sorted(table, key=str.lower)

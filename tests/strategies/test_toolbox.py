"""Toolboxes of strategies: known operators only, each of them called, and what they return is checked."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import torch
from deap import tools

from neuroevo import evolve
from neuroevo.budget import Budget
from neuroevo.execution.mapping import unwrap
from neuroevo.individual import Individual, offspring
from neuroevo.operators.crossover import uniform
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.verbs import Mate, Mutate
from neuroevo.problems.function import ARM, RASTRIGIN, SPHERE, ZDT1
from neuroevo.problems.graphs import xor
from neuroevo.strategies import (
    CMAES,
    EGGROLL,
    NEAT,
    NSGA2,
    PBT,
    PGPE,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    Island,
    Lamarckian,
    MAPElites,
    Novelty,
    OpenAIES,
    SeparableCMAES,
)

with suppress(ImportError):
    import ribs  # noqa: F401 - the import itself draws from `random`, which no test may do

MAKES: dict[str, Callable[[], Any]] = {
    "genetic": lambda: Genetic(SPHERE(3), population=6),
    "evolution-strategy": lambda: EvolutionStrategy(SPHERE(3)),
    "openai-es": lambda: OpenAIES(SPHERE(3)),
    "eggroll": lambda: EGGROLL(SPHERE(3)),
    "virtual openai-es": lambda: OpenAIES(SPHERE(3), virtual=True),
    "snes": lambda: SNES(SPHERE(3)),
    "pgpe": lambda: PGPE(SPHERE(3)),
    "cma-es": lambda: CMAES(SPHERE(3)),
    "separable-cma-es": lambda: SeparableCMAES(SPHERE(3)),
    "differential": lambda: Differential(SPHERE(3)),
    "island": lambda: Island(SPHERE(3), population=12, interval=1),
    "lamarckian": lambda: Lamarckian(SPHERE(3), population=6),
    "pbt": lambda: PBT(SPHERE(3), population=6),
    "nsga2": lambda: NSGA2(ZDT1(3), population=8),
    "neat": lambda: NEAT(xor(), population=20, connection_rate=0.9, node_rate=0.9),
}
ARCHIVES: dict[str, Callable[[], Any]] = {
    "map-elites": lambda: MAPElites(ARM(3), population=6, cells=4),
    "novelty": lambda: Novelty(ARM(3), population=6),
}
UNASKED = {"population", "mate", "mutate"}
"""Operators that batched variation calls by their tensors, or that only DEAP's loops ask for."""


@pytest.mark.parametrize("name", [*MAKES, *ARCHIVES])
def test_every_operator_that_is_listed_is_registered_and_called(name: str) -> None:
    """A spy in an operator's place is called in three generations, and changes nothing."""
    if name in ARCHIVES:
        pytest.importorskip("ribs")
    make = {**MAKES, **ARCHIVES}[name]
    plain, spied, calls = make(), make(), set()
    verbs = [verb for verb in vars(spied.toolbox) if not verb.startswith("_")]

    def spy(verb: str) -> Callable[..., Any]:
        original = getattr(spied.toolbox, verb)
        together = getattr(unwrap(original)[0], "batch", None)

        def call(*arguments: Any, **keywords: Any) -> Any:
            calls.add(verb)
            return original(*arguments, **keywords)

        def batch(*lists: Any) -> Any:
            calls.add(verb)
            return together(*lists)

        if together is not None:
            call.batch = batch  # type: ignore[attr-defined]
        call.budget = getattr(unwrap(original)[0], "budget", Budget())  # type: ignore[attr-defined]
        return call

    for verb in {*verbs} - UNASKED - {"clone"}:
        spied.toolbox.register(verb, spy(verb))
    ours, theirs = ([one.record() | {"seconds": 0} for one in evolve(each, 3)] for each in (plain, spied))
    assert ours == theirs
    assert calls == {*verbs} - UNASKED - {"clone"}


@pytest.mark.parametrize("name", [*MAKES])
def test_an_unknown_operator_is_refused_with_the_nearest(name: str) -> None:
    """A name that the strategy would never call can't be registered."""
    strategy = MAKES[name]()
    with pytest.raises(ValueError, match=r"one of its operators \(.*\), but it is given 'evaluatee'; did "):
        strategy.toolbox.register("evaluatee", len)
    assert not hasattr(strategy.toolbox, "evaluatee")


@pytest.mark.parametrize("make", [MAKES["genetic"], MAKES["island"], MAKES["nsga2"]])
def test_mate_and_mutate_of_individuals_are_called(make: Callable[[], Any]) -> None:
    """Operators over individuals are called by `evolve`, get copies, and decide about the children."""
    strategy = make()

    def mutate(one: Individual) -> tuple[Individual]:
        one.genome.fill_(0.5)
        return (one,)

    strategy.toolbox.register("mutate", mutate)
    before: dict[int, torch.Tensor] = {}
    for generation in evolve(strategy, 2):
        for one in generation.population:
            assert generation.number == 0 or (one.genome == 0.5).all()
            assert one.generation == generation.number
            assert generation.number == 0 or set(one.parents) <= before.keys()
        before |= {one.id: one.genome.clone() for one in generation.population}
    for one in strategy.individuals:
        assert torch.equal(one.genome, before[one.id])


def test_operators_on_tensors_are_called_once_for_all() -> None:
    """In the adapters they see all pairs, or all children, in one call."""
    strategy, sizes = Genetic(SPHERE(4), population=10), []

    def mutation(genomes: torch.Tensor) -> torch.Tensor:
        sizes.append(len(genomes))
        return gaussian(genomes, sigma=0.1, generator=strategy.generator)

    strategy.toolbox.register("mutate", Mutate(mutation, strategy.ids))
    strategy.toolbox.register("mate", Mate(partial(uniform, generator=strategy.generator), strategy.ids))
    list(evolve(strategy, 3))
    assert sizes == [10, 10]


WRONG: list[tuple[str, str, Callable[..., Any], str]] = [
    (
        "genetic",
        "mutate",
        lambda one: one,
        "mutate must return a tuple of 1 individual, but it returned an Individual.",
    ),
    ("genetic", "mutate", lambda one: (), "mutate must return a tuple of 1 individual, but it returned 0."),
    ("genetic", "mate", lambda one, other: (one,), "mate must return a tuple of 2 individuals, but it returned 1."),
    (
        "genetic",
        "select",
        lambda individuals, k: individuals[:1],
        "select must return 6 individuals, but it returned 1.",
    ),
    ("genetic", "select", lambda individuals, k: None, "select must return 6 individuals, but it returned None."),
    (
        "genetic",
        "mutate",
        lambda one: (offspring(one.genome[:2].clone(), [one], id=99),),
        "mutate must return individuals whose genomes are a tensor [3] of float64, but one of them is a tensor [2] of "
        "float64.",
    ),
    (
        "genetic",
        "mutate",
        lambda one: (offspring(one.genome, [one], id=99),),
        "mutate must return individuals with genomes of their own, but one shares its memory with an argument.",
    ),
    ("genetic", "replace", lambda old, new: [], "replace must return at least one individual, but it returned none."),
    ("genetic", "vary", lambda parents: parents[:2], "vary must return 6 individuals, but it returned 2."),
    ("genetic", "evaluate", lambda one: 1.0, "evaluate must return 1 number for an individual, one for each of the "),
    ("genetic", "evaluate", lambda one: (1.0, 2.0), "evaluate must return 1 number for an individual, one for each "),
    ("genetic", "map", lambda function, items: [], "map must return 6 results, but it returned 0."),
    ("genetic", "generate", lambda: [1, 2], "generate must return individuals, but it returned [1, 2]."),
    ("snes", "shape", lambda scores: scores[:2], "shape must return a tensor [7], but it returned [2]."),
    ("snes", "sample", lambda mean, sigma, count: mean, "sample must return genomes [7, 3], but it returned [3]."),
    (
        "pgpe",
        "optimise",
        lambda gradient, memory: gradient,
        "optimise must return a step and a memory, but it returned",
    ),
    (
        "differential",
        "differ",
        lambda genomes: genomes,
        "differ must return a new tensor, but it shares its memory with",
    ),
    ("differential", "trial", lambda genomes, mutants: None, "trial must return a tensor [20, 3] of float64, but it"),
    ("neat", "distance", lambda first, second: "far", "distance must return a number, but it returned a str."),
    ("neat", "crossover", lambda better, worse: None, "crossover must return a Graph, but it returned None."),
]


@pytest.mark.parametrize(
    ("name", "verb", "operator", "sentence"), WRONG, ids=[f"{row[1]}-{n}" for n, row in enumerate(WRONG)]
)
def test_a_wrong_result_is_blamed_by_the_operators_name(
    name: str, verb: str, operator: Callable[..., Any], sentence: str
) -> None:
    """The first result of another type, number, shape, dtype, or in the memory of an argument, is one sentence."""
    strategy = MAKES[name]()
    strategy.toolbox.register(verb, operator)
    with pytest.raises(TypeError) as caught:
        list(evolve(strategy, 3))
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")


def test_deaps_decoration_keeps_an_operator() -> None:
    """`toolbox.decorate` wraps the function; what is bound stays, and the result is checked as before."""
    strategy = Genetic(RASTRIGIN(3), population=6)
    strategy.toolbox.register("select", tools.selBest)
    strategy.toolbox.decorate("select", lambda function: lambda *given, **settings: function(*given, **settings))
    list(evolve(strategy, 2))
    strategy.toolbox.decorate("select", lambda function: lambda *given, **settings: None)
    with pytest.raises(TypeError, match=r"^select must return 6 individuals, but it returned None\.$"):
        list(evolve(strategy, 3))

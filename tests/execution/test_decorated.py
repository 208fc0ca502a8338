"""Decorated evaluators: penalties of DEAP keep the batch and give DEAP's numbers, other decorators say what is lost."""

import functools
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from deap import algorithms
from deap.base import Toolbox
from deap.tools import ClosestValidPenalty, DeltaPenalty
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.budget import Budget
from neuroevo.execution import batched_map, decorated
from neuroevo.individual import Failure, Fitness, Individual
from neuroevo.problems.function import SPHERE
from neuroevo.signatures import describe
from neuroevo.strategies import SNES
from neuroevo.strategies.strategy import budget_of

WEIGHTS = (1.0, -2.0)


class Sums:
    """Scores genomes by sum and length, and counts its calls."""

    budget = Budget(gradient_steps=3)
    joint = False

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the values of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[Any]:
        """Return the values of each individual."""
        self.calls += 1
        return [(float(one.genome.sum()), float(len(one))) for one in individuals]


def is_feasible(individual: Individual) -> bool:
    """Return whether the first gene is at least 0."""
    return bool(individual[0] >= 0)


def nearest(individual: Individual) -> Individual:
    """Return the individual with its first gene at 0."""
    genome = individual.genome.clone()
    genome[0] = 0
    return Individual(genome, id=individual.id)


def distance(*individuals: Individual) -> float:
    """Return how far from feasible the last individual is."""
    return -float(individuals[-1][0])


PENALTIES = (
    DeltaPenalty(is_feasible, 7.0),
    DeltaPenalty(is_feasible, (7.0, 8.0), distance),
    ClosestValidPenalty(is_feasible, nearest, 2.0),
    ClosestValidPenalty(is_feasible, nearest, 2.0, distance),
)


def population(first_genes: Sequence[float]) -> list[Individual]:
    """Return individuals with these first genes."""
    return [
        Individual(torch.tensor([gene, float(place)]), Fitness(weights=WEIGHTS), id=place)
        for place, gene in enumerate(first_genes)
    ]


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda one: type(one).__name__)
@given(st.lists(st.sampled_from([-2.0, -0.5, 0.0, 1.0]), max_size=5))
def test_penalties_keep_the_batch(penalty: Any, genes: list[float]) -> None:
    """A population takes one call at most, of the individuals that are scored, and gets what DEAP gives each alone."""
    evaluate, toolbox, individuals = Sums(), Toolbox(), population(genes)
    toolbox.register("evaluate", evaluate)
    toolbox.decorate("evaluate", penalty)
    alone = [penalty(Sums())(one) for one in individuals]
    assert batched_map(toolbox.evaluate, individuals) == alone
    assert evaluate.calls <= 1


@given(st.lists(st.sampled_from([-2.0, 1.0]), min_size=1, max_size=5))
def test_nested_penalties_keep_the_batch(genes: list[float]) -> None:
    """Two penalties around each other are those of DEAP, in one call."""
    evaluate, outer = Sums(), DeltaPenalty(lambda one: one[1] < 3, 9.0)
    nested = outer(PENALTIES[2](evaluate))
    assert batched_map(nested, population(genes)) == [outer(PENALTIES[2](Sums()))(one) for one in population(genes)]
    assert evaluate.calls <= 1


def test_a_failure_stays_one() -> None:
    """The nearest feasible individual could not be scored: then neither could the other."""

    class Failing(Sums):
        def batch(self, individuals: Sequence[Individual]) -> list[Any]:
            return [Failure("it broke")] * len(individuals)

    decorated = PENALTIES[2](Failing())
    assert batched_map(decorated, population([1.0, -1.0])) == [Failure("it broke")] * 2


def test_a_penalty_on_a_strategy_is_one_of_its_settings() -> None:
    """It can be pickled for workers, says what it costs, and differs from another one in what is resumed."""
    strategy = SNES(SPHERE(2), population=6)
    strategy.toolbox.decorate("evaluate", PENALTIES[2])
    operator = strategy.toolbox.evaluate.func
    twin = pickle.loads(pickle.dumps(operator))
    individuals = strategy.generate()
    assert twin.batch(individuals) == operator.batch(individuals) == list(map(operator, individuals))
    strategy.toolbox.register("evaluate", PENALTIES[2](Sums()))
    assert budget_of(strategy.toolbox.evaluate, otherwise=Budget()) == Sums.budget
    assert describe(operator) != describe(strategy.toolbox.evaluate.func)
    strategy.toolbox.register("evaluate", ClosestValidPenalty(is_feasible, nearest, 3.0)(strategy.problem))
    assert describe(operator) != describe(strategy.toolbox.evaluate.func)


@pytest.mark.deap_loops
def test_a_loop_of_deap_scores_a_generation_in_one_call() -> None:
    """Twenty generations under a penalty are at most twenty calls."""
    evaluate = Sums()

    class Problem:
        space, weights = SPHERE(2).space, (-1.0,)

        def __call__(self, one: Individual) -> tuple[float, ...]:
            return self.batch([one])[0]

        def batch(self, individuals: Sequence[Individual]) -> list[Any]:
            return [values[:1] for values in evaluate.batch(individuals)]

    strategy = SNES(Problem(), population=6)
    strategy.toolbox.decorate("evaluate", DeltaPenalty(is_feasible, 100.0))
    algorithms.eaGenerateUpdate(strategy.toolbox, ngen=20, verbose=False)
    assert evaluate.calls <= 20


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate as users do who know functools.wraps."""

    @functools.wraps(function)
    def wrapper(individual: Individual) -> Any:
        return function(individual)

    return wrapper


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate as users do who do not."""

    def wrapper(individual: Individual) -> Any:
        return function(individual)

    return wrapper


class CopiedBatch(Sums):
    """Has its batch among its attributes, where functools.wraps finds it."""

    def __init__(self) -> None:
        super().__init__()
        self.batch = super().batch  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _said_nothing() -> None:
    """What is said once in a process is said again in the next test."""
    decorated._say_once.cache_clear()


@pytest.mark.parametrize(
    "decorate", [logged, plain, lambda one: logged(plain(one)), lambda one: PENALTIES[0](logged(one))]
)
@pytest.mark.parametrize("kind", [Sums, CopiedBatch])
def test_another_decorator_says_that_the_batch_is_lost(
    decorate: Any, kind: type[Sums], caplog: pytest.LogCaptureFixture
) -> None:
    """The decorator is called, once for each individual, and one sentence in the log says so, once."""
    evaluate, individuals = kind(), population([1.0, 2.0, 3.0])
    call = functools.partial(decorate(evaluate))
    found = [batched_map(call, individuals) for _ in range(3)][-1]
    assert found == [evaluate(one) for one in individuals]
    (sentence,) = caplog.messages
    assert (
        f"wrapper scores one individual at a time: the batch of the {kind.__name__} that it calls is lost" in sentence
    )


def test_decorators_are_never_left_out() -> None:
    """A decorator that changes values does so, whatever attributes it copied."""

    def doubled(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(individual: Individual) -> Any:
            return tuple(2 * value for value in function(individual))

        return wrapper

    individuals = population([1.0, 2.0])
    assert batched_map(doubled(CopiedBatch()), individuals) == [(2.0, 4.0), (6.0, 4.0)]


def test_scores_that_depend_on_each_other_are_not_decorated() -> None:
    """Where company decides, one at a time would be another result: that is refused."""
    evaluate = Sums()
    evaluate.joint = True
    with pytest.raises(
        TypeError, match=r"evaluate must score individuals together, because scores of a Sums depend on"
    ):
        batched_map(logged(evaluate), population([1.0]))


def test_functions_of_ones_own_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A function without a batch behind it, or one that brings its own, is no reason to warn."""

    def score(individual: Individual) -> tuple[float, ...]:
        return (individual[0], 0.0)

    def scored(individual: Individual) -> tuple[float, ...]:
        return evaluate(individual)

    def endless(individual: Individual) -> tuple[float, ...]:
        return (1.0, 2.0) if individual[0] else endless(individual)

    evaluate = Sums()
    scored.batch = evaluate.batch  # type: ignore[attr-defined]
    assert batched_map(logged(score), population([1.0])) == [(1.0, 0.0)]
    assert batched_map(scored, population([1.0])) == [(1.0, 2.0)]
    assert batched_map(endless, population([1.0])) == [(1.0, 2.0)]
    assert batched_map(PENALTIES[0](score), population([-1.0])) == [(7.0, 7.0)]
    assert caplog.messages == []

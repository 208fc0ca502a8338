"""Tests of the rules that are watched in real runs: each planted breach is noticed, and runs stay what they are."""

import pickle
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import torch
from deap import algorithms, base, tools
from torch import Tensor

from neuroevo import evolve
from neuroevo.execution import batched_map
from neuroevo.global_generators import restored
from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators import crossover, mutation, selection
from neuroevo.operators.verbs import Mate, Mutate, Select
from neuroevo.problems.combinatorial import onemax
from neuroevo.problems.function import DTLZ2, RASTRIGIN
from neuroevo.problems.graphs import xor
from neuroevo.strategies import CMAES, NEAT, NSGA2, SNES, Differential, Genetic, Island
from neuroevo.testing import watching
from neuroevo.testing.laws.content import content
from neuroevo.testing.toolboxes import Cloud, Sphere
from neuroevo.testing.watching import Notice, watched

Make = Callable[[], Any]
STRATEGIES: dict[str, Make] = {
    "genetic": lambda: Genetic(RASTRIGIN(4), population=7, mating=0.5),
    "bits": lambda: Genetic(onemax(dimensions=6), population=6, offspring=3),
    "islands": lambda: Island(RASTRIGIN(3), population=6, islands=2, interval=2),
    "objectives": lambda: NSGA2(DTLZ2(4), population=6),
    "trials": lambda: Differential(RASTRIGIN(3), population=5),
    "covariance": lambda: CMAES(RASTRIGIN(3)),
    "distribution": lambda: SNES(RASTRIGIN(3)),
    "graphs": lambda: NEAT(xor(), population=8),
    "bare": lambda: bare(),
}


def bare() -> base.Toolbox:
    """Return a toolbox that is put together from operators."""
    generator, ids, toolbox = torch.Generator().manual_seed(0), Ids(), base.Toolbox()
    toolbox.register("map", batched_map)
    toolbox.register("evaluate", Sphere())
    toolbox.register("population", Cloud(5, torch.zeros(4), generator, ids).generate)
    toolbox.register("select", Select(partial(selection.tournament, size=2, generator=generator)))
    toolbox.register("mate", Mate(partial(crossover.two_point, generator=generator), ids))
    toolbox.register("mutate", Mutate(partial(mutation.gaussian, sigma=0.5, generator=generator), ids))
    return toolbox


def records(subject: Any, generations: int = 4) -> list[Any]:
    """Return all that is to be known of the individuals of a run."""
    return [
        [(one.id, one.parents, one.generation, one.fitness.values, content(one.genome)) for one in each.population]
        for each in evolve(subject, generations)
    ]


@pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)
def test_a_watched_run_is_the_same_run(make: Make) -> None:
    """Bit for bit, its state included; right operators break no rule, and are themselves again afterwards."""
    alone, subject = make(), make()
    expected = records(alone)
    operators = dict(vars(getattr(subject, "toolbox", subject)))
    with watched(subject, every=1) as notices:
        assert records(subject) == expected
    assert not notices
    assert dict(vars(getattr(subject, "toolbox", subject))) == operators
    if hasattr(subject, "state_dict"):
        assert repr(subject.state_dict()) == repr(alone.state_dict())


def noticed(name: str, operator: Callable[..., Any], **settings: Any) -> set[tuple[str, str]]:
    """Return what is noticed in a run of a genetic algorithm with another operator."""
    toolbox = bare()
    toolbox.register(name, operator)
    with watched(toolbox, **settings) as notices:
        records(toolbox, 3)
    return {(one.operator, one.law) for one in notices}


def changes_its_argument(first: Individual, second: Individual) -> tuple[Individual, Individual]:
    """Return children of a genome that is set to zero first."""
    first.genome.zero_()
    return child(first), child(second)


def child(one: Individual, **others: Any) -> Individual:
    """Return a new individual with a copy of the genome."""
    facts = {"genome": one.genome.clone(), "id": next(NUMBERS), "fitness": Fitness(), **others}
    return Individual(**facts)


NUMBERS = iter(range(1000, 1_000_000))


class Repeats:
    """Returns copies of what it is given, in place of what it is given."""

    def __call__(self, individuals: Sequence[Individual], k: int) -> list[Individual]:
        """Return the first ones."""
        return [child(one, fitness=one.fitness) for one in individuals[:k]]


def of_two(one: Individual) -> tuple[Individual]:
    """Return a child with genes of two numbers."""
    return (child(one, genome=one.genome.new_full(one.genome.shape, 3.0)),)


def sometimes_no_number(one: Individual) -> tuple[Individual]:
    """Return a child, every second of which has no number in its genome."""
    made = child(one)
    made.genome[0] = torch.nan if made.id % 2 else 0.0
    return (made,)


def draws_globally(one: Individual) -> tuple[Individual]:
    """Return a child that is moved by a draw of `random`."""
    return (child(one, genome=one.genome + random.random()),)


def scores_in_place(one: Individual) -> tuple[float]:
    """Score an individual, and say so in it."""
    one.fitness.values = (1.0,)
    return (1.0,)


PLANTED: dict[str, tuple[str, Callable[..., Any], str]] = {
    "changed arguments": ("mate", changes_its_argument, watching.UNCHANGED),
    "changed individuals": ("evaluate", scores_in_place, watching.UNCHANGED),
    "shared memory": ("mutate", lambda one: (child(one, genome=one.genome[:]),), watching.OWN_MEMORY),
    "twins": ("mate", lambda a, b: (one := child(a), child(b, genome=one.genome)), watching.APART),
    "not a number": ("mutate", sometimes_no_number, watching.FINITE),
    "inherited scores": ("mutate", lambda one: (child(one, fitness=Fitness((1.0,))),), watching.UNSCORED),
    "one id twice": ("mutate", lambda one: (child(one, id=7),), watching.IDS),
    "foreigners": ("select", Repeats(), watching.CHOSEN),
    "global draws": ("mutate", draws_globally, watching.GLOBALS),
}


@pytest.mark.filterwarnings("ignore:.* drew from the global generator:UserWarning")
@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_breach_is_noticed(planted: tuple[str, Callable[..., Any], str]) -> None:
    """The operator that broke the rule is blamed, and not the one that called it."""
    name, operator, law = planted
    with restored():
        found = noticed(name, operator)
    assert {each for each, rule in found if rule == law} == {name}


def test_bounds_are_those_of_the_space() -> None:
    """A strategy has a space; for a toolbox it can be given."""
    assert ("mutate", watching.BOUNDS) not in noticed("mutate", of_two)
    assert ("mutate", watching.BOUNDS) in noticed("mutate", of_two, space=RASTRIGIN(4).space.box(4, low=-1, high=1))


def test_rules_can_be_ignored_and_calls_left_out() -> None:
    """A rule in `ignore` is not judged; a late breach is noticed in one of some calls only."""
    assert not noticed("mutate", lambda one: (child(one, fitness=Fitness((1.0,))),), ignore=[watching.UNSCORED])
    with pytest.raises(ValueError, match="every must be at least 1"), watched(bare(), every=0):
        pass


def test_a_notice_says_what_happened_first_and_how_often() -> None:
    """There is one for each operator and rule."""
    toolbox = bare()
    toolbox.register("mutate", lambda one: (child(one, fitness=Fitness((1.0,))),))
    with watched(toolbox) as notices:
        records(toolbox, 3)
    (notice,) = (one for one in notices if one.operator == "mutate")
    assert (notice.law, notice.call, notice.times) == (watching.UNSCORED, 1, 10)
    assert str(notice).startswith("mutate breaks the rule 'new individuals have no score': individual")
    assert isinstance(notice, Notice)


@pytest.mark.deap_loops
def test_operators_of_deap_are_watched_in_its_own_loop() -> None:
    """They may work in place, on clones; drawing from `random` is the one rule that they break."""
    toolbox = base.Toolbox()
    toolbox.register("select", tools.selTournament, tournsize=2)
    toolbox.register("mate", tools.cxTwoPoint)
    toolbox.register("mutate", tools.mutGaussian, mu=0, sigma=1, indpb=0.5)
    toolbox.register("evaluate", lambda one: (sum(one),))

    class Genes(list[float]):
        def __init__(self, genes: Sequence[float]) -> None:
            super().__init__(genes)
            self.fitness = Fitness()

    with restored(), watched(toolbox) as notices:
        algorithms.eaSimple([Genes([float(i), 1.0, 2.0]) for i in range(6)], toolbox, 0.5, 0.5, 3, verbose=False)
    assert {one.law for one in notices} == {watching.GLOBALS}
    assert {one.operator for one in notices} == {"select", "mate", "mutate"}


def test_a_watched_operator_is_pickled_as_itself() -> None:
    """Worker processes get the operator; nothing is watched there."""
    toolbox = base.Toolbox()
    toolbox.register("evaluate", Sphere())
    with watched(toolbox):
        copy = pickle.loads(pickle.dumps(toolbox.evaluate))
        assert not isinstance(copy, watching.Watched)
        assert copy(Individual(torch.ones(2), id=0)) == (-2.0,)


def test_tensors_are_watched_too() -> None:
    """An operator on tensors that writes into its argument, or returns it, is noticed."""

    def in_place(genomes: Tensor) -> Tensor:
        return genomes.mul_(2)

    toolbox = base.Toolbox()
    toolbox.register("double", in_place)
    with watched(toolbox) as notices:
        toolbox.double(torch.ones(3))
    assert {one.law for one in notices} == {watching.UNCHANGED, watching.OWN_MEMORY}

"""The laws of coevolution: each population meets the best of the others, and learns from its own scores alone."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

import numpy as np
from hypothesis import strategies as st

from neuroevo.budget import Budget
from neuroevo.individual import Fitness, Individual
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.populations import scored
from neuroevo.testing.references.strategies.coevolution import PlainCoevolution
from neuroevo.testing.references.strategies.individuals import Plain, plain
from neuroevo.testing.strategies import seeds

KINDS = ("distinct", "ties", "flat", "failures", "one survives", "all fail")
"""How a population is scored."""

GENERATIONS = 4
CASES = 15

COST = Budget(gradient_steps=2, multiply_adds=5, critical_path=3)
"""What an evaluation is said to cost."""

STRANGER = 10**9
"""An id that no individual has."""


def check_coevolution(make: Callable[[int], Any], *, representatives: int = 1, examples: int | None = None) -> None:
    """Raise LawBroken unless populations evolve side by side as in the source.

    Args:
        make: Returns for a seed a fresh `Coevolution`, or a class with its attributes.
        representatives: Individuals that represent a population.
        examples: Runs at most.
    """
    check(make, coevolution_laws(representatives=representatives), label=name_of(make), examples=examples)


def coevolution_laws(*, representatives: int = 1) -> list[Law]:
    """Return the laws of coevolution; the arguments are those of `check_coevolution`."""
    laws = {
        "each individual meets the representatives of all other populations": (
            _meetings,
            "representatives of this generation, of its own population, or of too few others",
        ),
        "each population learns from its own scores alone": (
            _learning,
            "scores are paired with individuals by position, or a population is given those of others",
        ),
        "the best of each population represent it next": (
            _representatives,
            "failures represent a population, or the best ones are kept by reference and change later",
        ),
        "populations spend side by side": (_spending, "critical paths are added up, or a population is left out"),
    }
    return [
        Law(name, cause, _statement(judge, representatives), examples=CASES) for name, (judge, cause) in laws.items()
    ]


@dataclass
class Lived:
    """What happened in one generation.

    Attributes:
        made: The individuals that each population made, before they were scored.
        met: By the id of each individual whom it met, and when it was scored.
        returned: By id what the evaluation returned to the loop.
        given: The individuals that each population was given to learn from.
    """

    made: dict[str, list[Plain]] = field(default_factory=dict)
    met: dict[int, dict[str, list[Plain]]] = field(default_factory=dict)
    returned: dict[int, Any] = field(default_factory=dict)
    given: dict[str, list[Individual]] = field(default_factory=dict)


Judge = Callable[[Any, Lived, PlainCoevolution, PlainCoevolution], None]
"""Takes the strategy, what happened, and the reference before and after the update."""


def _statement(judge: Judge, representatives: int) -> Callable[[Any, Case], None]:
    def statement(make: Any, case: Case) -> None:
        strategy = make(seed := case.draw("seed", seeds()))
        names = [*strategy.populations]
        row = st.tuples(*[st.sampled_from(KINDS)] * len(names))
        kinds = case.draw("scores", st.lists(row, min_size=1, max_size=GENERATIONS))
        reference = PlainCoevolution(representatives)
        encounters = case.draw("evaluations have a method `against`", st.booleans())
        for lived in _lives(strategy, kinds, np.random.default_rng(seed), encounters=encounters):
            before = copy.deepcopy(reference)
            reference.learn({name: [*map(plain, individuals)] for name, individuals in lived.given.items()})
            judge(strategy, lived, before, reference)

    return statement


def _lives(
    strategy: Any, kinds: Sequence[Sequence[str]], draws: np.random.Generator, *, encounters: bool
) -> Iterator[Lived]:
    """Yield generations after their update, with what was recorded."""
    lived = Lived()
    for name, member in strategy.populations.items():
        _record(name, member.toolbox, lambda: lived, encounters=encounters)
    for row in kinds:
        lived = Lived()
        population = list(strategy.toolbox.generate())
        # Any order: scores belong to ids.
        order = [population[place] for place in draws.permutation(len(population))]
        first, *rest = order
        found = [strategy.toolbox.evaluate(first), *strategy.toolbox.map(strategy.toolbox.evaluate, rest)]
        lived.returned = dict(zip([one.id for one in order], found, strict=True))
        for kind, individuals in zip(row, _by_home(strategy, population).values(), strict=True):
            scored(individuals, kind, draws)
        strategy.toolbox.update(population)
        yield lived


def _by_home(strategy: Any, population: Sequence[Individual]) -> dict[str, list[Individual]]:
    homes = strategy.homes
    return {name: [one for one in population if homes[one.id] == name] for name in strategy.populations}


def _record(name: str, toolbox: Any, lived: Callable[[], Lived], *, encounters: bool) -> None:
    """Let the operators of one population write down what they are called with."""
    generate, update = toolbox.generate, toolbox.update

    def making() -> list[Individual]:
        population = list(generate())
        lived().made[name] = [*map(plain, population)]
        return population

    def learning(individuals: Sequence[Individual]) -> None:
        lived().given[name] = list(individuals)
        update(individuals)

    toolbox.register("generate", making)
    toolbox.register("update", learning)
    toolbox.register("evaluate", Encountering(lived) if encounters else Meeting(lived))


class Meeting:
    """Writes down whom an individual meets, and scores it by its id.

    Attributes:
        budget: What that is said to cost.

    Args:
        lived: Returns where to write.
    """

    budget = COST

    def __init__(self, lived: Callable[[], Lived]) -> None:
        self.lived = lived

    def __call__(self, individual: Individual, others: Mapping[str, Sequence[Individual]]) -> tuple[float, ...]:
        """Return the id as every value."""
        self.lived().met[individual.id] = {name: [*map(plain, known)] for name, known in others.items()}
        return (float(individual.id),) * len(individual.fitness.weights)


class Encountering:
    """The same as a problem with a method `against`.

    Attributes:
        budget: What an evaluation is said to cost.

    Args:
        lived: Returns where to write.
    """

    budget = COST

    def __init__(self, lived: Callable[[], Lived]) -> None:
        self.meeting = Meeting(lived)

    def __call__(self, individual: Individual) -> Any:
        """Raise Breach: nothing is known of others."""
        raise Breach(f"individual {individual.id} is scored without any others")

    def against(self, others: Mapping[str, Sequence[Individual]]) -> Callable[[Individual], tuple[float, ...]]:
        """Return what scores individuals against these."""
        return partial(self.meeting, others=others)


def _meetings(strategy: Any, lived: Lived, before: PlainCoevolution, after: PlainCoevolution) -> None:
    del after
    for name, individuals in lived.made.items():
        expected = before.others(name, lived.made)
        for one in individuals:
            if repr(found := lived.met.get(one.id)) != repr(expected):
                raise Breach(f"individual {one.id} of {name} should meet {expected}, but it met {found}")
    try:
        strategy.toolbox.evaluate(Individual(None, Fitness(), id=STRANGER))
    except ValueError:
        return
    raise Breach("an individual that is in no population is scored")


def _learning(strategy: Any, lived: Lived, before: PlainCoevolution, after: PlainCoevolution) -> None:
    del before, after
    for name, individuals in lived.made.items():
        wanted, found = ([one.id for one in each] for each in (individuals, lived.given.get(name, [])))
        if wanted != found:
            raise Breach(f"{name} made the individuals {wanted}, and learns from {found}")
        for one in individuals:
            if lived.returned[one.id] != (float(one.id),) * len(one.weights):
                raise Breach(f"individual {one.id} scores {float(one.id)}, but the loop got {lived.returned[one.id]}")
    record = strategy.record()["populations"]
    for name in lived.made:
        if record[name]["individuals"] != (wanted := [one.id for one in lived.made[name]]):
            raise Breach(f"the individuals of {name} are {wanted}, but its record says {record[name]['individuals']}")


def _representatives(strategy: Any, lived: Lived, before: PlainCoevolution, after: PlainCoevolution) -> None:
    del before
    _expect_kept(strategy, after)
    for one in (one for individuals in lived.given.values() for one in individuals):
        one.fitness.values = (math.nan,) * len(one.fitness.weights)
    _expect_kept(strategy, after)


def _expect_kept(strategy: Any, after: PlainCoevolution) -> None:
    """Raise Breach unless representatives, champions, record and result are the reference's."""
    record = strategy.record()["populations"]
    for name in strategy.populations:
        wanted = after.represented.get(name, [])
        found = [*map(plain, strategy.representatives.get(name, []))]
        if repr(found) != repr(wanted):
            raise Breach(f"{name} should be represented by {wanted}, but it is by {found}")
        champion = after.champions.get(name)
        own = plain(strategy.champions[name]) if name in strategy.champions else None
        if repr(own) != repr(champion):
            raise Breach(f"the champion of {name} should be {champion}, but it is {own}")
        ids = (None if champion is None else champion.id, [one.id for one in wanted])
        if (record[name]["champion"], record[name]["representatives"]) != ids:
            raise Breach(f"champion and representatives of {name} are {ids}, but its record says {record[name]}")
    first = next((after.champions[name] for name in strategy.populations if name in after.champions), None)
    if first is not None and repr(plain(strategy.result())) != repr(first):
        raise Breach(f"the result should be {first}, but it is {plain(strategy.result())}")


def _spending(strategy: Any, lived: Lived, before: PlainCoevolution, after: PlainCoevolution) -> None:
    del lived, before, after
    members = [*strategy.populations.values()]
    for number in range(1, 4):
        plans = [one.planned_budget(number) for one in members]
        if strategy.planned_budget(number) != (wanted := reduce(Budget.beside, plans)):
            raise Breach(
                f"{number} generations should cost {wanted}, but the plan is {strategy.planned_budget(number)}"
            )
    if strategy.budget != (wanted := reduce(Budget.beside, [one.budget for one in members])):
        raise Breach(f"{wanted} was spent, but its budget is {strategy.budget}")

"""The law that a strategy calls its operators as a plain reference does: when, with what, and what it makes of it.

The operators of a strategy are recorded, with snapshots of what they were called with. Then the plain implementation
runs with what they returned: its calls must be the same. So nothing of what an operator draws has to be known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from hypothesis import strategies as st
from torch import Tensor, nn

from neuroevo.individual import Failure, Individual
from neuroevo.testing.laws.content import bits, leaves, storages
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.populations import scored
from neuroevo.testing.laws.trial import Make, begun
from neuroevo.testing.references.strategies.individuals import State
from neuroevo.testing.strategies import seeds

KINDS = ("distinct", "ties", "flat", "failures", "one survives", "all fail")
"""How a generation is scored."""

GENERATIONS, CASES = 4, 5

CYCLE = 5
"""Training runs fail by the remainder of their number, in some of the cases."""

Call = Callable[..., Any]
"""`call("select", individuals, k)` returns what the operator returned when the strategy called it so."""


class ReplayedReference(Protocol):
    """A strategy in plain Python, without a state of its own, that calls its operators by a `Call`."""

    operators: Sequence[str]

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps between generations; its `result` is left out."""

    def generate(self, state: State, call: Call) -> tuple[list[Individual], State]:
        """Return the individuals of a generation, and the state when they have been made."""

    def update(self, state: State, population: Sequence[Individual], call: Call) -> State:
        """Return the state after a generation that has been scored."""

    def result(self, state: State, call: Call) -> Any:
        """Return what the strategy gives as its result, or None."""

    def result_of(self, strategy: Any) -> Any:
        """Return what a strategy gives as its result, or None, in the form in which `result` does."""


def check_calls(
    make: Make, reference: ReplayedReference, *, generations: int = GENERATIONS, examples: int | None = None
) -> None:
    """Raise LawBroken unless a strategy calls its operators as a plain one.

    Args:
        make: Returns a fresh strategy for a seed.
        reference: The plain one, with equal settings.
        generations: Generations of a run.
        examples: Runs at most.
    """
    check(make, call_laws(reference, generations=generations), label=name_of(make), examples=examples)


def call_laws(reference: ReplayedReference, *, generations: int = GENERATIONS, failing: str | None = None) -> list[Law]:
    """Return the law that a strategy calls its operators as a plain one.

    Args:
        reference: As in `check_calls`.
        generations: As in `check_calls`.
        failing: An operator that is made to return a `Failure` now and then.
    """

    def statement(make: Make, case: Case) -> None:
        strategy, draws = begun(make, seed := case.draw("seed", seeds())), np.random.default_rng(seed)
        kinds = case.draw("scores", st.lists(st.sampled_from(KINDS), min_size=1, max_size=generations))
        fails = case.draw("calls that fail, modulo 5", st.sets(st.integers(0, CYCLE - 1), max_size=2))
        calls = Calls()
        for operator in reference.operators:
            calls.record(strategy, operator)
        calls.begin(strategy, failing, fails)
        for kind in kinds:
            state = reference.state_of(strategy)
            population = list(strategy.toolbox.generate())
            expected, state = reference.generate(state, calls)
            _expect_equal("the generation", [*map(snapshot, expected)], [*map(snapshot, population)])
            _expect_equal("the state before scoring", state, reference.state_of(strategy))
            _expect_own_memory([one for one in population if not one.fitness.valid])
            if waiting := [one for one in population if not one.fitness.valid]:
                scored(waiting, kind, draws)
            strategy.toolbox.update(population)
            _expect_equal("the state", reference.update(state, population, calls), reference.state_of(strategy))
            calls.expect_none()
        found = reference.result_of(strategy)
        _expect_equal("the result", reference.result(reference.state_of(strategy), calls), found)

    cause = "an operator is called with something else than in the source, or its result is not used"
    return [Law("operators are called as in the reference", cause, statement, examples=CASES, shrinks=False)]


class Calls:
    """What operators were called with and what they returned, in order."""

    def __init__(self) -> None:
        self._made: dict[str, deque[tuple[list[Any], Any]]] = {}
        self._failing: str | None = None
        self._fails: set[int] = set()
        self._count = 0

    def record(self, strategy: Any, operator: str) -> None:
        """Record the calls of an operator of a strategy from now on."""
        original = getattr(strategy.toolbox, operator)
        made = self._made[operator] = deque()

        def spy(*arguments: Any, **keywords: Any) -> Any:
            given = [snapshot(one) for one in (*arguments, *keywords.values())]
            found = original(*arguments, **keywords)
            if operator == self._failing:
                self._count += 1
                if self._count % CYCLE in self._fails:
                    found = Failure("it was made to fail")
            made.append((given, found))
            return found

        # So that its cost is that of the operator.
        spy.__wrapped__ = original  # type: ignore[attr-defined]
        strategy.toolbox.register(operator, spy)

    def begin(self, strategy: Any, failing: str | None, fails: set[int]) -> None:
        """Forget the calls so far, those of a rehearsal; from now on some calls of an operator fail."""
        if hasattr(strategy, "rehearse"):
            strategy.rehearse()
        for made in self._made.values():
            made.clear()
        self._failing, self._fails = failing, fails

    def __call__(self, operator: str, *arguments: Any) -> Any:
        """Return what an operator returned when it was called with this.

        Raises:
            Breach: It was not called, or with something else.
        """
        if not self._made[operator]:
            raise Breach(f"{operator} is not called once more, with {[*map(snapshot, arguments)]}"[:600])
        given, found = self._made[operator].popleft()
        _expect_equal(f"what {operator} is called with", [*map(snapshot, arguments)], given)
        return found

    def expect_none(self) -> None:
        """Raise Breach if there was a call that the reference did not make."""
        for operator, made in self._made.items():
            if made:
                raise Breach(f"{operator} is called {len(made)} times more often than in the reference")


def snapshot(thing: Any) -> Any:
    """Return what a thing is now, so that snapshots are equal if the things are: texts, numbers, and lists of them."""
    if isinstance(thing, Individual):
        values = thing.fitness.values
        body = None if thing.body is None else snapshot(thing.body.state_dict())
        facts = (thing.id, thing.parents, thing.generation, repr(values), thing.fitness.weights)
        return [*facts, snapshot(thing.genome), snapshot(thing.memory), body]
    if isinstance(thing, nn.Module):
        return snapshot(thing.state_dict())
    if hasattr(thing, "individuals") and hasattr(thing, "scores"):
        return [(one.id, thing.scores[one.id]) for one in thing.individuals]
    if isinstance(thing, list | tuple | range):
        return [snapshot(one) for one in thing]
    return sorted((path, _leaf(leaf)) for path, leaf in leaves(thing))


def _leaf(leaf: Any) -> str:
    if isinstance(leaf, Tensor):
        return f"{leaf.dtype} {list(leaf.shape)} {hash(bits(leaf)):x}"
    return repr(leaf)


def _expect_equal(what: str, expected: Any, found: Any) -> None:
    """Raise Breach for the first part in which two structures differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            _expect_equal(f"{what}'s {name}", value, found[name])
    elif isinstance(expected, list | tuple) and isinstance(found, list | tuple) and len(expected) == len(found):
        for place, (mine, other) in enumerate(zip(expected, found, strict=True)):
            _expect_equal(f"{what}, item {place}", mine, other)
    elif repr(expected) != repr(found):
        raise Breach(f"{what} should be {repr(expected)[:300]}, but it is {repr(found)[:300]}")


def _expect_own_memory(population: Sequence[Individual]) -> None:
    """Raise Breach if two genomes, or memories, of a generation lie in the same memory."""
    taken: dict[int, int] = {}
    for one in population:
        for address in {**storages(one.genome), **storages(one.memory)}:
            if taken.setdefault(address, one.id) != one.id:
                raise Breach(f"the individuals {taken[address]} and {one.id} share memory")

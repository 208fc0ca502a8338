"""The fitness of individuals: what it takes, how it changes, and how two of them compare."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from neuroevo.individual import Failure, Fitness
from neuroevo.testing.laws import agreement_laws
from subjects.every import every
from subjects.subject import Subject

FILES = ("neuroevo/individual.py",)
Facts = Mapping[str, Any]
Step = tuple[str, Any]

NUMBERS = st.sampled_from([0.0, 1.0, -2.5, math.nan, math.inf, -math.inf])
"""Numbers as an evaluation returns them."""

ODD = (3, True, -(10**400), 10**400, Fraction(1, 4), np.float32(0.5), torch.tensor(2.0))
WRONG = ("1", None, 1j, torch.ones(2))

WEIGHTS = st.lists(st.sampled_from([1.0, -1.0, 0.5, -2.0, 0.0]), min_size=1, max_size=3)


class Weighted(Fitness):
    """A fitness with weights of its class, as `deap.creator` makes them."""

    weights = (-1.0, 2.0)


class Plain:
    """A fitness as it is described, without DEAP.

    Args:
        weights: The weight of each objective.
    """

    def __init__(self, weights: Iterable[Any]) -> None:
        self.weights = tuple(number(one) for one in weights)
        if not self.weights or not all(math.isfinite(one) for one in self.weights):
            raise ValueError("weights")
        self.values: tuple[float, ...] = ()
        self.failure: str | None = None

    def set(self, values: Iterable[Any]) -> None:
        """Set the values, as many as there are weights."""
        self.failure = None
        found = tuple(number(one) for one in values)
        if len(found) != len(self.weights):
            raise ValueError("values")
        self.values = found

    @property
    def failed(self) -> bool:
        """Whether there is a value that is not finite."""
        return any(not math.isfinite(one) for one in self.values)

    @property
    def weighted(self) -> tuple[float, ...]:
        """The weighted values, -inf for those that are not finite."""
        pairs = zip(self.values, self.weights, strict=False)
        return tuple(value * weight if math.isfinite(value) else -math.inf for value, weight in pairs)

    @property
    def rank(self) -> tuple[int, tuple[float, ...]]:
        """What comes first in comparisons: no values, then failures, then the weighted values."""
        return (0 if not self.values or self.failed else 1), self.weighted

    def facts(self) -> Facts:
        """Return all that can be seen."""
        return {
            "values": self.values,
            "wvalues": self.weighted,
            "valid": len(self.values) > 0,
            "failed": self.failed,
            "failure": self.failure,
            "weights": self.weights,
        }


def number(thing: Any) -> float:
    """Return a number as a float, infinite if it is too large."""
    if isinstance(thing, str | complex) or thing is None or (isinstance(thing, torch.Tensor) and thing.numel() > 1):
        raise TypeError("number")
    try:
        return float(thing)
    except OverflowError:
        return math.inf if thing > 0 else -math.inf


def facts(fitness: Fitness) -> Facts:
    """Return all that can be seen of a fitness."""
    names = ("values", "wvalues", "valid", "failed", "failure", "weights")
    return {name: getattr(fitness, name) for name in names}


def made(values: Sequence[Any] | None, weights: Sequence[Any] | None, form: Callable[..., Any], own: bool) -> Any:
    """Make a fitness of a class with or without weights of its own."""
    fitness = (Weighted if own else Fitness)(
        *([] if values is None else [form(values)]), weights=None if weights is None else form(weights)
    )
    return {**facts(fitness), "text": repr(fitness)}


def plainly_made(
    values: Sequence[Any] | None, weights: Sequence[Any] | None, form: Callable[..., Any], own: bool
) -> Any:
    """Make a plain one; without weights they are the class's, otherwise one objective is to be maximised."""
    plain = Plain(weights if weights is not None else (Weighted.weights if own else (1.0,)))
    if values is not None and len(values) > 0:
        plain.set(values)
    text = f"{'Weighted' if own else 'Fitness'}({plain.values}, weights={plain.weights})"
    return {**plain.facts(), "text": text}


def changed(weights: Sequence[float], steps: Sequence[Step]) -> Any:
    """Change a fitness step by step; nothing that is copied from it may follow."""
    fitness, copies, seen = Fitness(weights=weights), [], []
    for step, given in steps:
        if step == "set":
            seen.append(refused(fitness, given))
        elif step == "delete":
            del fitness.values
        elif step == "accept":
            seen.append(fitness.accept(given) is not None)
        elif step == "unscored":
            copies.append(fitness.unscored())
        else:
            copies.append(pickle.loads(pickle.dumps(fitness)) if given else copy.deepcopy(fitness))
        seen.append(facts(fitness))
    return {"seen": seen, "copies": [facts(one) for one in copies], "kinds": [type(one).__name__ for one in copies]}


def refused(fitness: Any, values: Any) -> bool:
    """Set values; return whether they were refused."""
    try:
        fitness.values = values
    except (TypeError, ValueError):
        return True
    return False


def plainly_changed(weights: Sequence[float], steps: Sequence[Step]) -> Any:
    """Change a plain fitness; values that are refused leave the former ones, but no reason of a failure."""
    plain, copies, seen = Plain(weights), [], []
    for step, given in steps:
        if step in ("set", "accept"):
            ok = _given(plain, given)
            seen.append(not ok)
            if not ok and step == "accept":
                plain.values = (math.nan,) * len(plain.weights)
                plain.failure = _reason(plain, given)
        elif step == "delete":
            plain.values, plain.failure = (), None
        else:
            copies.append(Plain(weights) if step == "unscored" else copy.copy(plain))
        seen.append(plain.facts())
    return {"seen": seen, "copies": [one.facts() for one in copies], "kinds": ["Fitness"] * len(copies)}


def _given(plain: Plain, given: Any) -> bool:
    """Set values or a failure; return whether they were taken."""
    plain.failure = None
    if isinstance(given, Failure):
        plain.values, plain.failure = (math.nan,) * len(plain.weights), given.reason
        return True
    try:
        plain.set(given)
    except (TypeError, ValueError):
        return False
    return True


def _reason(plain: Plain, given: Any) -> str:
    """Say what was wanted; the number is what matters."""
    numbers = "number" if len(plain.weights) == 1 else "numbers"
    return (
        f"evaluate must return {len(plain.weights)} {numbers} for an individual, one for each of the weights "
        f"{plain.weights}, in a tuple, but it returned {given!r}"
    )


def compared(weights: Sequence[float], rows: Sequence[Sequence[float]], part: slice) -> Any:
    """Compare fitnesses pairwise, and sort them."""
    several = [Fitness(row[: len(weights)], weights=weights) for row in rows]
    pairs = [
        (
            *(first < second, first <= second, first > second, first >= second, first == second, first != second),
            hash(first) == hash(second),
            first.dominates(second),
            first.dominates(second, part),
        )
        for first in several
        for second in several
    ]
    return {"pairs": pairs, "order": [several.index(one) for one in sorted(several)], "other": several[0] == weights}


def plainly_compared(weights: Sequence[float], rows: Sequence[Sequence[float]], part: slice) -> Any:
    """Compare lexicographically, failures and what has no values last."""
    several = [Plain(weights) for _ in rows]
    for one, row in zip(several, rows, strict=True):
        if row:
            one.set(row[: len(weights)])
    ranks = [one.rank for one in several]
    pairs = [
        (
            *(here < there, here <= there, here > there, here >= there, here == there, here != there),
            here == there,
            _dominates(several[first], several[second], slice(None)),
            _dominates(several[first], several[second], part),
        )
        for first, here in enumerate(ranks)
        for second, there in enumerate(ranks)
    ]
    return {"pairs": pairs, "order": [ranks.index(one) for one in sorted(ranks)], "other": False}


def _dominates(first: Plain, second: Plain, part: slice) -> bool:
    if first.failed or second.failed:
        return len(first.values) > 0 and not first.failed
    pairs = list(zip(first.weighted[part], second.weighted[part], strict=False))
    return all(mine >= theirs for mine, theirs in pairs) and any(mine > theirs for mine, theirs in pairs)


@st.composite
def steps(draw: st.DrawFn) -> Facts:
    """Draw weights, and steps that fit them more often than not."""
    weights = draw(WEIGHTS)
    row = st.lists(NUMBERS, min_size=len(weights), max_size=len(weights)).map(tuple)
    given = (
        row
        | row
        | st.lists(NUMBERS | st.sampled_from(WRONG[:-1]), max_size=3).map(tuple)
        | st.sampled_from([7, "late", None])
    )
    step = st.one_of(
        st.tuples(st.just("set"), given | st.just(Failure("was late"))),
        st.tuples(st.just("accept"), given),
        st.tuples(st.just("copy"), st.booleans()),
        st.sampled_from([("delete", None), ("unscored", None)]),
    )
    return {"weights": weights, "steps": draw(st.lists(step, min_size=3, max_size=8))}


@st.composite
def rivals(draw: st.DrawFn) -> Facts:
    """Draw values that tie often, failures and fitnesses without values."""
    few = st.sampled_from([0.0, 1.0, 2.0, 1.0, 0.0, math.nan, math.inf, -math.inf])
    row = st.lists(few, min_size=3, max_size=3) | st.just([])
    return {
        "weights": draw(WEIGHTS),
        "rows": draw(st.lists(row, min_size=4, max_size=6)),
        "part": draw(st.sampled_from([slice(0, 1), slice(1, None), slice(None, None, 2)])),
    }


MADE = {
    "values": (None, (), (1.0,), [2.0, math.nan], (0.5, 1.0, 2.0), *((one,) for one in (*ODD, *WRONG))),
    "form": (tuple, list, iter),
    "own": (False, True),
}


def weights() -> st.SearchStrategy[Facts]:
    """Draw weights, right ones and wrong ones, or none."""
    wrong = st.lists(st.sampled_from([1.0, math.nan, math.inf, "1", 2]), max_size=2)
    return st.fixed_dictionaries({"weights": st.none() | WEIGHTS | wrong})


SUBJECTS = [
    Subject(
        "fitness", FILES, lambda: every(made, **MADE), lambda: agreement_laws(every(plainly_made, **MADE), weights())
    ),
    Subject("changes of a fitness", FILES, lambda: changed, lambda: agreement_laws(plainly_changed, steps())),
    Subject("comparison of fitnesses", FILES, lambda: compared, lambda: agreement_laws(plainly_compared, rivals())),
]

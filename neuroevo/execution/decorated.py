"""Decorated evaluators: DEAP's penalties score whole populations, and what hides a `batch` says so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from inspect import isfunction
from typing import Any

from deap.tools import ClosestValidPenalty, DeltaPenalty

from neuroevo.individual import Failure
from neuroevo.signatures import describe

Evaluate = Callable[..., Any]

ADVICE = "register an evaluator with __call__ and a batch of its own."

log = logging.getLogger(__name__)


class Penalised:
    """An evaluator under one of DEAP's penalties, which scores all individuals that need a score in one call.

    The arithmetic is DEAP's own, called for one infeasible individual at a time with what is known by then.

    Args:
        penalty: A `deap.tools.DeltaPenalty` or `ClosestValidPenalty`.
        evaluate: The evaluator that it decorates, with a `batch`.
    """

    def __init__(self, penalty: Any, evaluate: Any) -> None:
        self.penalty = penalty
        self.evaluate = evaluate

    @property
    def joint(self) -> bool:
        """Whether scores depend on which individuals are scored together."""
        return bool(getattr(self.evaluate, "joint", False))

    @property
    def budget(self) -> Any:
        """What one call costs, as the evaluator says."""
        return self.evaluate.budget

    def describe(self) -> dict[str, Any]:
        """Return JSON values that distinguish it from other penalties and evaluators."""
        penalty = {name: describe(one) if callable(one) else repr(one) for name, one in vars(self.penalty).items()}
        return {"kind": describe(type(self.penalty)), **penalty, "evaluate": describe(self.evaluate)}

    def __call__(self, individual: Any, *arguments: Any, **keywords: Any) -> Any:
        """Return the values of one individual."""
        return self.batch([individual], *arguments, **keywords)[0]

    def batch(self, individuals: Sequence[Any], *arguments: Any, **keywords: Any) -> list[Any]:
        """Return the values of each individual."""
        feasible = [bool(self.penalty.fbty_fct(one)) for one in individuals]
        scored = [one if good else self._nearest(one) for one, good in zip(individuals, feasible, strict=True)]
        needed = [one for one in scored if one is not None]
        values = iter(self.evaluate.batch(needed, *arguments, **keywords) if needed else ())
        found = [None if one is None else next(values) for one in scored]
        return [
            value if good or isinstance(value, Failure) else self._penalised(one, near, value)
            for one, near, value, good in zip(individuals, scored, found, feasible, strict=True)
        ]

    def _nearest(self, individual: Any) -> Any:
        """Return the feasible individual that stands for an infeasible one; None if none does."""
        return self.penalty.fbl_fct(individual) if isinstance(self.penalty, ClosestValidPenalty) else None

    def _penalised(self, individual: Any, nearest: Any, values: Any) -> Any:
        """Return the values of an infeasible individual."""
        known: Any
        if isinstance(self.penalty, ClosestValidPenalty):
            known = ClosestValidPenalty(_no, lambda one: nearest, self.penalty.alpha, self.penalty.dist_fct)
        else:
            known = DeltaPenalty(_no, 0, self.penalty.dist_fct)
            known.delta = self.penalty.delta
        return known(lambda one: values)(individual)


def penalised(function: Evaluate) -> Evaluate:
    """Return an evaluator with a `batch` that one of DEAP's penalties decorates as one; any other as it is."""
    # DEAP's decorated functions are closures: there is no other access to what they were made with.
    if not isfunction(function) or function.__globals__ is not DeltaPenalty.__call__.__globals__:
        return function
    held = dict(_held(function))
    inner = penalised(held.get("func", function))
    good = type(held.get("self")) in (DeltaPenalty, ClosestValidPenalty) and _own_batch(inner) is not None
    return Penalised(held["self"], inner) if good else function


def batch_of(function: Evaluate) -> Callable[..., Sequence[Any]] | None:
    """Return the call that scores whole populations; None if an evaluator has none.

    A function that hides the `batch` of the evaluator that it calls, such as one that decorates it, is named once in
    the log.

    Raises:
        TypeError: It decorates an evaluator whose scores depend on which individuals are scored together.
    """
    inner = _hidden(function)
    if inner is None:
        return _own_batch(function)
    name, kind = getattr(function, "__qualname__", type(function).__qualname__), type(inner).__name__
    if getattr(inner, "joint", False) and hasattr(function, "__wrapped__"):
        raise TypeError(
            f"evaluate must score individuals together, because scores of a {kind} depend on each other, but {name} "
            f"scores one at a time; {ADVICE}"
        )
    _say_once(f"{name} scores one individual at a time: the batch of the {kind} that it calls is lost; {ADVICE}")
    return None


@cache
def _say_once(sentence: str) -> None:
    log.warning(sentence)


def _own_batch(function: Any) -> Callable[..., Sequence[Any]] | None:
    """Return the batch of an evaluator, unless it belongs to what the evaluator decorates.

    `functools.wraps` copies a batch that stands among the attributes.
    """
    own = getattr(function, "batch", None)
    decorated = getattr(function, "__wrapped__", None)
    return own if callable(own) and own != getattr(decorated, "batch", None) else None


def _hidden(function: Any, seen: tuple[Any, ...] = ()) -> Any:
    """Return the evaluator with a batch that a function without one of its own calls; None if there is none."""
    # A function may hold itself.
    if _own_batch(function) is not None or any(one is function for one in seen):
        return None
    decorated = getattr(function, "__wrapped__", None)
    # Not every decorator uses functools.wraps.
    held = [one for _, one in _held(function)] if decorated is None else [decorated]
    for one in held:
        if isinstance(one, type) or not callable(one):
            continue
        if (inner := one if _own_batch(one) is not None else _hidden(one, (*seen, function))) is not None:
            return inner
    return None


def _held(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield the variables that a function holds in its closure, by name."""
    cells = function.__closure__ if isfunction(function) else None
    for name, cell in zip(function.__code__.co_freevars if cells else (), cells or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not yet bound
            continue


def _no(individual: Any) -> bool:
    del individual
    return False

"""The law that a function gives what another implementation gives, for everything that draws no random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from neuroevo.testing.laws.equations import AGREES, CAUSE, pure, unlike
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments

Function = Callable[..., Any]
Drawn = SearchStrategy[Mapping[str, Any]]

REFUSALS = (ValueError, TypeError)
"""Exceptions by which a function refuses its arguments."""


class Refused:
    """What stands for the result of a call that refused its arguments.

    Args:
        error: The exception.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error


def check_agreement(
    function: Function,
    reference: Function,
    arguments: Drawn | Mapping[str, Drawn],
    *,
    tolerance: float = 0.0,
    shares: bool = False,
    examples: int | None = None,
) -> None:
    """Raise LawBroken for the first of `agreement_laws` that a function breaks.

    Args:
        function: Called with keywords; draws no random numbers.
        reference: As for `agreement_laws`.
        arguments: As for `agreement_laws`.
        tolerance: As for `agreement_laws`.
        shares: As for `agreement_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    laws = agreement_laws(reference, arguments, tolerance=tolerance, shares=shares)
    check(function, laws, label=name_of(function), examples=examples)


def agreement_laws(
    reference: Function,
    arguments: Drawn | Mapping[str, Drawn],
    *,
    tolerance: float = 0.0,
    shares: bool = False,
) -> list[Law]:
    """Return the laws of a function that has a reference: it is pure, and its results are the reference's.

    Args:
        reference: Another implementation, with the same keywords; what it returns may hold numpy's arrays for tensors.
            What it refuses with ValueError or TypeError, the function has to refuse, too.
        arguments: Draws the keywords of a call. Of several strategies by name, for situations that would seldom be
            drawn otherwise, each case has one call of each.
        tolerance: How much a number may differ, in units of the dtype's precision at the greatest number or 1.
        shares: Whether a result may share memory with an argument.
    """
    situations = dict(arguments) if isinstance(arguments, Mapping) else {"": arguments}
    any_of_them = st.one_of([*situations.values()])

    def draw(case: Case) -> Arguments:
        return case.draw("arguments", any_of_them)

    def each(case: Case) -> Iterator[Arguments]:
        for name in case.each("situation", situations) if len(situations) > 1 else situations:
            yield case.draw("arguments", situations[name])

    def call(function: Any, given: Arguments, generator: torch.Generator) -> Any:
        result = outcome(function, given)
        if isinstance(result, Refused) and not isinstance(outcome(reference, given), Refused):
            raise result.error
        return None if isinstance(result, Refused) else result

    return [*pure(draw, call, shares=shares), equals(reference, each, tolerance=tolerance)]


def equals(reference: Function, draw: Callable[[Case], Iterable[Arguments]], *, tolerance: float = 0.0) -> Law:
    """Return the law that results equal the reference's.

    Args:
        reference: As for `agreement_laws`.
        draw: Draws the keywords of one or several calls.
        tolerance: As for `agreement_laws`.
    """

    def statement(function: Any, case: Case) -> None:
        for given in draw(case):
            compare_outcomes(function, reference, given, tolerance=tolerance)

    return Law(AGREES, CAUSE, statement)


def compare_outcomes(function: Function, reference: Function, given: Arguments, *, tolerance: float = 0.0) -> None:
    """Raise Breach unless a call has the reference's result, or both refuse."""
    wanted, found = outcome(reference, given), outcome(function, given)
    if isinstance(wanted, Refused):
        if not isinstance(found, Refused):
            raise Breach(f"the reference refuses it ({wanted.error}), but it returned a result")
    elif isinstance(found, Refused):
        raise found.error
    elif complaint := unlike(found, wanted, tolerance=tolerance):
        raise Breach(complaint)


def outcome(function: Function, given: Arguments) -> Any:
    """Return what a call returns, or that it refused."""
    try:
        return function(**given)
    except REFUSALS as error:
        return Refused(error)

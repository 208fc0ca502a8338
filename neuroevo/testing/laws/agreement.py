"""The law that a function gives what another implementation gives, for everything that draws no random numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.content import WHOLE, leaves
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, no_shared_storage, purity_laws

Function = Callable[..., Any]

REFUSALS = (ValueError, TypeError)
"""Exceptions by which a function refuses its arguments."""

CAUSE = "another equation than the reference's: compare its source line by line"


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
    arguments: SearchStrategy[Mapping[str, Any]],
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
    arguments: SearchStrategy[Mapping[str, Any]],
    *,
    tolerance: float = 0.0,
    shares: bool = False,
) -> list[Law]:
    """Return the laws of a function that has a reference: it is pure, and its results are the reference's.

    Args:
        reference: Another implementation, with the same keywords; what it returns may hold numpy's arrays for tensors.
            What it refuses with ValueError or TypeError, the function has to refuse, too.
        arguments: Draws the keywords of a call.
        tolerance: Relative and absolute tolerance of numbers in floating point.
        shares: Whether a result may share memory with an argument.
    """

    def draw(case: Case) -> Arguments:
        return case.draw("arguments", arguments)

    def call(function: Any, given: Arguments, generator: torch.Generator) -> Any:
        result = outcome(function, given)
        if isinstance(result, Refused) and not isinstance(outcome(reference, given), Refused):
            raise result.error
        return None if isinstance(result, Refused) else result

    shared = no_shared_storage(draw, call).name
    pure = [law for law in purity_laws(draw, call) if not (shares and law.name == shared)]
    return [*pure, equals(reference, draw, tolerance=tolerance)]


def equals(reference: Function, draw: Callable[[Case], Arguments], *, tolerance: float = 0.0) -> Law:
    """Return the law that results equal the reference's; the arguments are those of `agreement_laws`."""

    def statement(function: Any, case: Case) -> None:
        given = draw(case)
        wanted, found = outcome(reference, given), outcome(function, given)
        if isinstance(wanted, Refused):
            if not isinstance(found, Refused):
                raise Breach(f"the reference refuses it ({wanted.error}), but it returned a result")
        elif isinstance(found, Refused):
            raise found.error
        else:
            compare_results(found, wanted, tolerance=tolerance)

    return Law("results equal the reference's", CAUSE, statement)


def outcome(function: Function, given: Arguments) -> Any:
    """Return what a call returns, or that it refused."""
    try:
        return function(**given)
    except REFUSALS as error:
        return Refused(error)


def compare_results(found: object, wanted: object, *, tolerance: float = 0.0) -> None:
    """Raise Breach unless two results hold the same: mappings, sequences and dataclasses of numbers and tensors."""
    ours, theirs = dict(leaves(found)), dict(leaves(wanted))
    if [*ours] != [*theirs]:
        raise Breach(f"it holds {', '.join(ours) or 'nothing'}, but the reference's {', '.join(theirs) or 'nothing'}")
    for path, leaf in ours.items():
        if not _equal(_plain(leaf), _plain(theirs[path]), tolerance):
            raise Breach(f"{path or WHOLE} is {_shown(leaf)}, but the reference's is {_shown(theirs[path])}")


def _plain(leaf: object) -> object:
    return leaf.detach().cpu().numpy() if isinstance(leaf, Tensor) else leaf


def _equal(ours: object, theirs: object, tolerance: float) -> bool:
    if not isinstance(ours, np.ndarray | float) and not isinstance(theirs, np.ndarray):
        return bool(ours == theirs)
    one, other = np.asarray(ours), np.asarray(theirs)
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    if one.dtype.kind != "f":
        return bool((one == other).all())
    return bool(np.isclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True).all())


def _shown(leaf: object) -> object:
    return leaf.tolist() if isinstance(leaf, Tensor | np.ndarray) else leaf

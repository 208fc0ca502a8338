"""What operators that several strategies share must return: each check ends a sentence, or says nothing."""

from __future__ import annotations

from typing import Any

import torch

from neuroevo.individual import Failure
from neuroevo.operators.inherited import Inheritance
from neuroevo.strategies.toolbox import Check


def instance(kind: type) -> Check:
    """Return the check that a result is of that type."""

    def check(arguments: tuple[Any, ...], result: Any) -> str | None:
        del arguments
        return None if isinstance(result, kind) else f"{with_article(kind)}, but it returned {kind_of(result)}"

    return check


def trained(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`live`: a training run returns a network, or the reason why there is none."""
    del arguments
    good = isinstance(result, torch.nn.Module | Failure)
    return None if good else f"a network, but it returned {kind_of(result)}"


def inherited(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`inherit`: the report of an inheritance, whose weights are like those of the network and share no memory."""
    weights = arguments[1]
    if not isinstance(result, Inheritance):
        return f"an Inheritance, but it returned {kind_of(result)}"
    for name, before in weights.items():
        after = result.weights.get(name)
        if after is None or (after.shape, after.dtype) != (before.shape, before.dtype):
            return f"weights like those of the network, but {name} is missing or of another shape or dtype"
    shared = [name for name, before in weights.items() if _shares_storage(result.weights[name], before)]
    return f"weights of their own, but {shared[0]} shares its memory with the argument" if shared else None


def _shares_storage(result: torch.Tensor, argument: torch.Tensor) -> bool:
    return argument.numel() > 0 and result.untyped_storage().data_ptr() == argument.untyped_storage().data_ptr()


def with_article(kind: type) -> str:
    """Return the name of a type with its article."""
    return f"{'an' if kind.__name__[0] in 'AEIOUaeiou' else 'a'} {kind.__name__}"


def kind_of(thing: Any) -> str:
    """Return what a thing is: its type, or None."""
    return "None" if thing is None else with_article(type(thing))

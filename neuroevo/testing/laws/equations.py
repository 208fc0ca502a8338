"""Laws of operators whose result is determined: it equals what a plain implementation returns, in units of precision.

Kinds of operators have checks of their own, which are made of these and of what is known of the kind.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.testing.laws.content import leaves
from neuroevo.testing.laws.law import Breach, Case, Law, literal
from neuroevo.testing.laws.purity import (
    Call,
    Draw,
    arguments_unchanged,
    equal_seeds_equal_results,
    global_generators_left_alone,
    no_shared_storage,
    runs,
    seeded,
)
from neuroevo.testing.laws.settings import Grid
from neuroevo.testing.strategies import seeds

TOLERANCE = 64.0
"""How much a number may differ from the reference's, in units of the dtype's precision at the greatest number or 1."""

AGREES = "results are the reference's"

CAUSE = "another equation than the reference's, or another rule for ties, failures or ends: compare line by line"


def pure(draw: Draw, call: Call, *, shares: bool = False) -> list[Law]:
    """Return the laws of purity; `shares` leaves out that results have memory of their own."""
    own = [] if shares else [no_shared_storage(draw, call)]
    return [
        runs(draw, call),
        arguments_unchanged(draw, call),
        *own,
        equal_seeds_equal_results(draw, call),
        global_generators_left_alone(draw, call),
    ]


def settings_of(case: Case, grid: Grid | None) -> dict[str, Any]:
    """Draw a value for each setting of a grid."""
    return {name: case.draw(name, st.sampled_from(list(values))) for name, values in (grid or {}).items()}


def agrees(
    reference: Any, draw: Draw, call: Call, *, tolerance: float = TOLERANCE, name: str = AGREES, cause: str = CAUSE
) -> Law:
    """Return the law that results are those of a reference, which is called as the subject is."""

    def statement(subject: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        there = call(reference, copy.deepcopy(arguments), seeded(seed))
        if complaint := unlike(call(subject, arguments, seeded(seed)), there, tolerance=tolerance):
            raise Breach(complaint)

    return Law(name, cause, statement)


def unlike(mine: object, there: object, *, tolerance: float = TOLERANCE) -> str:
    """Return how a result differs from the reference's, or "" if it does not.

    Tensors, arrays and numbers are compared as numbers, whole ones or real ones, NaN equal to itself; of two tensors
    dtype and device count, too, and whether they require a gradient. Other things are compared by equality.
    """
    own, other = dict(leaves(_plain(mine))), dict(leaves(_plain(there)))
    if own.keys() != other.keys():
        odd = sorted(own.keys() ^ other.keys())[0]
        return f"{odd or 'the whole'} is in {'the result' if odd in own else 'the reference'} only"
    for path, value in own.items():
        wanted = other[path]
        if not _alike(value, wanted, tolerance):
            return f"{path or 'the result'} is {_shown(value, wanted)}, but the reference's is {_shown(wanted, value)}"
    return ""


def _plain(thing: object) -> object:
    """Return sets as sorted lists, so that the paths of their parts are the same."""
    return sorted(thing) if isinstance(thing, set | frozenset) else thing


def _alike(mine: object, there: object, tolerance: float) -> bool:
    if not all(isinstance(one, Tensor | np.ndarray | float | int | np.generic) for one in (mine, there)):
        return mine is there or bool(mine == there)
    if _kind(mine, there) != _kind(there, mine):
        return False
    if isinstance(mine, Tensor) and mine.is_meta:
        return isinstance(there, Tensor) and mine.shape == there.shape
    own, other = (_tensor(one).double().numpy() for one in (mine, there))
    if own.shape != other.shape:
        return False
    finite = np.abs(other[np.isfinite(other)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    return bool(np.allclose(own, other, rtol=0, atol=tolerance * _precision(mine) * scale, equal_nan=True))


def _kind(thing: object, beside: object) -> tuple[object, ...]:
    """Return whether numbers are real ones; of two tensors, dtype, device, and whether they require a gradient."""
    if isinstance(thing, Tensor) and isinstance(beside, Tensor):
        return thing.dtype, thing.device, thing.requires_grad
    return (_tensor(thing).is_floating_point(),)


def _tensor(thing: Any) -> Tensor:
    return thing.detach().cpu() if isinstance(thing, Tensor) else torch.as_tensor(np.asarray(thing))


def _precision(thing: object) -> float:
    if isinstance(thing, Tensor) and thing.is_floating_point():
        return float(torch.finfo(thing.dtype).eps)
    return float(np.finfo(np.float64).eps)


def _shown(thing: object, beside: object) -> str:
    """Return numbers as text, with what else distinguishes two tensors."""
    numbers = literal(thing)[:500] if isinstance(thing, Tensor) and thing.is_meta else _listed(thing)[:500]
    if not isinstance(thing, Tensor) or not isinstance(beside, Tensor) or _kind(thing, beside) == _kind(beside, thing):
        return numbers
    return f"{numbers} of {thing.dtype} on {thing.device}{', with a gradient' * thing.requires_grad}"


def _listed(thing: object) -> str:
    return str(thing.tolist() if isinstance(thing, Tensor | np.ndarray) else thing)

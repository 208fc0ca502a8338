"""The law of searches that have converged: their numbers stay finite for as long as they run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.problems.function import Function
from neuroevo.space import Space
from neuroevo.strategies import Strategy
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.trial import steps

GENES = 8
CASES = 4
"""Cases at most: each of them runs thousands of generations."""

MakeSearch = Callable[[Function], Strategy]


def check_convergence(
    make: MakeSearch, *, generations: int = 5000, weights: Sequence[float] = (-1.0,), examples: int | None = None
) -> None:
    """Raise LawBroken unless a search stays finite where it has converged.

    Args:
        make: Returns a fresh search on a problem over 8 genes, such as the class `SNES`.
        generations: How many generations to run; one should take a millisecond.
        weights: The weights of the problem's values, which are all the same.
        examples: Cases at most.
    """
    check(make, convergence_laws(generations=generations, weights=weights), label=name_of(make), examples=examples)


def convergence_laws(*, generations: int = 5000, weights: Sequence[float] = (-1.0,)) -> list[Law]:
    """Return the law of searches that have converged; the arguments are those of `check_convergence`."""
    law = Law(
        "a converged search stays finite",
        "a step size that has shrunk to 0 or to rounding errors divides, or a product of rates grows without limit; "
        "give both limits",
        partial(_stays_finite, generations=generations, weights=tuple(weights)),
    )
    return [replace(law, examples=CASES)]


def flat(genomes: Tensor) -> Tensor:
    """Return 0 for every genome [P, D]: a search wanders."""
    return 0 * genomes[..., 0]


def sphere(genomes: Tensor) -> Tensor:
    """Return squared lengths: steps shrink to the least number."""
    return genomes.square().sum(-1)


def around_one(genomes: Tensor) -> Tensor:
    """Return squared distances from 1, where steps shrink to rounding errors."""
    return (genomes - 1).square().sum(-1)


def tiny(genomes: Tensor) -> Tensor:
    """Return squared lengths times 1e-300: all differences vanish early."""
    return 1e-300 * genomes.double().square().sum(-1)


def corner(genomes: Tensor) -> Tensor:
    """Return sums of genes: the best genome is where all bounds meet."""
    return genomes.sum(-1)


LANDSCAPES: Mapping[str, Callable[[Tensor], Tensor]] = {
    one.__name__: one for one in (flat, sphere, around_one, tiny, corner)
}


def _stays_finite(make: MakeSearch, case: Case, *, generations: int, weights: tuple[float, ...]) -> None:
    name = case.draw("landscape", st.sampled_from([*LANDSCAPES]))
    dtype = case.draw("dtype", st.sampled_from([torch.float32, torch.float64]))
    bounded = name == "corner" or case.draw("bounded", st.booleans())
    limit = 2.0 if bounded else math.inf
    function = partial(_repeated, LANDSCAPES[name], len(weights))
    problem = Function(function, Space.box(GENES, low=-limit, high=limit, dtype=dtype), weights=weights, batched=True)
    strategy = make(problem)
    for number, individuals in enumerate(steps(strategy, generations)):
        if not all(bool(one.genome.isfinite().all()) for one in individuals):
            raise Breach(f"in generation {number} a genome is not finite")
    if (where := _not_finite(strategy.state_dict(), "")) is not None:
        raise Breach(f"after {generations} generations the state {where} is not finite")


def _repeated(function: Callable[[Tensor], Tensor], times: int, genomes: Tensor) -> Tensor:
    """Return the values as all objectives, [P, M]."""
    return function(genomes).unsqueeze(-1).expand(-1, times)


def _not_finite(state: Any, path: str) -> str | None:
    """Return the path of the first number in a state that is not finite."""
    if isinstance(state, Mapping):
        found = (_not_finite(value, f"{path}.{key}".lstrip(".")) for key, value in state.items())
        return next((one for one in found if one is not None), None)
    if isinstance(state, list | tuple):
        found = (_not_finite(value, f"{path}[{place}]") for place, value in enumerate(state))
        return next((one for one in found if one is not None), None)
    numbers = isinstance(state, float) or (isinstance(state, Tensor) and state.is_floating_point())
    return path if numbers and not bool(torch.as_tensor(state).isfinite().all()) else None

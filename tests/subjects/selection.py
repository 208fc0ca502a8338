"""Selections."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.operators import selection
from neuroevo.testing.laws import Law, agreement_laws, selection_laws
from neuroevo.testing.references.selection import boltzmann_weights
from neuroevo.testing.strategies import fitnesses
from subjects.subject import Subject

FILES = ("operators/selection.py",)
EVERYWHERE = {"leading": True, "any_dtype": True}
FITNESS = torch.tensor([1.0, 3.0, 2.0])
EMPTY = torch.zeros(2, 0)


def tournament_laws(size: int) -> list[Law]:
    """Return the laws of tournaments with entrants drawn with replacement."""
    refuses = {
        "a negative k": lambda select, generator: select(FITNESS, k=-1, generator=generator),
        "no entrant": lambda select, generator: select(FITNESS, k=1, size=0, generator=generator),
        "no individual": lambda select, generator: select(EMPTY, k=1, generator=generator),
        "a number": lambda select, generator: select(torch.tensor(1.0), k=1, generator=generator),
    }
    settings: dict[str, Any] = {"tournament": size, "like": "tournament", "size": size, "first_of_equals": True}
    return selection_laws(**settings, **EVERYWHERE, refuses=refuses)


def group_laws(size: int) -> list[Law]:
    """Return the laws of tournaments in groups."""
    refuses = {
        "groups of none": lambda select, generator: select(FITNESS, size=0, generator=generator),
        "no individual": lambda select, generator: select(EMPTY, generator=generator),
    }
    settings: dict[str, Any] = {"group": size, "like": "group tournament", "size": size, "first_of_equals": True}
    return selection_laws(**settings, **EVERYWHERE, with_replacement=False, refuses=refuses)


def roulette_laws() -> list[Law]:
    """Return the laws of draws in proportion to weights."""
    broken = {
        "a negative weight": [1.0, -1.0],
        "a weight that is NaN": [1.0, math.nan],
        "an infinite weight": [1.0, math.inf],
        "weights that are all 0": [0.0, 0.0],
        "weights that are all 0 in one population": [[1.0, 0.0], [0.0, 0.0]],
        "no individual": [],
    }
    refuses = {
        what: lambda select, generator, weights=weights: select(torch.tensor(weights), k=1, generator=generator)
        for what, weights in broken.items()
    }
    refuses["a negative k"] = lambda select, generator: select(FITNESS, k=-1, generator=generator)
    return selection_laws(proportional=True, like="roulette", **EVERYWHERE, refuses=refuses)


def sharpened(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw by the softmax of the scores."""
    return selection.roulette(selection.sharpen(fitness, temperature=5.0), k=k, generator=generator)


@st.composite
def scores(draw: DrawFn) -> Mapping[str, Any]:
    """Draw scores of a population or of several, in any dtype, and a temperature; some of them are refused."""
    rows, columns = draw(st.sampled_from([(), (1,), (3,), (2, 2)])), draw(st.integers(0, 6))
    size = math.prod(rows) * columns
    numbers = draw(fitnesses(min_size=size, max_size=size)) if size else torch.zeros(0, dtype=torch.float64)
    scale = draw(st.sampled_from([1.0, 1e-3, 1e300, 1e-300]))
    dtype = draw(st.sampled_from([torch.float64, torch.float32, torch.int64]))
    if dtype == torch.int64:
        numbers = numbers.nan_to_num(0, 0, 0).clamp(-100, 100)
    elif dtype == torch.float64:
        numbers = (numbers.clamp(-100, 100) * scale).where(numbers.isfinite(), numbers)
    temperatures = st.sampled_from([1.0, 0.05, 1e-300, 1e300, 0.0, -1.0, math.inf, math.nan])
    return {"scores": numbers.reshape(*rows, columns).to(dtype), "temperature": draw(temperatures)}


def plain_sharpen(scores: Tensor, *, temperature: float) -> Tensor:
    """Return Boltzmann weights by plain arithmetic."""
    if not scores.is_floating_point():
        raise TypeError("scores are no numbers of floating point")
    if scores.shape[-1] == 0 or not 0 < temperature < math.inf:
        raise ValueError("no score, or no temperature")
    weights = boltzmann_weights(scores.double().numpy(), temperature=temperature)
    return torch.from_numpy(weights).to(scores.dtype)


SUBJECTS = [
    *(
        Subject(
            f"tournament of {size}",
            FILES,
            partial(partial, selection.tournament, size=size),
            partial(tournament_laws, size),
        )
        for size in (1, 2, 3)
    ),
    *(
        Subject(
            f"tournament in groups of {size}",
            FILES,
            partial(partial, selection.group_tournament, size=size),
            partial(group_laws, size),
        )
        for size in (2, 3)
    ),
    Subject(
        "tournament in one group",
        FILES,
        lambda: partial(selection.group_tournament, size=100),
        lambda: selection_laws(deterministic=True, with_replacement=False, first_of_equals=True),
    ),
    Subject("roulette", FILES, lambda: selection.roulette, roulette_laws),
    Subject(
        "roulette of sharpened scores",
        FILES,
        lambda: sharpened,
        lambda: selection_laws(
            fitness=fitnesses().filter(lambda fitness: bool(fitness.isfinite().any())), rank_based=False, leading=True
        ),
    ),
    Subject("sharpen", FILES, lambda: selection.sharpen, lambda: agreement_laws(plain_sharpen, scores(), tolerance=64)),
]

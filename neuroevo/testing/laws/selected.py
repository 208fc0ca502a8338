"""Calling selections, and the fitness that the laws of selection are judged with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.purity import Arguments, ready
from neuroevo.testing.strategies import fitnesses


@dataclass(frozen=True)
class Wanted:
    """How many individuals are selected.

    Attributes:
        given: What the user says.
        with_replacement: Whether an individual can be selected more than once; otherwise k is at most P.
    """

    given: SearchStrategy[int] | None
    with_replacement: bool

    def of(self, fitness: Tensor) -> SearchStrategy[int]:
        """Draw the number to select from a population with this fitness."""
        if self.given is None:
            return st.integers(1, 6 if self.with_replacement else len(fitness))
        return self.given.map(lambda number: number if self.with_replacement else min(number, len(fitness)))

    def least(self, fitness: Tensor) -> SearchStrategy[int]:
        """Draw a number to count who is selected: 1 if the user says nothing else."""
        return st.just(1) if self.given is None else self.of(fitness)


def call(select: Any, arguments: Arguments, generator: torch.Generator) -> Tensor:
    """Call a selection, with k if it takes one."""
    keywords = {"k": arguments["k"]} if needs_k(select) else {}
    chosen: Tensor = ready(select)(arguments["fitness"], generator=generator, **keywords)
    return chosen


def called(select: Any, fitness: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Call a selection of k individuals."""
    return call(select, {"fitness": fitness, "k": k}, generator)


def needs_k(select: Any) -> bool:
    """Return whether a selection takes the number to select, and has none yet."""
    known = signature(select).parameters.get("k")
    return known is not None and known.default is Parameter.empty


def counts_of(select: Any, fitness: Tensor, generator: torch.Generator, *, calls: int, k: int = 1) -> list[int]:
    """Return for each individual the number of calls in which it was selected."""
    counts, keywords = [0] * len(fitness), {"k": k} if needs_k(select) else {}
    for _ in range(calls):
        for index in set(ready(select)(fitness, generator=generator, **keywords).tolist()):
            counts[index] += 1
    return counts


def fitness_of(
    weights: Sequence[float] | None, non_finite: bool, least: int, *, proportional: bool
) -> SearchStrategy[Tensor]:
    """Draw fitness [P], or [P, M] for several objectives."""
    if proportional:
        return shares_of_a_wheel(min_size=least)
    if weights is None:
        return fitnesses(min_size=least, non_finite=non_finite)
    return st.integers(least, max(8, least)).flatmap(
        lambda size: st.tuples(*[fitnesses(min_size=size, max_size=size, non_finite=non_finite)] * len(weights)).map(
            lambda columns: torch.stack(columns, 1)
        )
    )


@st.composite
def shares_of_a_wheel(draw: DrawFn, *, min_size: int = 1, max_size: int = 8) -> Tensor:
    """Draw shares of a wheel, float64 [P], at least 0 and not all 0, for example `tensor([3., 0., 0.5])`."""
    # Weights as small as the smallest numbers can't be divided: a part of one is itself or zero.
    share = st.sampled_from([0.0, 1.0, 0.5, 3.0]) | st.floats(0, 1e6, allow_subnormal=False)
    shares = draw(st.lists(share, min_size=min_size, max_size=max_size).filter(any))
    return torch.tensor(shares, dtype=torch.float64)


def distinct(*, min_size: int = 2, max_size: int = 5, multiple: int = 1, objectives: int = 1) -> SearchStrategy[Tensor]:
    """Draw the numbers 1 to P in any order, float64 [P]: also valid weights of a wheel.

    With several objectives, [P, M], each one has its greatest number at another individual.
    """
    sizes = st.integers(math.ceil(min_size / multiple), max(1, max_size // multiple)).map(lambda n: n * multiple)
    orders = sizes.flatmap(lambda size: st.permutations(range(1, size + 1))).map(doubles)
    if objectives == 1:
        return orders
    return orders.map(lambda order: torch.stack([order.roll(place) for place in range(objectives)], 1))


def doubles(numbers: Sequence[float]) -> Tensor:
    """Return numbers as a fitness, float64 [P]."""
    return torch.tensor(numbers, dtype=torch.float64)

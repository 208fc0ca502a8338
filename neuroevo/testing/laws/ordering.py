"""Laws of what counts in a selection and what does not: ties, the fitness' dtype, the unit of weights."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.laws.selected import Wanted, called, shares_of_a_wheel
from neuroevo.testing.strategies import fitnesses, seeds

DTYPES = (torch.float16, torch.float32, torch.int64, torch.int32)
"""Dtypes in which a fitness of small whole numbers is exact, beside float64."""

POWERS = (-900, -60, 60, 1023)
"""Powers of two that weights are scaled by: as numbers of float64 they stay exact, and their sums may not be finite."""


def first_of_equals(wanted: Wanted) -> Law:
    """Return the law that among individuals of one fitness the first in the population counts as the best.

    A fitness that is not finite counts as the worst of all.
    """

    def statement(select: Any, case: Case) -> None:
        fitness = case.draw("fitness", fitnesses())
        k, seed = case.draw("k", wanted.of(fitness)), case.draw("seed", seeds())
        known = torch.where(fitness.isfinite(), fitness, -torch.inf)
        strict = torch.empty_like(known)
        strict[known.argsort(descending=True, stable=True)] = torch.arange(len(known), 0, -1).to(known.dtype)
        _compare(called(select, fitness, k, seeded(seed)), called(select, strict, k, seeded(seed)), strict)

    cause = "a sort that is not stable, or comparisons that let the last of equals win"
    return Law("the first of equals wins", cause, statement)


def any_dtype(wanted: Wanted) -> Law:
    """Return the law that a fitness of whole numbers selects the same in every dtype."""

    def statement(select: Any, case: Case) -> None:
        scores = case.draw("scores", st.lists(st.integers(0, 6), min_size=1, max_size=9).filter(any))
        fitness = torch.tensor(scores, dtype=torch.float64)
        k, seed = case.draw("k", wanted.of(fitness)), case.draw("seed", seeds())
        expected = called(select, fitness, k, seeded(seed))
        for dtype in case.each("dtype", DTYPES):
            _compare(called(select, fitness.to(dtype), k, seeded(seed)), expected, fitness)

    return Law("the dtype of the fitness changes nothing", "arithmetic in the fitness' dtype", statement)


def scaled_weights(wanted: Wanted) -> Law:
    """Return the law that weights are shares, whatever they are multiplied by."""

    def statement(select: Any, case: Case) -> None:
        weights = case.draw("weights", shares_of_a_wheel())
        k, seed = case.draw("k", wanted.of(weights)), case.draw("seed", seeds())
        # The greatest is 1, so that no multiple overflows or is lost.
        shares = torch.where(weights < weights.max() * 2**-40, 0.0, weights / weights.max())
        expected = called(select, shares, k, seeded(seed))
        for power in case.each("power", POWERS):
            _compare(called(select, shares * 2.0**power, k, seeded(seed)), expected, shares * 2.0**power)

    return Law("scaling all weights changes nothing", "a sum that overflows or underflows, or a constant", statement)


def _compare(found: Tensor, expected: Tensor, fitness: Tensor) -> None:
    if not torch.equal(found, expected):
        raise Breach(f"{found.tolist()} are selected, and {expected.tolist()} with the fitness {fitness.tolist()}")

"""The law that the results of any function with a generator are distributed as a reference's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from neuroevo.testing.laws.distribution import Sample, compare
from neuroevo.testing.laws.law import Case, Law
from neuroevo.testing.laws.purity import Arguments, Call, seeded
from neuroevo.testing.strategies import seeds

CALLS = 800
"""Calls for each setting, of the function and of the reference."""

CAUSE = "another distribution than the reference's: compare its source line by line"

Numbers = Callable[[Any, Arguments], Sample]


def distributed_as(
    reference: Callable[..., Any],
    cases: Callable[[Case], Iterator[Arguments]],
    call: Call,
    numbers: Numbers,
    *,
    name: str = "results are distributed as the reference's",
    item: str = "number",
    calls: int = CALLS,
) -> Law:
    """Return the law that results are distributed as those of a reference.

    Args:
        reference: Another implementation with the same signature.
        cases: Yields arguments for each setting that is compared, by `Case.each`.
        call: Calls the function or the reference with such arguments and a generator.
        numbers: Returns of a result and its arguments what is compared, float64 [P, C]: rows and their numbers.
        name: The law's name.
        item: What the numbers of a row are called.
        calls: Number of calls for each setting.
    """

    def statement(function: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for arguments in cases(case):
            drawn = [
                _sample(one, arguments, call, numbers, seeded(seed + place), calls)
                for place, one in enumerate((function, reference))
            ]
            width = drawn[1].shape[2]
            compare(*drawn, pairs=_pairs(width), item=item)

    return Law(name, CAUSE, statement, examples=1, shrinks=False)


def _sample(
    function: Any, arguments: Arguments, call: Call, numbers: Numbers, generator: torch.Generator, calls: int
) -> Sample:
    return np.stack([numbers(call(function, arguments, generator), arguments) for _ in range(calls)])


def _pairs(width: int) -> list[tuple[int, int]]:
    """Return neighbours at both ends and in the middle, and the two ends."""
    starts = {0, width // 2 - 1, width - 2} & set(range(width - 1))
    return [*((start, start + 1) for start in sorted(starts)), *([(0, width - 1)] if width > 2 else [])]

"""The law that many calls of an operator with random numbers are distributed as those of a reference."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from neuroevo.testing.laws.distribution import Sample, compare, compare_views
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import Arguments, Call, seeded
from neuroevo.testing.strategies import seeds

T = TypeVar("T")

CAUSE = "another distribution than the reference's: compare its source line by line"
CASES = 1
"""Cases of such a law: each one is hundreds of calls with all arguments of the grid."""

NUMBERS = 15_000
"""Numbers that are drawn for one entry of the grid, over all calls."""

MISSING = -999.0
"""Stands for a number that a call does not have."""

MOST_CALLS, LEAST_CALLS = 1000, 250

Measure = Callable[[Any, Arguments], Sample]
"""Takes a result and the arguments of its call, and returns the numbers [P, C] that are compared."""

Named = Callable[[Any, Arguments], Mapping[str, float]]
"""Takes a result and the arguments of its call, and returns the numbers that are compared, by name."""


def drawn_like(name: str, reference: Any, grid: Sequence[Arguments], call: Call, measure: Measure) -> Law:
    """Return the law that calls are distributed as those of a reference.

    Args:
        name: The law's name.
        reference: Called as the subject is.
        grid: Arguments by name, from the simplest on; all of them are tried.
        call: Calls a subject with arguments and a generator.
        measure: What is compared, as rows of numbers.
    """

    def statement(subject: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for arguments in case.each("arguments", grid):
            mine = _rows(subject, arguments, call, measure, seed)
            there = _rows(reference, arguments, call, measure, seed)
            if mine.shape[1:] != there.shape[1:]:
                raise Breach(f"{list(mine.shape[1:])} numbers are drawn, and {list(there.shape[1:])} by the reference")
            compare(mine, there, pairs=_neighbours(mine.shape[2]))

    return Law(name, CAUSE, statement, examples=CASES, shrinks=False)


def named_like(
    name: str, reference: Any, grid: Sequence[Arguments], call: Call, measure: Named, *, calls: int = 400
) -> Law:
    """Return the law that each named number of many calls is distributed as in the reference.

    Args:
        name: The law's name.
        reference: Called as the subject is.
        grid: Arguments by name, from the simplest on; all of them are tried.
        call: Calls a subject with arguments and a generator.
        measure: What is compared, by name; a name that is missing in a call counts as `MISSING`.
        calls: Calls with each of the arguments.
    """

    def statement(subject: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for arguments in case.each("arguments", grid):
            rows = [_many(each, arguments, call, measure, seed, calls) for each in (subject, reference)]
            names = list(dict.fromkeys(key for row in rows for one in row for key in one))
            mine, there = (
                {key: np.array([one.get(key, MISSING) for one in row], dtype=np.float64) for key in names}
                for row in rows
            )
            compare_views(mine, there)

    return Law(name, CAUSE, statement, examples=CASES, shrinks=False)


def _rows(subject: Any, arguments: Arguments, call: Call, measure: Measure, seed: int) -> Sample:
    size = _many(subject, arguments, call, measure, seed, 1)[0].size
    count = max(LEAST_CALLS, min(MOST_CALLS, NUMBERS // max(1, size)))
    return np.stack(_many(subject, arguments, call, measure, seed, count))


def _many(subject: Any, arguments: Arguments, call: Call, measure: Callable[..., T], seed: int, calls: int) -> list[T]:
    # One copy for all calls: that arguments are left unchanged is another law.
    generator, given = seeded(seed), copy.deepcopy(arguments)
    return [measure(call(subject, given, generator), given) for _ in range(calls)]


def _neighbours(width: int) -> list[tuple[int, int]]:
    """Return pairs of neighbours at both ends and in the middle, and the two ends."""
    starts = {0, width // 2 - 1, width - 2} & set(range(width - 1))
    return [*((start, start + 1) for start in sorted(starts)), *([(0, width - 1)] if width > 2 else [])]

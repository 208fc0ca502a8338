"""Fronts and crowding of one population, values to be maximised, [P, M]."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Numbers = NDArray[np.int64]


def front_numbers(values: Values) -> Numbers:
    """Peel one front after the other: the rows that no row left dominates (Deb et al. 2002, section III.A)."""
    sound = np.array([np.isfinite(one).all() for one in values])
    # What is finite dominates what failed; else no value may be worse, and one must be better.
    no_worse = np.array([np.greater_equal(one, values).all(axis=1) for one in values])
    better = np.array([np.greater(one, values).any(axis=1) for one in values])
    both = sound[:, None] & sound[None]
    dominates = (both & no_worse & better) | (sound[:, None] & ~sound[None])
    numbers = np.full(len(values), -1, dtype=np.int64)
    number = 0
    while (numbers < 0).any():
        left = numbers < 0
        numbers[left & ~dominates[left].any(0)] = number
        number += 1
    return numbers


def crowding(values: Values, fronts: Numbers) -> Values:
    """Return the mean over objectives of the gap between neighbours of a front (Deb et al. 2002, section III.B).

    The ends of a front are infinitely far from others; rows with equal values keep their order. The gap is in units of
    the front's range, and 0 if that is 0.
    """
    distances: Values = np.zeros(len(values))
    for number in set(fronts.tolist()):
        front = [row for row in range(len(values)) if fronts[row] == number]
        for column in values.T:
            order = sorted(front, key=lambda row: column[row])
            width = column[order[-1]] - column[order[0]]
            for place, row in enumerate(order):
                if place in (0, len(order) - 1):
                    distances[row] = math.inf
                elif width > 0:
                    distances[row] += (column[order[place + 1]] - column[order[place - 1]]) / width
    distances /= values.shape[1]
    return distances


SORTS: Mapping[str, Callable[[Values], Numbers]] = {"non-dominated sorting": front_numbers}
CROWDINGS: Mapping[str, Callable[[Values, Numbers], Values]] = {"crowding distance": crowding}

"""Pareto fronts: non-dominated sorting and crowding distance.

Every function takes values to be maximised, [..., P, M], and treats each leading index as an independent population.
A row with a value that is not finite is dominated by every row without one.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


def front_numbers(values: Tensor) -> Tensor:
    """Return the number of each row's front: 0 if no row dominates it, 1 if only front 0 does, ...

    Sorted by the first objective, then the next ones, a row is dominated by earlier rows only, and is one front behind
    the last of those. Memory is O(P M), time O(P log P) for two objectives and O(M P^2) for more; on the CPU.

    Args:
        values: Values to maximise, floating point [..., P, M].

    Returns:
        Numbers, int64 [..., P].

    Source: Deb et al., NSGA-II (2002), section III.A; the order of rows is that of Zhang, Tian, Cheng and Jin, ENS
    (IEEE Transactions on Evolutionary Computation, 2015).
    """
    numbers = torch.zeros(values.shape[:-1], dtype=torch.int64)
    if values.numel():
        known = torch.where(values.isfinite().all(-1, keepdim=True), values, -math.inf).detach().cpu().double()
        populations = known.reshape(-1, *values.shape[-2:]).numpy()
        for row, population in zip(numbers.view(-1, values.shape[-2]), populations, strict=True):
            row.copy_(torch.from_numpy(_numbers(population)))
    return numbers.to(values.device)


def _numbers(values: Floats) -> NDArray[np.int64]:
    """Return the front numbers of one population, values [P, M]."""
    order = np.lexsort(-values.T[::-1])
    ordered = values[order]
    equal = np.concatenate([[False], (ordered[1:] == ordered[:-1]).all(1)])
    sort = _by_bisection if values.shape[1] == 2 else _by_comparison
    numbers = np.empty(len(values), dtype=np.int64)
    numbers[order] = sort(ordered, equal)
    return numbers


def _by_bisection(ordered: Floats, equal: NDArray[np.bool_]) -> list[int]:
    """Two objectives: a front dominates a row if its best second value so far is at least that of the row."""
    numbers: list[int] = []
    worst: list[float] = []  # for each front the negative of its best second value; ascending
    for second, same in zip((-ordered[:, 1]).tolist(), equal.tolist(), strict=True):
        if not same:
            number = bisect_right(worst, second)
            worst[number : number + 1] = [second]
        numbers.append(number)
    return numbers


def _by_comparison(ordered: Floats, equal: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Any number of objectives: each row is compared with all before it, which are no worse in the first one."""
    numbers = np.zeros(len(ordered), dtype=np.int64)
    columns = [np.ascontiguousarray(column) for column in ordered.T[1:]]
    for place in range(1, len(ordered)):
        if equal[place]:
            numbers[place] = numbers[place - 1]
            continue
        dominate = np.ones(place, dtype=np.bool_)
        for column in columns:
            dominate &= column[:place] >= column[place]
        numbers[place] = numbers[:place].max(where=dominate, initial=-1) + 1
    return numbers


def crowding(values: Tensor, fronts: Tensor) -> Tensor:
    """Return the crowding distance of each row within its front: large if few are near.

    Args:
        values: Values, floating point [..., P, M].
        fronts: The numbers of the fronts, int64 [..., P].

    Returns:
        Distances, [..., P]; inf at the ends of a front.

    Source: Deb et al., NSGA-II (2002), section III.B; with the ranges of the front, as in `deap.tools`.
    """
    total = torch.zeros(values.shape[:-1], dtype=values.dtype, device=values.device)
    for column in values.unbind(-1):
        total = total + _gaps(column, fronts)
    return total / values.shape[-1]


def _gaps(column: Tensor, fronts: Tensor) -> Tensor:
    """Return the distance between the neighbours of each value within its front, in units of the front's range."""
    order = column.argsort(dim=-1, stable=True)
    order = order.gather(-1, fronts.gather(-1, order).argsort(dim=-1, stable=True))
    ranked, front = column.gather(-1, order), fronts.gather(-1, order)
    start = torch.ones_like(front, dtype=torch.bool)
    start[..., 1:] = front[..., 1:] != front[..., :-1]
    end = start.roll(-1, dims=-1)
    group = start.long().cumsum(-1) - 1
    least = torch.full_like(ranked, math.inf).scatter_reduce_(-1, group, ranked, "amin")
    most = torch.full_like(ranked, -math.inf).scatter_reduce_(-1, group, ranked, "amax")
    width = (most - least).gather(-1, group)
    gaps = ranked.roll(-1, dims=-1) - ranked.roll(1, dims=-1)
    shares = torch.where(width > 0, gaps / width, 0.0)
    shares = torch.where(start | end, math.inf, shares)
    return torch.empty_like(shares).scatter_(-1, order, shares)


OPERATORS = {"fronts.front_numbers": front_numbers, "fronts.crowding": crowding}

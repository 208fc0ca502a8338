"""Pareto fronts: non-dominated sorting and crowding distance.

Every function takes values to be maximised, [..., P, M], and treats each leading index as an independent population.
A row with a value that is not finite is dominated by every row without one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def dominated(values: Tensor) -> Tensor:
    """Return whether the first of two rows is dominated by the second, bool [..., P, P].

    Args:
        values: Values to maximise, floating point [..., P, M].

    Returns:
        At [..., i, j] whether no value of i is greater than that of j, and one is less.
    """
    known = torch.where(values.isfinite().all(-1, keepdim=True), values, -math.inf)
    first, second = known.unsqueeze(-2), known.unsqueeze(-3)
    return (first <= second).all(-1) & (first < second).any(-1)


def front_numbers(values: Tensor) -> Tensor:
    """Return the number of each row's front: 0 if no row dominates it, 1 if only front 0 does, ...

    Args:
        values: Values to maximise, floating point [..., P, M].

    Returns:
        Numbers, int64 [..., P].

    Source: Deb et al., NSGA-II (2002), section III.A.
    """
    below = dominated(values)
    numbers = torch.zeros(values.shape[:-1], dtype=torch.int64, device=values.device)
    waiting = below.any(-1)
    while bool(waiting.any()):
        # A remaining row is at least one front behind the remaining rows that dominate it.
        numbers = numbers + waiting
        waiting = (below & waiting.unsqueeze(-2)).any(-1)
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

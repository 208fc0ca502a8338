"""Bernoulli trials: which of many events happen, each with the same probability.

Rare successes are drawn by the gaps between them, which are geometrically distributed: the cost depends on the number
of successes, not of trials. Draws come from the CPU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

DENSE = 0.4
"""The probability above which a draw for every trial takes less time than one for every gap."""


def successes(count: int, rate: float, generator: torch.Generator) -> Tensor:
    """Return which of `count` trials succeed, each with the same probability and independently.

    Args:
        count: Number of trials.
        rate: Probability of a success, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Indices of the successes in ascending order, int64 on the CPU.
    """
    if rate == 0 or not count:
        return torch.empty(0, dtype=torch.int64)
    if rate >= DENSE:
        return (torch.rand(count, generator=generator) < rate).nonzero().squeeze(-1)
    expected = count * rate
    parts, last = [], -1
    while last < count:
        # Enough that a second round is almost never needed.
        gaps = _gaps(int(expected + 6 * math.sqrt(expected)) + 8, rate, generator, longest=count)
        parts.append(last + gaps.cumsum(0))
        last = int(parts[-1][-1])
    numbers = torch.cat(parts)
    return numbers[: int(torch.searchsorted(numbers, count))]


def _gaps(count: int, rate: float, generator: torch.Generator, *, longest: int) -> Tensor:
    """Return steps from one success to the next, geometrically distributed from 1 on, by inversion."""
    draws = torch.rand(count, generator=generator, dtype=torch.float64)
    return (torch.log1p(-draws) / math.log1p(-rate)).clamp_(max=longest).long() + 1


def happens(shape: torch.Size | tuple[int, ...], rate: float, generator: torch.Generator) -> Tensor:
    """Return for each trial whether it succeeds, bool of the shape on the CPU.

    Args:
        shape: Shape of the trials.
        rate: Probability of a success, in [0, 1].
        generator: A generator of the CPU.
    """
    if rate >= DENSE:
        return torch.rand(shape, generator=generator) < rate
    mask = torch.zeros(shape, dtype=torch.bool)
    mask.view(-1)[successes(mask.numel(), rate, generator)] = True
    return mask


def check_rate(rate: float) -> None:
    """Raise ValueError unless a probability lies in [0, 1]."""
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1], but it is {rate}.")

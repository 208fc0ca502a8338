"""Step sizes where a search has converged or diverged: they stay where floating-point arithmetic has an answer.

A step that is smaller than the distance of neighbouring floats moves nothing, and dividing by it later makes noise of
rounding errors, infinity or NaN of zeros. So steps keep a least length for each gene: the precision of the mean, and
where the mean is 0 the least number whose square is a normal number. Runs that never come there are not changed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

Limits = tuple[float, float]


def limits_of(dtype: torch.dtype) -> Limits:
    """Return the least and the greatest step of a dtype: their squares are normal numbers."""
    least = math.sqrt(torch.finfo(dtype).tiny)
    return least, 1 / least


def settled(sigma: Tensor, mean: Tensor) -> Tensor:
    """Return step sizes [D], raised where they would not move the mean [D], and lowered where they would overflow."""
    least, greatest = limits_of(sigma.dtype)
    precision = torch.finfo(mean.dtype).eps * mean.abs()
    return torch.maximum(sigma, precision).clamp(least, greatest)


def natural_rate(size: int) -> float:
    """Return the learning rate of the step sizes of D genes, (3 + ln D) / (5 sqrt D).

    Source: Wierstra et al., Natural Evolution Strategies (arXiv 1106.4487), table 1.
    """
    return (3 + math.log(size)) / (5 * math.sqrt(size))

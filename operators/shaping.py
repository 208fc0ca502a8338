"""Fitness shaping: from scores to utilities, the weights of individuals in the update of a distribution.

Every function takes scores to be maximised, [..., P], and returns utilities of that shape, in the scores' dtype;
each leading index is an independent population. Only the order counts, equal scores get equal utilities, and a score
that is not finite counts as the worst: so a population of equals changes nothing, and NaN never wins.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def centred_ranks(scores: Tensor) -> Tensor:
    """Return ranks, evenly spread from -0.5 for the worst to 0.5 for the best.

    Args:
        scores: Scores to maximise, floating point [..., P].

    Returns:
        Utilities, [..., P], that sum to 0; 0 for a single individual.

    Source: the public implementation of OpenAI-ES (arXiv 1703.03864, section 2).
    """
    population = scores.shape[-1]
    if population < 2:
        return torch.zeros_like(scores)
    ladder = torch.arange(population, dtype=scores.dtype, device=scores.device) / (population - 1) - 0.5
    return _by_rank(scores, ladder)


def nes_utilities(scores: Tensor) -> Tensor:
    """Return the utilities of natural evolution strategies: the better half by logarithms of ranks, then 1 / P less.

    Args:
        scores: Scores to maximise, floating point [..., P].

    Returns:
        Utilities, [..., P], that sum to 0.

    Source: Wierstra et al., Natural Evolution Strategies (arXiv 1106.4487), section 3.1.
    """
    population = scores.shape[-1]
    # The best one has rank 1 there; the ladder goes up from the worst.
    places = torch.arange(population, 0, -1, dtype=scores.dtype, device=scores.device)
    raw = (math.log(population / 2 + 1) - places.log()).clamp(min=0)
    return _by_rank(scores, raw / raw.sum() - 1 / population)


def _by_rank(scores: Tensor, ladder: Tensor) -> Tensor:
    """Give the worst score the first step of a ladder [P] and so on; equal scores get the mean of their steps."""
    known = torch.where(scores.isfinite(), scores, -math.inf)
    order = known.argsort(dim=-1, stable=True)
    ranked = known.gather(-1, order)
    new = torch.ones_like(ranked, dtype=torch.bool)
    new[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    # The number of the group of equal scores that each place belongs to.
    group = new.long().cumsum(-1) - 1
    steps = ladder.expand_as(ranked).contiguous()
    sums = torch.zeros_like(ranked).scatter_add_(-1, group, steps)
    counts = torch.zeros_like(ranked).scatter_add_(-1, group, torch.ones_like(steps))
    means = (sums / counts.clamp(min=1)).gather(-1, group)
    # The ladder sums to 0 up to rounding errors, whose direction an optimiser could follow at full speed.
    means = torch.where(group[..., -1:] == 0, 0.0, means)
    return torch.empty_like(means).scatter_(-1, order, means)


OPERATORS = {"shaping.centred_ranks": centred_ranks, "shaping.nes_utilities": nes_utilities}

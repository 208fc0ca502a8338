"""Whether a function is a sum over genes, by some dozens of evaluations.

Source: genes are divided into two groups at random; if f is a sum of what each group gives, then
f(a', b') - f(a, b') - f(a', b) + f(a, b) is 0. That is differential grouping (Omidvar et al., IEEE Transactions on
Evolutionary Computation, 2014) for whole groups (Sun, Kirley and Halgamuge, Recursive Decomposition, 2018). The number
of divisions is ours: one shows what depends on much, and eight what depends on neighbours alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from neuroevo.individual import Fitness, Individual
from neuroevo.problems import Problem
from neuroevo.seeds import stream
from neuroevo.space import Space

DIVISIONS = 8
EVALUATIONS = 4 * DIVISIONS
"""What it takes to look."""
REACH = 3.0
"""Where there are no bounds it looks that many spreads to each side of the start."""


def looks_separable(problem: Problem, *, seed: int = 0) -> bool:
    """Return whether a function of real numbers, without noise and with one objective, looks like a sum over genes.

    Args:
        problem: What genomes are scored on.
        seed: Where it looks follows from it.
    """
    corners = _corners(problem.space, stream(seed, "separable")).flatten(0, 1)
    individuals = [
        Individual(row, Fitness(weights=problem.weights), id=place) for place, row in enumerate(corners.unbind())
    ]
    values = torch.tensor([each[0] for each in problem.batch(individuals)], dtype=torch.float64).reshape(DIVISIONS, 4)
    rest = (values[:, 0] - values[:, 1] - values[:, 2] + values[:, 3]).abs()
    # Values that are no numbers compare as false.
    return bool((rest <= math.sqrt(torch.finfo(corners.dtype).eps) * values.abs().amax(dim=-1)).all())


def _corners(space: Space, draws: torch.Generator) -> Tensor:
    """Return for each division the genomes (a, b), (a', b), (a, b') and (a', b'), [divisions, 4, D]."""
    first, second = (_anywhere(space, draws) for _ in range(2))
    places = torch.rand(first.shape, generator=draws).argsort(dim=-1)
    group = (places < space.size // 2).to(first.device)
    return torch.stack([first, torch.where(group, second, first), torch.where(group, first, second), second], dim=1)


def _anywhere(space: Space, draws: torch.Generator) -> Tensor:
    """Return genomes that are uniform between the bounds, [divisions, D]."""
    around = REACH * space.spread
    low = torch.where(space.low.isfinite(), space.low, space.start - around)
    high = torch.where(space.high.isfinite(), space.high, space.start + around)
    uniform = torch.rand(DIVISIONS, space.size, generator=draws, dtype=torch.float64).to(low)
    return space.clip(low + (high - low) * uniform)

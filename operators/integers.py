"""Mutation of integers within bounds. Crossover of integers is that of `crossover`: one point, two points, uniform.

Bounds are inclusive, one for all genes or one for each, [D]. Draws come from the CPU, so that they are the same on
every device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neuroevo.discrete import uniform_integers
from neuroevo.operators.trials import check_rate, happens


def reset(
    genomes: Tensor, *, low: int | Tensor, high: int | Tensor, rate: float = 1.0, generator: torch.Generator
) -> Tensor:
    """Replace each gene with the given probability by a uniform draw, which may be the same value again.

    Args:
        genomes: Int64, [..., D], within the bounds.
        low: Lowest value of each gene.
        high: Highest value of each gene, inclusive.
        rate: Probability that a gene is replaced, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, int64 [..., D].

    Raises:
        ValueError: A lowest value is above the highest one, or the rate lies outside [0, 1].
        TypeError: The genomes are not int64.

    Source: `deap.tools.mutUniformInt`.
    """
    least, greatest = _checked(genomes, low, high, rate)
    drawn = uniform_integers(tuple(genomes.shape), least, greatest, generator=generator).to(genomes.device)
    return torch.where(happens(genomes.shape, rate, generator).to(genomes.device), drawn, genomes)


def creep(
    genomes: Tensor,
    *,
    step: int = 1,
    low: int | Tensor,
    high: int | Tensor,
    rate: float = 1.0,
    generator: torch.Generator,
) -> Tensor:
    """Move each gene with the given probability to another value nearby.

    Args:
        genomes: Int64, [..., D], within the bounds.
        step: Largest distance of the new value, at least 1; all values within it and the bounds are equally likely.
        low: Lowest value of each gene.
        high: Highest value of each gene, inclusive.
        rate: Probability that a gene moves, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, int64 [..., D]; a gene that moves always changes.

    Raises:
        ValueError: `step` is below 1, a lowest value is above the highest one, or the rate lies outside [0, 1].
        TypeError: The genomes are not int64.
    """
    if step < 1:
        raise ValueError(f"step must be at least 1, but it is {step}.")
    least, greatest = (bound.to(genomes.device) for bound in _checked(genomes, low, high, rate))
    down, up = (genomes - least).clamp(0, step), (greatest - genomes).clamp(0, step)
    # One of the values below, then one of those above.
    place = uniform_integers(tuple(genomes.shape), 0, (down + up - 1).clamp(min=0), generator=generator)
    place = place.to(genomes.device)
    moved = genomes - down + place + (place >= down).long()
    moves = happens(genomes.shape, rate, generator).to(genomes.device) & (down + up > 0)
    return torch.where(moves, moved, genomes)


def _checked(genomes: Tensor, low: int | Tensor, high: int | Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """Return the bounds as tensors on the CPU."""
    if genomes.dtype != torch.int64:
        raise TypeError(f"genomes must be integers, torch.int64, but they are {genomes.dtype}.")
    check_rate(rate)
    least, greatest = (torch.as_tensor(bound, dtype=torch.int64).cpu() for bound in (low, high))
    if bool((least > greatest).any()):
        raise ValueError(f"low must not be above high, but they are {low} and {high}.")
    return least, greatest


OPERATORS = {"integers.reset": reset, "integers.creep": creep}

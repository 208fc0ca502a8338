"""Mutation: weight vectors change a little, gene by gene.

Every function takes genomes of the shape [..., D] and returns new ones of that shape, dtype and
device. Draws come from the CPU, so that they are the same on every device; with the same generator,
a gene that two rates both mutate becomes the same under both.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gaussian(genomes: Tensor, *, sigma: float | Tensor, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Add normal noise to each gene with the given probability.

    Args:
        genomes: Floating point, [..., D].
        sigma: Standard deviation of the noise, in units of the genes, at least 0; one for all or one for each, [D].
        rate: Probability that a gene is mutated, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D]; genes that are not mutated keep every bit.

    Raises:
        ValueError: `sigma` is negative or not finite, or the rate lies outside [0, 1].
        TypeError: The genomes are not floating point.

    Source: `deap.tools.mutGaussian`.
    """
    _check(genomes, rate)
    # Measured on the CPU: a device would have to be waited for at each call.
    sizes = sigma.cpu() if isinstance(sigma, Tensor) else torch.tensor(sigma, dtype=torch.float64)
    if not bool((sizes.isfinite() & (sizes >= 0)).all()):
        raise ValueError(f"sigma must be finite and at least 0, but it is {sigma}.")
    noise = torch.randn(genomes.shape, generator=generator, dtype=_precision(genomes))
    mutants = genomes + (sizes * noise).to(genomes.dtype).to(genomes.device)
    return _mutate(genomes, mutants, rate, generator)


def uniform(genomes: Tensor, *, low: float, high: float, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Replace each gene with the given probability by a uniform draw.

    Args:
        genomes: Floating point, [..., D].
        low: Least value of a draw.
        high: Where the draws end; they stay below it, both as rounded to the genomes' dtype.
        rate: Probability that a gene is replaced, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D]; genes that are not replaced keep every bit.

    Raises:
        ValueError: `low` is not below `high`, also after rounding, one of them is not finite, or
            the rate lies outside [0, 1].
        TypeError: The genomes are not floating point.
    """
    _check(genomes, rate)
    ends = torch.tensor([low, high], dtype=genomes.dtype)
    if not (ends.isfinite().all() and ends[0] < ends[1]):
        raise ValueError(f"low must be below high and both finite in {genomes.dtype}, but they are {low} and {high}.")
    draws = torch.rand(genomes.shape, generator=generator, dtype=_precision(genomes))
    values = ((1 - draws) * low + draws * high).to(genomes.dtype).clamp(min=ends[0])
    # What was rounded up to the end goes to the start, which rounding gave half a step only.
    values = torch.where(values < ends[1], values, ends[0])
    return _mutate(genomes, values.to(genomes.device), rate, generator)


def _mutate(genomes: Tensor, mutants: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    if rate == 1:
        return mutants
    draws = torch.rand(genomes.shape, generator=generator, dtype=torch.float64)
    return torch.where((draws < rate).to(genomes.device), mutants, genomes)


def _precision(genomes: Tensor) -> torch.dtype:
    """Return the dtype of the draws: the genomes', but at least single precision."""
    return torch.promote_types(genomes.dtype, torch.float32)


def _check(genomes: Tensor, rate: float) -> None:
    if not genomes.is_floating_point():
        raise TypeError(f"genomes must be floating point, but they are {genomes.dtype}.")
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1], but it is {rate}.")

"""Mutation of weight vectors, gene by gene.

Every function takes genomes of the shape [..., D] and returns new ones of that shape, dtype and
device. Draws come from the CPU, so that they are the same on every device. The positions of mutated genes are drawn as
gaps between them, and new values for these genes alone: a mutation at a low rate costs little more than a copy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from neuroevo.operators.trials import check_rate, successes

PerGene = Callable[[Tensor], Tensor]
"""Takes a setting, [D] or one for all, and returns its values for the genes that mutate."""


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
    sizes = _deviations(sigma)

    def add_noise(genes: Tensor, each: PerGene) -> Tensor:
        noise = torch.randn(genes.shape, generator=generator, dtype=_precision(genes))
        return genes + (each(sizes) * noise).to(genes.dtype).to(genes.device)

    return _mutate(genomes, add_noise, rate, generator)


def multiscale(
    genomes: Tensor, *, sigma: float | Tensor, least: float = 1e-3, rate: float = 1.0, generator: torch.Generator
) -> Tensor:
    """Add normal noise to each gene with the given probability, its deviation log-uniform: steps of all lengths.

    Args:
        genomes: Floating point, [..., D].
        sigma: Largest standard deviation of the noise, in units of the genes, at least 0; one for all or one for each,
            [D].
        least: Smallest standard deviation, in units of the largest, in (0, 1].
        rate: Probability that a gene is mutated, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D]; genes that are not mutated keep every bit.

    Raises:
        ValueError: `sigma` is negative or not finite, or `least` or the rate lies outside of its interval.
        TypeError: The genomes are not floating point.

    Source: Mühlenbein and Schlierkamp-Voosen, Predictive Models for the Breeder Genetic Algorithm (1993), section 3.2,
    where steps are sums of powers of 2; a normal step of log-uniform deviation is ours.
    """
    _check(genomes, rate)
    if not 0 < least <= 1:
        raise ValueError(f"least must lie in (0, 1], but it is {least}.")
    sizes = _deviations(sigma)

    def add_noise(genes: Tensor, each: PerGene) -> Tensor:
        scales = least ** torch.rand(genes.shape, generator=generator, dtype=torch.float64)
        noise = torch.randn(genes.shape, generator=generator, dtype=_precision(genes))
        return genes + (each(sizes) * scales * noise).to(genes.dtype).to(genes.device)

    return _mutate(genomes, add_noise, rate, generator)


def uniform(genomes: Tensor, *, low: float, high: float, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Replace each gene with the given probability by a uniform draw.

    Args:
        genomes: Floating point, [..., D].
        low: Lowest value of a draw, inclusive.
        high: Upper end of draws, exclusive; both are rounded to the genomes' dtype.
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

    def redraw(genes: Tensor, each: PerGene) -> Tensor:
        draws = torch.rand(genes.shape, generator=generator, dtype=_precision(genes))
        values = ((1 - draws) * low + draws * high).to(genes.dtype).clamp(min=ends[0])
        # A draw rounded up to the end is moved to the start, which got only half of its share by rounding.
        return torch.where(values < ends[1], values, ends[0]).to(genes.device)

    return _mutate(genomes, redraw, rate, generator)


def polynomial(
    genomes: Tensor,
    *,
    eta: float = 20.0,
    low: float | Tensor,
    high: float | Tensor,
    rate: float = 1.0,
    generator: torch.Generator,
) -> Tensor:
    """Move each gene with the given probability by a polynomial distribution that is truncated at its bounds.

    Args:
        genomes: Floating point, [..., D], within the bounds.
        eta: Distribution index, at least 0; mutants are closer for larger values.
        low: Lowest value of each gene, finite, [D] or one for all.
        high: Highest value of each gene, finite, [D] or one for all.
        rate: Probability that a gene is mutated, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D]; genes that are not mutated keep every bit.

    Raises:
        ValueError: `low` is not below `high`, or one of them or `eta` is not finite, `eta` is negative, or the rate
            lies outside [0, 1].
        TypeError: The genomes are not floating point.

    Source: Deb's NSGA-II, as in `deap.tools.mutPolynomialBounded`.
    """
    _check(genomes, rate)
    least, greatest = (torch.as_tensor(bound, dtype=torch.float64) for bound in (low, high))
    widths = greatest.cpu() - least.cpu()
    if not bool(((widths > 0) & widths.isfinite()).all()):
        raise ValueError(f"low must be below high and both finite, but they are {low} and {high}.")
    if not 0 <= eta < float("inf"):
        raise ValueError(f"eta must be finite and at least 0, but it is {eta}.")

    def move(genes: Tensor, each: PerGene) -> Tensor:
        below, above = (each(bound).to(genes.device) for bound in (least, greatest))
        width = above - below
        draws = torch.rand(genes.shape, generator=generator, dtype=torch.float64).to(genes.device)
        place = ((genes.double() - below) / width).clamp(0, 1)
        downwards = (2 * draws + (1 - 2 * draws) * (1 - place) ** (eta + 1)) ** (1 / (eta + 1)) - 1
        upwards = 1 - (2 * (1 - draws) + 2 * (draws - 0.5) * place ** (eta + 1)) ** (1 / (eta + 1))
        moved = genes.double() + torch.where(draws < 0.5, downwards, upwards) * width
        return torch.minimum(torch.maximum(moved, below), above).to(genes.dtype)

    return _mutate(genomes, move, rate, generator)


def _mutate(
    genomes: Tensor, change: Callable[[Tensor, PerGene], Tensor], rate: float, generator: torch.Generator
) -> Tensor:
    """Return genomes [..., D] with `change` applied to some of their genes."""
    if rate == 1:
        return change(genomes, lambda setting: setting)
    chosen = successes(genomes.numel(), rate, generator)
    mutants = genomes.clone(memory_format=torch.contiguous_format)
    genes = mutants.view(-1)
    places = chosen.to(genomes.device)
    each = partial(_of_genes, chosen=chosen, length=genomes.shape[-1])
    genes.index_copy_(0, places, change(genes.index_select(0, places), each))
    return mutants


def _of_genes(setting: Tensor, *, chosen: Tensor, length: int) -> Tensor:
    return setting[(chosen % length).to(setting.device)] if setting.numel() > 1 else setting


def _deviations(sigma: float | Tensor) -> Tensor:
    """Return the standard deviation of noise, [] or [D], on the CPU, because each call would have to wait for a device.

    Raises:
        ValueError: One is negative or not finite.
    """
    sizes = sigma.cpu() if isinstance(sigma, Tensor) else torch.tensor(sigma, dtype=torch.float64)
    if sizes.numel() and not 0 <= float(sizes.min()) <= float(sizes.max()) < math.inf:
        raise ValueError(f"sigma must be finite and at least 0, but it is {sigma}.")
    return sizes


def _precision(genomes: Tensor) -> torch.dtype:
    """Return the dtype of the draws: the genomes', but at least single precision."""
    return torch.promote_types(genomes.dtype, torch.float32)


def _check(genomes: Tensor, rate: float) -> None:
    if not genomes.is_floating_point():
        raise TypeError(f"genomes must be floating point, but they are {genomes.dtype}.")
    check_rate(rate)


OPERATORS = {
    "mutation.gaussian": gaussian,
    "mutation.multiscale": multiscale,
    "mutation.uniform": uniform,
    "mutation.polynomial": polynomial,
}

"""Differential variation: genomes are moved by differences of other genomes.

Every function takes genomes [..., P, D] and returns new ones of that shape, dtype and device; each leading index is an
independent population. Draws come from the CPU, so that they are the same on every device.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.operators.trials import happens

Integers = NDArray[np.int64]

LEAST = 4
"""Smallest population: one genome and three others."""


def rand_one(genomes: Tensor, *, factor: float, generator: torch.Generator) -> Tensor:
    """Return for each genome a mutant, r1 + factor (r2 - r3), of three different others.

    Args:
        genomes: Floating point, [..., P, D].
        factor: The differential weight F.
        generator: A generator of the CPU.

    Returns:
        Mutants, [..., P, D].

    Raises:
        ValueError: There are fewer than 4 genomes.

    Source: Storn and Price 1997, equation 2.
    """
    population = genomes.shape[-2]
    if population < LEAST:
        raise ValueError(f"genomes must be at least {LEAST}, but they are {population}.")
    known = _own(genomes)
    for _ in range(3):
        known = np.concatenate([known, _another(known, population, generator)], axis=-1)
    others = torch.from_numpy(known[..., 1:]).to(genomes.device)
    first, second, third = (_rows(genomes, others[..., place]) for place in range(3))
    return first + factor * (second - third)


def current_to_best(
    genomes: Tensor, best: Tensor, archive: Tensor, *, factors: Tensor, generator: torch.Generator
) -> Tensor:
    """Return for each genome x a mutant, x + F (best - x) + F (r1 - r2), where r2 may be one that died.

    Args:
        genomes: Floating point, [..., P, D].
        best: A good genome for each, of the same shape.
        archive: Genomes that were replaced, [..., A, D]; A may be 0.
        factors: The differential weight F of each, [..., P].
        generator: A generator of the CPU.

    Returns:
        Mutants, [..., P, D].

    Raises:
        ValueError: There are fewer than 3 genomes.

    Source: Zhang and Sanderson, JADE (IEEE Transactions on Evolutionary Computation, 2009), equation 7.
    """
    population = genomes.shape[-2]
    if population < LEAST - 1:
        raise ValueError(f"genomes must be at least {LEAST - 1}, but they are {population}.")
    pool = torch.cat([genomes, archive], dim=-2)
    own = _own(genomes)
    first = _another(own, population, generator)
    second = _another(np.concatenate([own, first], axis=-1), pool.shape[-2], generator)
    one, other = (_rows(pool, torch.from_numpy(places[..., 0]).to(pool.device)) for places in (first, second))
    weights = factors.unsqueeze(-1).to(genomes)
    return genomes + weights * (best - genomes) + weights * (one - other)


def iso_line(
    genomes: Tensor,
    others: Tensor,
    *,
    iso: float | Tensor,
    line: float = 0.2,
    least: float = 1.0,
    generator: torch.Generator,
) -> Tensor:
    """Return genomes moved by noise, and along the line to another genome.

    Args:
        genomes: Floating point, [..., D].
        others: Another genome for each, of the same shape.
        iso: Largest standard deviation of the noise, [D] or one for all genes.
        line: Standard deviation of the step along the line, in units of the distance.
        least: Smallest standard deviation of the noise, in units of the largest, in (0, 1]: below 1 each gene has one
            of its own, log-uniform between them.
        generator: A generator of the CPU.

    Returns:
        Children, [..., D].

    Raises:
        ValueError: `least` lies outside (0, 1].

    Source: Vassiliades and Mouret, Discovering the Elite Hypervolume by Leveraging Interspecies Correlation (arXiv
    1804.03906), equation 2, with its default of `line`; noise of several lengths is ours.
    """
    if not 0 < least <= 1:
        raise ValueError(f"least must lie in (0, 1], but it is {least}.")
    draws = torch.randn(genomes.shape, generator=generator, dtype=torch.float64)
    if least < 1:
        draws *= least ** torch.rand(genomes.shape, generator=generator, dtype=torch.float64)
    noise = draws.to(genomes)
    steps = torch.randn((*genomes.shape[:-1], 1), generator=generator, dtype=torch.float64).to(genomes)
    return genomes + iso * noise + line * steps * (others - genomes)


def binomial(genomes: Tensor, mutants: Tensor, *, rate: float | Tensor, generator: torch.Generator) -> Tensor:
    """Return trial genomes: each gene is the mutant's with the given probability, and at least one gene always is.

    Args:
        genomes: Targets, [..., P, D].
        mutants: Their mutants, of the same shape.
        rate: The crossover rate CR, in [0, 1]: one for all, or one for each genome, [..., P] on the CPU.
        generator: A generator of the CPU.

    Returns:
        Trials, [..., P, D].

    Raises:
        ValueError: The rate lies outside [0, 1].

    Source: Storn and Price 1997, equation 4.
    """
    if not bool(torch.as_tensor((rate >= 0) & (rate <= 1)).all()):
        raise ValueError(f"rate must lie in [0, 1], but it is {rate}.")
    if isinstance(rate, Tensor):
        drawn = torch.rand(genomes.shape, generator=generator, dtype=torch.float64) < rate.unsqueeze(-1)
    else:
        drawn = happens(genomes.shape, rate, generator)
    sure = torch.randint(genomes.shape[-1], (*genomes.shape[:-1], 1), generator=generator)
    taken = drawn.scatter(-1, sure, value=True)
    return torch.where(taken.to(genomes.device), mutants, genomes)


def _rows(genomes: Tensor, places: Tensor) -> Tensor:
    return genomes.gather(-2, places.unsqueeze(-1).expand((*places.shape, genomes.shape[-1])))


def _own(genomes: Tensor) -> Integers:
    """Return the place of each genome in its population, [..., P, 1]."""
    found: Integers = np.broadcast_to(np.arange(genomes.shape[-2])[:, np.newaxis], (*genomes.shape[:-1], 1))
    return found


def _another(known: Integers, count: int, generator: torch.Generator) -> Integers:
    """Return a number below `count` for each row of known ones [..., K], which is none of them, [..., 1]."""
    uniform = torch.rand(known.shape[:-1], generator=generator, dtype=torch.float64).numpy()
    # A number of those that are left, which is moved past each known one, from the lowest on.
    found = (uniform * (count - known.shape[-1])).astype(np.int64)
    for place in np.moveaxis(np.sort(known, axis=-1), -1, 0):
        found += found >= place
    other: Integers = found[..., np.newaxis]
    return other


OPERATORS = {
    "differential.rand_one": rand_one,
    "differential.current_to_best": current_to_best,
    "differential.binomial": binomial,
    "differential.iso_line": iso_line,
}

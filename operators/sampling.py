"""Sampling: genomes are drawn around means.

Every function takes means [..., D] and returns genomes [..., P, D] of their dtype and device. Draws come from where the
generator is, in single precision: with one of the CPU they are the same on every device and in every dtype.
"""

from __future__ import annotations

import torch
from torch import Tensor


def normal(mean: Tensor, sigma: Tensor | float, *, count: int, generator: torch.Generator) -> Tensor:
    """Draw independent genomes from a normal distribution.

    Args:
        mean: Floating point, [..., D].
        sigma: Standard deviation of each gene, [..., D] or one for all.
        count: Genomes of each mean, P.
        generator: A generator of the CPU, or of the means' device.

    Returns:
        Genomes, [..., P, D].
    """
    return _around(mean, sigma, _draws(mean, count, generator))


def mirrored(mean: Tensor, sigma: Tensor | float, *, count: int, generator: torch.Generator) -> Tensor:
    """Draw genomes in pairs that lie on opposite sides of the mean: the k-th and the k-th of the second half.

    Args:
        mean: Floating point, [..., D].
        sigma: Standard deviation of each gene, [..., D] or one for all.
        count: Genomes of each mean, P; if it is odd the last one of the first half has no partner.
        generator: A generator of the CPU, or of the means' device.

    Returns:
        Genomes, [..., P, D].

    Source: Brockhoff et al. 2010; as antithetic sampling in OpenAI-ES (arXiv 1703.03864, section 2).
    """
    half = _draws(mean, (count + 1) // 2, generator)
    return _around(mean, sigma, torch.cat([half, -half[..., : count // 2, :]], dim=-2))


def _draws(mean: Tensor, count: int, generator: torch.Generator) -> Tensor:
    shape = (*mean.shape[:-1], count, mean.shape[-1])
    # In single precision, whatever the genomes': a normal number of 24 bits is drawn in a sixth of the time.
    draws = torch.randn(shape, generator=generator, dtype=torch.float32, device=generator.device)
    return draws.to(mean.device, mean.dtype)


def _around(mean: Tensor, sigma: Tensor | float, draws: Tensor) -> Tensor:
    wide = sigma.unsqueeze(-2) if isinstance(sigma, Tensor) and sigma.dim() else sigma
    return mean.unsqueeze(-2) + wide * draws


OPERATORS = {"sampling.normal": normal, "sampling.mirrored": mirrored}

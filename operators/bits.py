"""Mutation of bit strings. Crossover of bits is that of `crossover`: one point, two points, uniform."""

from __future__ import annotations

import torch
from torch import Tensor

from neuroevo.operators.trials import check_rate, happens


def flip(genomes: Tensor, *, rate: float, generator: torch.Generator) -> Tensor:
    """Flip each bit with the given probability.

    Args:
        genomes: Bool, [..., D].
        rate: Probability that a bit is flipped, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, bool [..., D].

    Raises:
        ValueError: The rate lies outside [0, 1].
        TypeError: The genomes are no bits.

    Source: `deap.tools.mutFlipBit`.
    """
    if genomes.dtype != torch.bool:
        raise TypeError(f"genomes must be bits, torch.bool, but they are {genomes.dtype}.")
    check_rate(rate)
    return genomes ^ happens(genomes.shape, rate, generator).to(genomes.device)


OPERATORS = {"bits.flip": flip}

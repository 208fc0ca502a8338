"""Differential variation of one population, [P, D], gene by gene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Genomes = NDArray[np.float64]


def rand_one(genomes: Genomes, *, factor: float, generator: np.random.Generator) -> Genomes:
    """Return v_k = x_r1 + F (x_r2 - x_r3), with three different others (Storn and Price 1997, equation 2)."""
    mutants = []
    for k in range(len(genomes)):
        others = [place for place in range(len(genomes)) if place != k]
        r1, r2, r3 = generator.choice(others, 3, replace=False)
        mutants.append(genomes[r1] + factor * (genomes[r2] - genomes[r3]))
    return np.array(mutants)


def binomial(genomes: Genomes, mutants: Genomes, *, rate: float, generator: np.random.Generator) -> Genomes:
    """Return u_k, v_k in one gene and in others with probability CR, else x_k (Storn and Price 1997, equation 4)."""
    trials = genomes.copy()
    for k, mutant in enumerate(mutants):
        sure = generator.integers(genomes.shape[1])
        for j in range(genomes.shape[1]):
            if generator.random() < rate or j == sure:
                trials[k, j] = mutant[j]
    return trials


def iso_line(
    genomes: Genomes,
    others: Genomes,
    *,
    iso: Any,
    line: float = 0.2,
    least: float = 1.0,
    generator: np.random.Generator,
) -> Genomes:
    """Return x_i + iso s N(0, I) + line N(0, 1) (x_j - x_i) (Vassiliades and Mouret, arXiv 1804.03906, equation 2).

    The factor s of a gene is log-uniform between `least` and 1.
    """
    deviations = np.broadcast_to(np.asarray(iso, dtype=np.float64), genomes.shape[1:])
    children = []
    for own, other in zip(genomes, others, strict=True):
        along = generator.normal()
        genes = zip(own, other, deviations, strict=True)
        children.append(
            [x + s * least ** generator.random() * generator.normal() + line * along * (y - x) for x, y, s in genes]
        )
    return np.array(children)


DIFFERENTIALS: Mapping[str, Callable[..., Genomes]] = {"rand/1": rand_one, "binomial": binomial, "iso+line": iso_line}

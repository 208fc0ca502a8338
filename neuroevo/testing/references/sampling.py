"""Sampling around one mean, `sample(mean, sigma, count, generator) -> genomes`, gene by gene."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
Genomes = NDArray[np.float64]


def normal(mean: Row, sigma: Row, *, count: int, generator: np.random.Generator) -> Genomes:
    """Return genomes whose genes are independent and normal."""
    genomes = [[m + s * generator.normal() for m, s in zip(mean, sigma, strict=True)] for _ in range(count)]
    return np.array(genomes).reshape(count, len(mean))


def mirrored(mean: Row, sigma: Row, *, count: int, generator: np.random.Generator) -> Genomes:
    """Return normal genomes, then the mirror image of each at the mean in the same order (Brockhoff et al. 2010)."""
    first = [[s * generator.normal() for s in sigma] for _ in range(count - count // 2)]
    steps = first + [[-step for step in row] for row in first[: count // 2]]
    return np.array([[m + step for m, step in zip(mean, row, strict=True)] for row in steps]).reshape(count, len(mean))


SAMPLINGS: Mapping[str, Callable[..., Genomes]] = {"normal": normal, "mirrored": mirrored}

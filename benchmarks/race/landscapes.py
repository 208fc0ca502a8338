"""Well-known functions in places of their own: shifted, rotated, without bounds, and with noise.

A function whose best genome lies in the middle of the bounds, and whose axes are those of the genes, flatters searches
that begin there or treat genes one by one. Each seed is an instance of its own: another place, another rotation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from neuroevo.problems.function import Function, Landscape
from neuroevo.seeds import stream
from neuroevo.space import Space

SHARE = 0.8
"""The best genome lies within this share of the bounds."""
FREE_SPREAD = 1.0
"""Spread of the first genomes where there are no bounds."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A function whose best genome is moved: f(best + rotation (x - place)).

    It is defined everywhere (`free`), and no genome is better than the best one, within the bounds or outside.

    Attributes:
        function: Genomes [..., D] to values [...].
        place: Where the best genome is, [D].
        best: Where the function has it, [D].
        rotation: An orthogonal matrix [D, D]; None leaves the axes as they are.
    """

    function: Callable[[Tensor], Tensor]
    place: Tensor
    best: Tensor
    rotation: Tensor | None = None
    free = True

    def __call__(self, genomes: Tensor) -> Tensor:
        """Return the values [...] of genomes [..., D]."""
        moved = genomes - self.place
        return self.function(self.best + (moved if self.rotation is None else moved @ self.rotation.T))


@dataclass(frozen=True, eq=False)
class Mirrored:
    """A function with some axes turned round, for one that must stay within its bounds: f(signs x).

    Attributes:
        function: Genomes [..., D] to values [...].
        signs: 1 or -1 for each gene, [D].
    """

    function: Callable[[Tensor], Tensor]
    signs: Tensor
    free = False

    def __call__(self, genomes: Tensor) -> Tensor:
        """Return the values [...] of genomes [..., D]."""
        return self.function(self.signs * genomes)


@dataclass(frozen=True, eq=False)
class Noisy:
    """A function with normal noise, drawn at each call.

    Attributes:
        clean: The function without noise.
        sigma: Standard deviation of the noise.
        generator: Draws it.
    """

    clean: Callable[[Tensor], Tensor]
    sigma: float
    generator: torch.Generator

    @property
    def free(self) -> bool:
        """Whether the function is defined everywhere."""
        return bool(getattr(self.clean, "free", False))

    def __call__(self, genomes: Tensor) -> Tensor:
        """Return the values [P] of genomes [P, D]."""
        values = self.clean(genomes)
        return values + self.sigma * torch.randn(values.shape, generator=self.generator, dtype=values.dtype)


def instance(
    landscape: Landscape,
    size: int,
    seed: int,
    *,
    best: float = 0.0,
    rotated: bool = False,
    mirrored: bool = False,
    bounded: bool = True,
    noise: float = 0.0,
) -> Function:
    """Return the instance of a function that a seed has.

    Args:
        landscape: The function and its bounds.
        size: Genes, D.
        seed: The seed.
        best: The gene of the best genome.
        rotated: Whether the axes are rotated at random.
        mirrored: Whether axes are turned round at random instead of moving the best genome.
        bounded: Whether the space has the bounds.
        noise: Standard deviation of the noise on each value.
    """
    draws = stream(seed, "race", size)
    uniform = 2 * torch.rand(size, generator=draws, dtype=torch.float64) - 1
    function: Callable[[Tensor], Tensor]
    if mirrored:
        function = Mirrored(landscape.function, uniform.sign())
    else:
        middle, half = (landscape.low + landscape.high) / 2, (landscape.high - landscape.low) / 2
        axes = _rotation(size, draws) if rotated else None
        place = middle + SHARE * half * uniform
        function = Placed(landscape.function, place, torch.full_like(place, best), axes)
    if noise:
        function = Noisy(function, noise, stream(seed, "noise of the race", size))
    free = Space.box(size, start=torch.zeros(size, dtype=torch.float64), spread=FREE_SPREAD)
    space = Space.box(size, low=landscape.low, high=landscape.high) if bounded else free
    return Function(function, space, batched=True, noisy=noise > 0)


def _rotation(size: int, draws: torch.Generator) -> Tensor:
    """Return an orthogonal matrix [D, D], each as probable as any other (Stewart 1980)."""
    normal = torch.randn(size, size, generator=draws, dtype=torch.float64) / math.sqrt(size)
    axes, scales = torch.linalg.qr(normal)
    rotation: Tensor = axes * scales.diagonal().sign()
    return rotation

"""Functions of one objective to be minimised, batched: genomes [..., D] to values [...].

The functions of `deap.benchmarks`, in that order and with the same bounds, and Hansen's ellipsoid; each takes
floating-point tensors on any device, returns their dtype, and propagates NaN. The random function `rand` is left out: a
score is a function of the genome.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def plane(x: Tensor) -> Tensor:
    """The first gene."""
    return x[..., 0].clone()


def sphere(x: Tensor) -> Tensor:
    """The squared length; 0 at the origin."""
    return x.square().sum(-1)


def ellipsoid(x: Tensor) -> Tensor:
    """A sphere with axes that differ by a factor of 1,000 (condition 1e6); 0 at the origin.

    Source: Hansen and Ostermeier 2001, table 3.
    """
    return (1e6 ** _places(x) * x.square()).sum(-1)


def cigar(x: Tensor) -> Tensor:
    """One long axis among short ones; 0 at the origin."""
    return x[..., 0].square() + 1e6 * x[..., 1:].square().sum(-1)


def rosenbrock(x: Tensor) -> Tensor:
    """A bent valley; 0 where every gene is 1."""
    first, second = x[..., :-1], x[..., 1:]
    return (100 * (first.square() - second).square() + (1 - first).square()).sum(-1)


def h1(x: Tensor) -> Tensor:
    """Many peaks in the plane, to be maximised; 2 at (8.6998, 6.7665). Further genes do not count."""
    first, second = x[..., 0], x[..., 1]
    waves = torch.sin(first - second / 8).square() + torch.sin(second + first / 8).square()
    return waves / (((first - 8.6998).square() + (second - 6.7665).square()).sqrt() + 1)


def ackley(x: Tensor) -> Tensor:
    """A narrow well in a plain of waves; 0 at the origin."""
    well = torch.exp(-0.2 * x.square().mean(-1).sqrt())
    return 20 - 20 * well + math.e - torch.exp(torch.cos(2 * math.pi * x).mean(-1))


def bohachevsky(x: Tensor) -> Tensor:
    """A bowl with small waves; 0 at the origin."""
    first, second = x[..., :-1], x[..., 1:]
    waves = 0.3 * torch.cos(3 * math.pi * first) + 0.4 * torch.cos(4 * math.pi * second)
    return (first.square() + 2 * second.square() - waves + 0.7).sum(-1)


def griewank(x: Tensor) -> Tensor:
    """A wide bowl with many waves; 0 at the origin."""
    roots = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device).sqrt()
    return x.square().sum(-1) / 4000 - torch.cos(x / roots).prod(-1) + 1


def rastrigin(x: Tensor) -> Tensor:
    """A bowl with a regular grid of local minima; 0 at the origin."""
    return 10 * x.shape[-1] + (x.square() - 10 * torch.cos(2 * math.pi * x)).sum(-1)


def rastrigin_scaled(x: Tensor) -> Tensor:
    """Rastrigin's function with axes that differ by a factor of 10; D is at least 2."""
    return rastrigin(10 ** _places(x) * x)


def rastrigin_skew(x: Tensor) -> Tensor:
    """Rastrigin's function, ten times as steep where a gene is positive."""
    return rastrigin(torch.where(x > 0, 10 * x, x))


def schaffer(x: Tensor) -> Tensor:
    """Rings around the origin, ever finer; 0 at the origin."""
    squares = x[..., :-1].square() + x[..., 1:].square()
    return (squares**0.25 * (torch.sin(50 * squares**0.1).square() + 1)).sum(-1)


def schwefel(x: Tensor) -> Tensor:
    """The best minimum lies far from the next best ones; about 0 where every gene is 420.9687."""
    return 418.9828872724339 * x.shape[-1] - (x * x.abs().sqrt().sin()).sum(-1)


def himmelblau(x: Tensor) -> Tensor:
    """Four equal minima in the plane, one at (3, 2). Further genes do not count."""
    first, second = x[..., 0], x[..., 1]
    return (first.square() + second - 11).square() + (first + second.square() - 7).square()


def shekel(x: Tensor, *, places: Tensor, widths: Tensor) -> Tensor:
    """Peaks of given places and widths, to be maximised.

    Args:
        x: Genomes, [..., D].
        places: Where the peaks are, [M, D].
        widths: The inverses of their heights, [M].
    """
    distances = (x[..., None, : places.shape[-1]] - places).square().sum(-1)
    return (1 / (widths + distances)).sum(-1)


def _places(x: Tensor) -> Tensor:
    """Return the place of each gene, from 0 for the first to 1 for the last, [D]."""
    return torch.linspace(0, 1, x.shape[-1], dtype=x.dtype, device=x.device)

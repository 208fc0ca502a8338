"""Functions of several objectives, all to be minimised, batched: genomes [..., D] to values [..., M].

The functions of `deap.benchmarks`, in that order; each takes floating-point tensors on any device and returns their
dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def kursawe(x: Tensor) -> Tensor:
    """Two objectives with a disconnected front."""
    lengths = (x[..., :-1].square() + x[..., 1:].square()).sqrt()
    # DEAP cubes the gene inside the sine; so did Kursawe (1991).
    return _pair((-10 * torch.exp(-0.2 * lengths)).sum(-1), (x.abs() ** 0.8 + 5 * torch.sin(x**3)).sum(-1))


def schaffer_mo(x: Tensor) -> Tensor:
    """Two parabolas of the first gene."""
    return _pair(x[..., 0].square(), (x[..., 0] - 2).square())


def zdt1(x: Tensor) -> Tensor:
    """Genes in [0, 1], D at least 2; the front is f2 = 1 - sqrt(f1)."""
    return _zdt(x[..., 0], 1 + 9 * x[..., 1:].mean(-1), lambda f, g: 1 - (f / g).sqrt())


def zdt2(x: Tensor) -> Tensor:
    """Genes in [0, 1], D at least 2; the front is f2 = 1 - f1 ** 2."""
    return _zdt(x[..., 0], 1 + 9 * x[..., 1:].mean(-1), lambda f, g: 1 - (f / g).square())


def zdt3(x: Tensor) -> Tensor:
    """Genes in [0, 1], D at least 2; the front is disconnected."""
    wave = 10 * math.pi
    return _zdt(x[..., 0], 1 + 9 * x[..., 1:].mean(-1), lambda f, g: 1 - (f / g).sqrt() - f / g * torch.sin(wave * f))


def zdt4(x: Tensor) -> Tensor:
    """The first gene in [0, 1], the others in [-5, 5]: many local fronts."""
    rest = x[..., 1:]
    g = 1 + 10 * rest.shape[-1] + (rest.square() - 10 * torch.cos(4 * math.pi * rest)).sum(-1)
    return _zdt(x[..., 0], g, lambda f, g: 1 - (f / g).sqrt())


def zdt6(x: Tensor) -> Tensor:
    """Genes in [0, 1], D at least 2; the density of solutions decreases towards the front."""
    first = 1 - torch.exp(-4 * x[..., 0]) * torch.sin(6 * math.pi * x[..., 0]) ** 6
    return _zdt(first, 1 + 9 * x[..., 1:].mean(-1) ** 0.25, lambda f, g: 1 - (f / g).square())


def dtlz1(x: Tensor, *, objectives: int = 3) -> Tensor:
    """A linear front behind many local ones; genes in [0, 1], D at least `objectives`."""
    lead, rest = x[..., : objectives - 1], x[..., objectives - 1 :]
    return 0.5 * (1 + _ripples(rest)).unsqueeze(-1) * _simplex(lead, 1 - lead)


def dtlz2(x: Tensor, *, objectives: int = 3) -> Tensor:
    """A front on the unit sphere; genes in [0, 1], D at least `objectives`."""
    return dtlz4(x, objectives=objectives, alpha=1)


def dtlz3(x: Tensor, *, objectives: int = 3) -> Tensor:
    """The front of `dtlz2` behind many local ones."""
    lead, rest = x[..., : objectives - 1], x[..., objectives - 1 :]
    return _on_sphere(math.pi / 2 * lead, _ripples(rest))


def dtlz4(x: Tensor, *, objectives: int = 3, alpha: float = 100) -> Tensor:
    """The front of `dtlz2`, with most solutions at its rim."""
    lead, rest = x[..., : objectives - 1], x[..., objectives - 1 :]
    return _on_sphere(math.pi / 2 * lead**alpha, (rest - 0.5).square().sum(-1))


def dtlz5(x: Tensor, *, objectives: int = 3) -> Tensor:
    """A front that is a curve; genes in [0, 1], D at least `objectives`, which is at least 3."""
    return _on_curve(x, (x[..., objectives - 1 :] - 0.5).square().sum(-1), objectives)


def dtlz6(x: Tensor, *, objectives: int = 3) -> Tensor:
    """The front of `dtlz5`, harder to reach."""
    return _on_curve(x, (x[..., objectives - 1 :] ** 0.1).sum(-1), objectives)


def dtlz7(x: Tensor, *, objectives: int = 3) -> Tensor:
    """A front of 2 ** (objectives - 1) disconnected parts; genes in [0, 1], D at least `objectives`."""
    lead, rest = x[..., : objectives - 1], x[..., objectives - 1 :]
    g = (1 + 9 * rest.mean(-1)).unsqueeze(-1)
    last = (1 + g) * (objectives - (lead / (1 + g) * (1 + torch.sin(3 * math.pi * lead))).sum(-1, keepdim=True))
    return torch.cat([lead, last], dim=-1)


def fonseca(x: Tensor) -> Tensor:
    """Two wells; the first three genes count."""
    lead, offset = x[..., :3], 1 / math.sqrt(3)
    return _pair(*(1 - torch.exp(-(lead + sign * offset).square().sum(-1)) for sign in (-1, 1)))


def poloni(x: Tensor) -> Tensor:
    """Two genes; the front is disconnected."""
    sin, cos = torch.sin, torch.cos
    first, second = x[..., 0], x[..., 1]
    one = 0.5 * math.sin(1) - 2 * math.cos(1) + math.sin(2) - 1.5 * math.cos(2)
    two = 1.5 * math.sin(1) - math.cos(1) + 2 * math.sin(2) - 0.5 * math.cos(2)
    here_one = 0.5 * sin(first) - 2 * cos(first) + sin(second) - 1.5 * cos(second)
    here_two = 1.5 * sin(first) - cos(first) + 2 * sin(second) - 0.5 * cos(second)
    return _pair(
        1 + (one - here_one).square() + (two - here_two).square(), (first + 3).square() + (second + 1).square()
    )


def dent(x: Tensor, *, depth: float = 0.85) -> Tensor:
    """Two genes; the front has a dent."""
    total, difference = x[..., 0] + x[..., 1], x[..., 0] - x[..., 1]
    lengths = (1 + total.square()).sqrt() + (1 + difference.square()).sqrt()
    dip = depth * torch.exp(-difference.square())
    return _pair(0.5 * (lengths + difference) + dip, 0.5 * (lengths - difference) + dip)


def arm(x: Tensor) -> Tensor:
    """A planar arm of D equal links with these angles in radians: minus their variance, and the position of its hand.

    The first value is to be maximised, an evenly bent arm is best; the other two, each in [-1, 1], are measures.

    Source: the repertoire of Cully et al. 2015, as in Vassiliades and Mouret (arXiv 1804.03906), section 4.
    """
    angles = x.cumsum(-1)
    hand = _pair(torch.cos(angles).mean(-1), torch.sin(angles).mean(-1))
    return torch.cat([-x.var(-1, correction=0).unsqueeze(-1), hand], dim=-1)


def _pair(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([first, second], dim=-1)


def _zdt(first: Tensor, g: Tensor, shape: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Return f1 and g times the shape of the front (Zitzler, Deb and Thiele 2000, definition 4)."""
    return _pair(first, g * shape(first, g))


def _ripples(rest: Tensor) -> Tensor:
    """Return the distance function of DTLZ1 and DTLZ3 (Deb, Thiele, Laumanns and Zitzler 2002)."""
    from_middle = rest - 0.5
    return 100 * (rest.shape[-1] + (from_middle.square() - torch.cos(20 * math.pi * from_middle)).sum(-1))


def _simplex(factors: Tensor, ends: Tensor) -> Tensor:
    """Return for each objective in turn the product of one factor fewer, times an end."""
    none = torch.ones_like(factors[..., :1])
    products = torch.cat([none, factors], dim=-1).cumprod(-1)
    return (products * torch.cat([ends, none], dim=-1)).flip(-1)


def _on_sphere(angles: Tensor, g: Tensor) -> Tensor:
    return (1 + g).unsqueeze(-1) * _simplex(torch.cos(angles), torch.sin(angles))


def _on_curve(x: Tensor, g: Tensor, objectives: int) -> Tensor:
    """Return the objectives of DTLZ5 and DTLZ6 as in DEAP.

    DEAP takes the first objective's product over all genes but the first, and leaves one factor out of the others.
    """
    wide = math.pi / (4 * (1 + g)).unsqueeze(-1) * (1 + 2 * g.unsqueeze(-1) * x)
    lead = math.pi / 2 * x[..., 0]
    scale = 1 + g
    found = [scale * torch.cos(lead) * torch.cos(wide[..., 1:]).prod(-1)]
    for place in range(objectives - 1, 1, -1):
        between = torch.cos(wide[..., 1 : place - 1]).prod(-1)
        found.append(scale * torch.cos(lead) * between * torch.sin(wide[..., place - 1]))
    return torch.stack([*found, scale * torch.sin(lead)], dim=-1)

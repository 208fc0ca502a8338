"""Crossover: two weight vectors exchange or mix their genes.

Every function takes paired parents `first, second` of the shape [..., D] and returns two children
of that shape, dtype and device; each leading index is an independent pair with its own draws.
`one_point`, `two_point` and `uniform` exchange genes of any dtype without arithmetic, so a NaN of
one parent does not spread. Draws come from the CPU, so that they are the same on every device.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from neuroevo.operators.trials import check_rate, happens

Pair = tuple[Tensor, Tensor]

BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Whole numbers by their bytes."""


def one_point(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Exchange all genes after one cut point; the D - 1 cut points are equally likely.

    Args:
        first: Parents, [..., D].
        second: Their mates, of the same shape, dtype and device.
        generator: A generator of the CPU.

    Returns:
        Two children, [..., D]; copies of the parents where D is less than 2.

    Raises:
        ValueError: The parents differ in shape, dtype or device, or have no dimension.
    """
    check_pair(first, second)
    length = first.shape[-1]
    if length < 2:
        return first.clone(), second.clone()
    cuts = torch.randint(1, length, (*first.shape[:-1], 1), generator=generator)
    return _exchange(first, second, _positions(first) >= cuts.to(first.device))


def two_point(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Exchange the genes between two cut points.

    The cut points are two different ones of the D - 1 between genes and the one after the last
    gene, all equally likely; with the latter the exchange is that of `one_point`.

    Args:
        first: Parents, [..., D].
        second: Their mates, of the same shape, dtype and device.
        generator: A generator of the CPU.

    Returns:
        Two children, [..., D]; copies of the parents where D is less than 2.

    Raises:
        ValueError: The parents differ in shape, dtype or device, or have no dimension.

    Source: `deap.tools.cxTwoPoint`.
    """
    check_pair(first, second)
    length = first.shape[-1]
    if length < 2:
        return first.clone(), second.clone()
    shape = (*first.shape[:-1], 1)
    cuts = torch.randint(1, length + 1, shape, generator=generator)
    others = torch.randint(1, length, shape, generator=generator)
    # Numbers from the first cut on are shifted by one, so that the two always differ.
    others = torch.where(others >= cuts, others + 1, others)
    start = torch.minimum(cuts, others).to(first.device)
    stop = torch.maximum(cuts, others).to(first.device)
    positions = _positions(first)
    return _exchange(first, second, (positions >= start) & (positions < stop))


def uniform(first: Tensor, second: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Pair:
    """Exchange each gene with the given probability, independently.

    Args:
        first: Parents, [..., D].
        second: Their mates, of the same shape, dtype and device.
        rate: Probability that a gene is exchanged, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Two children, [..., D].

    Raises:
        ValueError: The rate lies outside [0, 1], or the parents differ in shape, dtype or device,
            or have no dimension.

    Source: `deap.tools.cxUniform`.
    """
    check_pair(first, second)
    check_rate(rate)
    return _exchange(first, second, happens(first.shape, rate, generator).to(first.device))


def blend(first: Tensor, second: Tensor, *, alpha: float = 0.5, generator: torch.Generator) -> Pair:
    """Mix each gene of the two parents in a random proportion (BLX-alpha).

    With a proportion c, uniform in [-alpha, 1 + alpha) and drawn for every gene, the children get
    x + c (y - x) and y - c (y - x): up to rounding they keep the parents' sum and lie within the
    parents' interval widened by alpha times its length on both sides.

    Args:
        first: Parents x, floating point, [..., D].
        second: Their mates y, of the same shape, dtype and device.
        alpha: How far children may lie outside their parents, at least 0.
        generator: A generator of the CPU.

    Returns:
        Two children, [..., D].

    Raises:
        ValueError: `alpha` is negative or not finite, or the parents differ in shape, dtype or
            device, or have no dimension.
        TypeError: The parents are not floating point.

    Source: Eshelman and Schaffer 1993; `deap.tools.cxBlend`.
    """
    check_pair(first, second)
    if not first.is_floating_point():
        raise TypeError(f"first and second must be floating point, but they are {first.dtype}.")
    if not (math.isfinite(alpha) and alpha >= 0):
        raise ValueError(f"alpha must be finite and at least 0, but it is {alpha}.")
    draws = torch.rand(first.shape, generator=generator, dtype=torch.float64)
    proportions = ((1 + 2 * alpha) * draws - alpha).to(first.dtype).to(first.device)
    step = proportions * (second - first)
    return first + step, second - step


def simulated_binary(
    first: Tensor,
    second: Tensor,
    *,
    eta: float = 15.0,
    low: float | Tensor = -math.inf,
    high: float | Tensor = math.inf,
    rate: float = 0.5,
    generator: torch.Generator,
) -> Pair:
    """Simulated binary crossover (SBX) of each gene, within bounds.

    Children lie symmetrically about their parents, close to them for a large `eta`; the distribution is truncated at
    the bounds. Genes that are not crossed, or that are equal, stay the same.

    Args:
        first: Parents, floating point, [..., D], within the bounds.
        second: Their mates, of the same shape, dtype and device.
        eta: Distribution index, at least 0.
        low: Lowest value of each gene, [D] or one for all.
        high: Highest value of each gene, [D] or one for all.
        rate: Probability that a gene is crossed, in [0, 1].
        generator: A generator of the CPU.

    Returns:
        Two children, [..., D].

    Raises:
        ValueError: `eta` is negative or not finite, the rate lies outside [0, 1], or the parents differ in shape, dtype
            or device, or have no dimension.
        TypeError: The parents are not floating point.

    Source: Deb and Agrawal 1995; with bounds as in Deb's NSGA-II and `deap.tools.cxSimulatedBinaryBounded`.
    """
    check_pair(first, second)
    if not first.is_floating_point():
        raise TypeError(f"first and second must be floating point, but they are {first.dtype}.")
    if not (math.isfinite(eta) and eta >= 0):
        raise ValueError(f"eta must be finite and at least 0, but it is {eta}.")
    check_rate(rate)
    draws = torch.rand((3, *first.shape), generator=generator, dtype=torch.float64).to(first.device)
    below, above = (torch.as_tensor(bound, dtype=torch.float64, device=first.device) for bound in (low, high))
    left, right = torch.minimum(first, second).double(), torch.maximum(first, second).double()
    width = right - left
    down = (left + right - _spread(1 + 2 * (left - below) / width, draws[0], eta) * width) / 2
    up = (left + right + _spread(1 + 2 * (above - right) / width, draws[0], eta) * width) / 2
    down, up = (torch.minimum(torch.maximum(child, below), above).to(first.dtype) for child in (down, up))
    crossed = (draws[1] < rate) & (width > 0) & width.isfinite()
    swapped = draws[2] < 0.5
    one, other = torch.where(swapped, up, down), torch.where(swapped, down, up)
    return torch.where(crossed, one, first), torch.where(crossed, other, second)


def _spread(beta: Tensor, draws: Tensor, eta: float) -> Tensor:
    """Return the distance of children, in units of their parents' distance; `beta` is the largest one within bounds."""
    alpha = 2 - beta ** -(eta + 1)
    inside = draws * alpha
    return torch.where(inside <= 1, inside, 1 / (2 - inside)) ** (1 / (eta + 1))


def _exchange(first: Tensor, second: Tensor, exchanged: Tensor) -> Pair:
    bits = BITS.get(first.element_size())
    if bits is None or not first.is_cpu or first.requires_grad or second.requires_grad:
        return torch.where(exchanged, second, first), torch.where(exchanged, first, second)
    # A choice for each gene, which a processor can't foresee, takes ten times as long as to flip the bits that differ.
    one, other = first.view(bits), second.view(bits)
    flipped = one ^ other
    flipped *= exchanged
    return (one ^ flipped).view(first.dtype), (other ^ flipped).view(first.dtype)


def _positions(genomes: Tensor) -> Tensor:
    return torch.arange(genomes.shape[-1], device=genomes.device)


def check_pair(first: Tensor, second: Tensor) -> None:
    """Raise ValueError unless parents have one shape [..., D], dtype and device."""
    facts = [(list(parent.shape), parent.dtype, parent.device) for parent in (first, second)]
    if facts[0] != facts[1] or first.dim() == 0:
        raise ValueError(
            f"first and second must have one shape [..., D], dtype and device, but they have {facts[0]} and {facts[1]}."
        )


OPERATORS = {
    "crossover.one_point": one_point,
    "crossover.two_point": two_point,
    "crossover.uniform": uniform,
    "crossover.blend": blend,
    "crossover.simulated_binary": simulated_binary,
}

"""Crossover of one pair, `cross(first, second, *, generator, …) -> (child, child)`, gene by gene."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
Each = float | Row
"""One number for all genes, or one for each."""
Pair = tuple[Row, Row]


def one_point(first: Row, second: Row, *, generator: np.random.Generator) -> Pair:
    """Exchange all genes after a cut between two genes (Holland 1975, chapter 6)."""
    if len(first) < 2:
        return first.copy(), second.copy()
    return _exchanged(first, second, start=int(generator.integers(1, len(first))), stop=len(first))


def two_point(first: Row, second: Row, *, generator: np.random.Generator) -> Pair:
    """Exchange the genes between two different cuts; the second may be the end (De Jong 1975; DEAP's `cxTwoPoint`)."""
    if len(first) < 2:
        return first.copy(), second.copy()
    start, stop = sorted(generator.choice(len(first), 2, replace=False) + 1)
    return _exchanged(first, second, start=int(start), stop=int(stop))


def uniform(first: Row, second: Row, *, rate: float = 0.5, generator: np.random.Generator) -> Pair:
    """Exchange each gene with a probability (Syswerda 1989)."""
    one, other = first.copy(), second.copy()
    for place in range(len(first)):
        if generator.random() < rate:
            one[place], other[place] = second[place], first[place]
    return one, other


def blend(first: Row, second: Row, *, alpha: float = 0.5, generator: np.random.Generator) -> Pair:
    """Mix each gene in a proportion drawn from [-alpha, 1 + alpha] (Eshelman and Schaffer 1993, BLX-alpha)."""
    one, other = first.copy(), second.copy()
    for place in range(len(first)):
        proportion = generator.uniform(-alpha, 1 + alpha)
        one[place] = (1 - proportion) * first[place] + proportion * second[place]
        other[place] = proportion * first[place] + (1 - proportion) * second[place]
    return one, other


def simulated_binary(
    first: Row,
    second: Row,
    *,
    eta: float = 15.0,
    low: Each = -math.inf,
    high: Each = math.inf,
    rate: float = 0.5,
    exchange: float = 0.5,
    generator: np.random.Generator,
) -> Pair:
    """Spread two children about each gene as one-point crossover of bits does (Deb and Agrawal 1995; Deb's NSGA-II).

    With the probability `exchange` a gene goes to the child of the other parent; Deb's programs do so, others never.
    """
    one, other = first.copy(), second.copy()
    lows, highs = np.broadcast_to(low, first.shape), np.broadcast_to(high, first.shape)
    for place, (x, y, low, high) in enumerate(zip(first, second, lows, highs, strict=True)):
        if generator.random() >= rate or x == y:
            continue
        left, right = min(x, y), max(x, y)
        draw = generator.random()
        down = (left + right - _spread(draw, 1 + 2 * (left - low) / (right - left), eta) * (right - left)) / 2
        up = (left + right + _spread(draw, 1 + 2 * (high - right) / (right - left), eta) * (right - left)) / 2
        down, up = min(max(down, low), high), min(max(up, low), high)
        nearer, farther = (down, up) if x < y else (up, down)
        one[place], other[place] = (farther, nearer) if generator.random() < exchange else (nearer, farther)
    return one, other


def partially_mapped(first: Row, second: Row, *, even_lengths: bool = False, generator: np.random.Generator) -> Pair:
    """Exchange a segment of two permutations and repair the rest by the segment's map (Goldberg and Lingle 1985).

    All segments are equally likely, or all lengths from 1 to D - 1.
    """
    start, stop = segment(len(first), 1, generator, even_lengths=even_lengths)
    return _mapped(first, second, start, stop), _mapped(second, first, start, stop)


def ordered(
    first: Row, second: Row, *, least: int = 1, even_lengths: bool = False, generator: np.random.Generator
) -> Pair:
    """Keep a segment and fill the rest in the other parent's order, from the segment's end on (Davis 1985).

    All segments of at least that number of genes are equally likely, or all lengths from it to D - 1.
    """
    start, stop = segment(len(first), least, generator, even_lengths=even_lengths)
    return _filled(first, second, start, stop), _filled(second, first, start, stop)


def segment(length: int, least: int, generator: np.random.Generator, *, even_lengths: bool = False) -> tuple[int, int]:
    """Return the start and the end of a segment of at least that number of genes, all equally likely or all lengths."""
    if even_lengths:
        size = int(generator.integers(least, max(least, length - 1) + 1))
        start = int(generator.integers(0, length - size + 1))
        return start, start + size
    start, stop = sorted(generator.choice(length + 2 - least, 2, replace=False))
    return int(start), int(stop) + least - 1


def _exchanged(first: Row, second: Row, *, start: int, stop: int) -> Pair:
    one, other = first.copy(), second.copy()
    one[start:stop], other[start:stop] = second[start:stop], first[start:stop]
    return one, other


def _spread(draw: float, widest: float, eta: float) -> float:
    alpha = 2 - widest ** -(eta + 1)
    if draw <= 1 / alpha:
        return float((draw * alpha) ** (1 / (eta + 1)))
    return float((1 / (2 - draw * alpha)) ** (1 / (eta + 1)))


def _mapped(keeper: Row, giver: Row, start: int, stop: int) -> Row:
    """Return a child with the giver's segment, and elsewhere what the segment's map makes of the keeper's genes."""
    child = keeper.copy()
    child[start:stop] = giver[start:stop]
    partner = dict(zip(giver[start:stop].tolist(), keeper[start:stop].tolist(), strict=True))
    for place in (*range(start), *range(stop, len(keeper))):
        gene = keeper[place]
        while gene in partner:
            gene = partner[gene]
        child[place] = gene
    return child


def _filled(keeper: Row, giver: Row, start: int, stop: int) -> Row:
    length = len(keeper)
    kept = set(keeper[start:stop].tolist())
    rest = [giver[(stop + step) % length] for step in range(length) if giver[(stop + step) % length] not in kept]
    child = keeper.copy()
    for step, gene in enumerate(rest):
        child[(stop + step) % length] = gene
    return child


CROSSOVERS: Mapping[str, Callable[..., Pair]] = {
    "one-point": one_point,
    "two-point": two_point,
    "uniform": uniform,
    "blend": blend,
    "simulated binary": simulated_binary,
    "partially mapped": partially_mapped,
    "ordered": ordered,
}

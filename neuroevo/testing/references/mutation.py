"""Mutation of one genome, `mutate(genome, *, generator, …) -> mutant`, gene by gene."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from neuroevo.testing.references.crossover import segment

Row = NDArray[np.float64]
Each = float | Row
"""One number for all genes, or one for each."""


def gaussian(genome: Row, *, sigma: Each, rate: float = 1.0, generator: np.random.Generator) -> Row:
    """Add normal noise to each gene with a probability (Bäck 1996, section 2.1)."""
    mutant, sigmas = genome.copy(), np.broadcast_to(sigma, genome.shape)
    for place in range(len(genome)):
        if generator.random() < rate:
            mutant[place] = genome[place] + sigmas[place] * generator.normal()
    return mutant


def multiscale(
    genome: Row, *, sigma: Each, least: float = 1e-3, rate: float = 1.0, generator: np.random.Generator
) -> Row:
    """Add normal noise to each gene with a probability, its deviation drawn log-uniformly up to `sigma`."""
    mutant, sigmas = genome.copy(), np.broadcast_to(sigma, genome.shape)
    for place in range(len(genome)):
        if generator.random() < rate:
            scale = np.exp(generator.uniform(np.log(least), 0))
            mutant[place] = genome[place] + sigmas[place] * scale * generator.normal()
    return mutant


def uniform(genome: Row, *, low: float, high: float, rate: float = 1.0, generator: np.random.Generator) -> Row:
    """Draw each gene anew with a probability (Michalewicz 1992, section 5.1)."""
    mutant = genome.copy()
    for place in range(len(genome)):
        if generator.random() < rate:
            mutant[place] = generator.uniform(low, high)
    return mutant


def polynomial(
    genome: Row, *, eta: float = 20.0, low: Each, high: Each, rate: float = 1.0, generator: np.random.Generator
) -> Row:
    """Move each gene by the polynomial distribution, truncated at its bounds (Deb and Deb 2014, equations 2 to 4)."""
    mutant, lows, highs = genome.copy(), np.broadcast_to(low, genome.shape), np.broadcast_to(high, genome.shape)
    for place, (gene, low, high) in enumerate(zip(genome, lows, highs, strict=True)):
        if generator.random() >= rate:
            continue
        below, above = (gene - low) / (high - low), (high - gene) / (high - low)
        draw = generator.random()
        if draw < 0.5:
            step = (2 * draw + (1 - 2 * draw) * (1 - below) ** (eta + 1)) ** (1 / (eta + 1)) - 1
        else:
            step = 1 - (2 * (1 - draw) + 2 * (draw - 0.5) * (1 - above) ** (eta + 1)) ** (1 / (eta + 1))
        mutant[place] = gene + step * (high - low)
    return mutant


def bit_flip(genome: Row, *, rate: float = 0.5, generator: np.random.Generator) -> Row:
    """Turn each gene over, 0 to 1 and 1 to 0, with a probability (Holland 1975, chapter 6)."""
    mutant = genome.copy()
    for place in range(len(genome)):
        if generator.random() < rate:
            mutant[place] = 1 - genome[place]
    return mutant


def swap(genome: Row, *, generator: np.random.Generator) -> Row:
    """Exchange the genes of two different places (Eiben and Smith 2015, section 4.5.1)."""
    mutant = genome.copy()
    first, second = generator.choice(len(genome), 2, replace=False)
    mutant[first], mutant[second] = genome[second], genome[first]
    return mutant


def inversion(genome: Row, *, least: int = 1, generator: np.random.Generator) -> Row:
    """Reverse the genes between two different cuts, ends included (Holland 1975; Eiben and Smith 2015, 4.5.1).

    All segments of at least that number of genes are equally likely.
    """
    mutant = genome.copy()
    start, stop = segment(len(genome), least, generator)
    mutant[start:stop] = genome[start:stop][::-1]
    return mutant


def insertion(genome: Row, *, generator: np.random.Generator) -> Row:
    """Take out the gene of one place and put it in at another one (Fogel 1988; Eiben and Smith 2015, 4.5.1)."""
    if len(genome) < 2:
        return genome.copy()
    taken, put = generator.choice(len(genome), 2, replace=False)
    return np.insert(np.delete(genome, taken), put, genome[taken])


def scramble(genome: Row, *, rate: float = 1.0, generator: np.random.Generator) -> Row:
    """Put the genes of some places into a random order, each place with a probability (Syswerda 1991)."""
    mutant = genome.copy()
    places = [place for place in range(len(genome)) if generator.random() < rate]
    mutant[places] = generator.permutation(genome[places])
    return mutant


def random_reset(genome: Row, *, low: Each, high: Each, rate: float = 1.0, generator: np.random.Generator) -> Row:
    """Draw each gene anew with a probability, an integer from low to high (Eiben and Smith 2015, section 4.3.1)."""
    mutant, lows, highs = genome.copy(), np.broadcast_to(low, genome.shape), np.broadcast_to(high, genome.shape)
    for place in range(len(genome)):
        if generator.random() < rate:
            mutant[place] = generator.integers(lows[place], highs[place] + 1)
    return mutant


def creep(
    genome: Row, *, step: int = 1, low: Each, high: Each, rate: float = 1.0, generator: np.random.Generator
) -> Row:
    """Move each gene with a probability to another integer within a step and the bounds (Davis 1989)."""
    mutant, lows, highs = genome.copy(), np.broadcast_to(low, genome.shape), np.broadcast_to(high, genome.shape)
    for place, gene in enumerate(genome):
        near = np.arange(max(lows[place], gene - step), min(highs[place], gene + step) + 1)
        if generator.random() < rate and len(near) > 1:
            mutant[place] = generator.choice(near[near != gene])
    return mutant


Mutation = Callable[..., Row]

MUTATIONS: Mapping[str, Mutation] = {
    "gaussian": gaussian,
    "multiscale": multiscale,
    "uniform": uniform,
    "polynomial": polynomial,
    "bit flip": bit_flip,
    "swap": swap,
    "inversion": inversion,
    "insertion": insertion,
    "scramble": scramble,
    "random reset": random_reset,
    "creep": creep,
}

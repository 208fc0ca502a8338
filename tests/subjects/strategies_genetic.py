"""Genetic algorithms over bits, integers and permutations, and with operators of other kinds, beside plain ones."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.individual import Individual
from neuroevo.problems.function import Function
from neuroevo.space import Space
from neuroevo.strategies import Genetic
from neuroevo.testing.references.crossover import two_point
from neuroevo.testing.references.mutation import bit_flip, multiscale
from neuroevo.testing.references.strategies.genetic import PlainGenetic
from subjects.strategies_population import BOXED, Floats, box, nothing, subject


def over(space: Space) -> Function:
    """Return a problem over another space."""
    return Function(nothing, space)


def bits(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw bits."""
    return tuple(generator.integers(2, size=4).astype(float))


def numbers(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw whole numbers from -1 to 3."""
    return tuple(generator.integers(-1, 4, size=4).astype(float))


def orders(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw a permutation."""
    return tuple(generator.permutation(4).astype(float))


def drawn_anew(genome: Floats, *, generator: np.random.Generator) -> Floats:
    """Replace a tenth of the genes by whole numbers from -1 to 3."""
    return np.array([generator.integers(-1, 4) if generator.random() < 0.1 else gene for gene in genome])


def shuffled(genome: Floats, *, generator: np.random.Generator) -> Floats:
    """Put the genes at half of the places into a random order."""
    places = [place for place in range(len(genome)) if generator.random() < 0.5]
    mutant = genome.copy()
    mutant[places] = genome[generator.permutation(places).astype(int)]
    return mutant


def in_order(first: Floats, second: Floats, *, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Keep a segment of each, and fill the places behind it by what is lacking, in the order of the other (Davis)."""
    length = len(first)
    size = generator.integers(1, length)
    start = generator.integers(length - size + 1)
    litter = []
    for keeper, giver in ((first, second), (second, first)):
        child, kept = keeper.copy(), keeper[start : start + size].tolist()
        lacking = [gene for gene in np.roll(giver, -(start + size)) if gene not in kept]
        for step, gene in enumerate(lacking):
            child[(start + size + step) % length] = gene
        litter.append(child)
    return litter[0], litter[1]


def mated(first: Individual, second: Individual) -> tuple[Individual, Individual]:
    """Exchange the last genes of two individuals in place, as DEAP's operators do."""
    last = first.genome[-1].clone()
    first.genome[-1], second.genome[-1] = second.genome[-1], last
    return first, second


def raised(individual: Individual) -> tuple[Individual]:
    """Add 1 to every gene in place."""
    individual.genome += 1.0
    return (individual,)


def in_place(seed: int) -> Genetic:
    """Return a genetic algorithm with operators as DEAP has them."""
    strategy = Genetic(box(), population=5, seed=seed, mating=0.5)
    strategy.toolbox.register("mate", mated)
    strategy.toolbox.register("mutate", raised)
    return strategy


def exchanged(first: Floats, second: Floats, *, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Exchange the last genes."""
    del generator
    return np.append(first[:-1], second[-1]), np.append(second[:-1], first[-1])


def one_up(genome: Floats, *, generator: np.random.Generator) -> Floats:
    """Add 1 to every gene."""
    del generator
    return genome + 1.0


SUBJECTS = [
    subject(
        "genetic over bits",
        "genetic",
        lambda seed: Genetic(over(Bits(4)), population=5, seed=seed),
        PlainGenetic(first=bits, cross=two_point, mutate=partial(bit_flip, rate=0.1), population=5),
    ),
    subject(
        "genetic over integers",
        "genetic",
        lambda seed: Genetic(over(Integers(4, low=-1, high=3)), population=5, seed=seed),
        PlainGenetic(first=numbers, cross=two_point, mutate=drawn_anew, population=5),
    ),
    subject(
        "genetic over permutations",
        "genetic",
        lambda seed: Genetic(over(Permutations(4)), population=5, seed=seed, rate=0.5),
        PlainGenetic(first=orders, cross=in_order, mutate=shuffled, population=5),
    ),
    subject(
        "genetic with operators in place",
        "genetic",
        in_place,
        PlainGenetic(**{**BOXED, "cross": exchanged, "mutate": one_up}, population=5, mating=0.5),
    ),
    subject(
        "genetic with a step for each gene",
        "genetic",
        lambda seed: Genetic(box(), population=4, seed=seed, sigma=torch.tensor([0.1, 0.2, 0.6]), rate=1.0),
        PlainGenetic(
            **{**BOXED, "mutate": partial(multiscale, sigma=np.array([0.1, 0.2, 0.6]))},
            population=4,
        ),
    ),
]

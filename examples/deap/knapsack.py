"""Genomes that are sets: the most valuable things that weigh least, two objectives at once.

What is no tensor is a genome as it is. The evaluator has a method `batch`, which scores all sets in one product.
Usage: python examples/deap/knapsack.py [GENERATIONS] (default 50)
"""

import random
import sys

import torch
from deap import algorithms, base, tools

from neuroevo import Fitness, Individual
from neuroevo.execution import batched_map
from neuroevo.individual import Ids
from neuroevo.operators.from_deap import from_deap

GENERATIONS, THINGS, MOST = int([*sys.argv[1:], 50][0]), 20, 50.0
random.seed(1)  # DEAP's loops and selections draw from Python's global generator
generator, ids = torch.Generator().manual_seed(1), Ids()
WEIGHTS = torch.randint(1, 11, (THINGS,), generator=generator)
FACTS = torch.stack([WEIGHTS, 100 * torch.rand(THINGS, generator=generator)])


class Pack:
    """Scores sets by weight, to be minimised, and value; what is too heavy is worth nothing."""

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return weight and value of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: list[Individual]) -> list[tuple[float, ...]]:
        """Return weight and value of each individual."""
        chosen = torch.tensor([[thing in one.genome for thing in range(THINGS)] for one in individuals])
        scores = chosen.float() @ FACTS.T
        return [(weight, value) if weight <= MOST else (1e4, 0.0) for weight, value in scores.tolist()]


def cross(first: set[int], second: set[int]) -> tuple[set[int], set[int]]:
    """Return what both have, and what only one of them has."""
    return first & second, first ^ second


def mutate(things: set[int]) -> tuple[set[int]]:
    """Take one out, or put one in."""
    return (things ^ {int(torch.randint(THINGS, ()))},)  # draws are repeatable: from_deap seeds the global generators


toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", Pack())
toolbox.register("mate", from_deap(cross, generator=generator, ids=ids))
toolbox.register("mutate", from_deap(mutate, generator=generator, ids=ids))
toolbox.register("select", tools.selNSGA2)
sets = [set(torch.randperm(THINGS, generator=generator)[:5].tolist()) for _ in range(50)]
population = [Individual(things, Fitness(weights=(-1.0, 1.0)), id=ids()) for things in sets]
front = tools.ParetoFront()
algorithms.eaMuPlusLambda(population, toolbox, 50, 100, 0.7, 0.2, GENERATIONS, halloffame=front, verbose=False)
weight, value = max((one.fitness.values for one in front), key=lambda values: values[1])
print(f"front of {len(front)}: the most valuable weighs {weight:.0f} and is worth {value:.1f} of {FACTS[1].sum():.1f}")

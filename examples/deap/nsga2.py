"""NSGA-II on ZDT1, as a loop of one's own over a toolbox: DEAP's selection and sorting, variation of tensors.

`vary` makes all children of a generation in one call, and the map scores them in one call.
Usage: python examples/deap/nsga2.py [GENERATIONS] (default 80)
"""

import random
import sys
from functools import partial

import torch
from deap import base, tools

from neuroevo import Fitness, Individual
from neuroevo.execution import batched_map
from neuroevo.individual import Ids
from neuroevo.operators.crossover import simulated_binary
from neuroevo.operators.mutation import polynomial
from neuroevo.operators.verbs import Vary
from neuroevo.problems.function import ZDT1

GENERATIONS = int([*sys.argv[1:], 80][0])
random.seed(1)  # selTournamentDCD draws from Python's global generator
generator, ids, problem = torch.Generator().manual_seed(1), Ids(), ZDT1(15)
bounds = {"low": 0.0, "high": 1.0, "generator": generator}

toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", problem)
toolbox.register(
    "vary", Vary(partial(simulated_binary, eta=20.0, **bounds), partial(polynomial, rate=1 / 15, **bounds), ids)
)
toolbox.register("select", tools.selNSGA2)


def scored(individuals: list[Individual]) -> list[Individual]:
    """Return the individuals with their values."""
    for one, values in zip(individuals, toolbox.map(toolbox.evaluate, individuals), strict=True):
        one.fitness.values = values
    return individuals


rows = problem.space.sample(60, generator=generator)
population = scored([Individual(row, Fitness(weights=problem.weights), id=ids()) for row in rows])
population = toolbox.select(population, len(population))  # gives each its crowding distance
for _ in range(GENERATIONS):
    parents = tools.selTournamentDCD(population, len(population))
    population = toolbox.select([*population, *scored(toolbox.vary(parents))], len(population))

front = tools.sortNondominated(population, len(population), first_front_only=True)[0]
distance = max(abs(second - (1 - first**0.5)) for first, second in (one.fitness.values for one in front))
print(f"{len(front)} of {len(population)} on the front, at most {distance:.4f} above the best one possible")

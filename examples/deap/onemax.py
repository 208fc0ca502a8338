"""DEAP's first example: a genetic algorithm that sets all bits, with DEAP's operators under DEAP's loop.

Genomes are rows of one tensor, and the registered map scores a population in one call of a function on tensors.
Usage: python examples/deap/onemax.py [GENERATIONS] (default 40)
"""

import random
import sys

import torch
from deap import algorithms, base, tools

from neuroevo import Fitness, Individual
from neuroevo.discrete import Bits
from neuroevo.execution import batched_map
from neuroevo.individual import Ids
from neuroevo.operators.from_deap import from_deap
from neuroevo.problems import Function

GENERATIONS = int([*sys.argv[1:], 40][0])
random.seed(1)  # DEAP's loops draw from Python's global generator; operators from_deap have their own
generator, ids, space = torch.Generator().manual_seed(1), Ids(), Bits(60)
problem = Function(lambda bits: bits.sum(-1), space, weights=(1.0,), batched=True)

toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", problem)
toolbox.register("mate", from_deap(tools.cxTwoPoint, generator=generator, ids=ids))
toolbox.register("mutate", from_deap(tools.mutFlipBit, indpb=0.03, generator=generator, ids=ids))
toolbox.register("select", tools.selTournament, tournsize=3)

population = [
    Individual(row, Fitness(weights=problem.weights), id=ids()) for row in space.sample(100, generator=generator)
]
best = tools.HallOfFame(1)
statistics = tools.Statistics(lambda one: one.fitness.values[0])
statistics.register("max", max)
_, log = algorithms.eaSimple(
    population, toolbox, cxpb=0.5, mutpb=0.3, ngen=GENERATIONS, stats=statistics, halloffame=best, verbose=False
)
print(f"best of the first generation: {log.select('max')[0]:.0f} bits")
print(f"{best[0].fitness.values[0]:.0f} of {space.size} bits are set")

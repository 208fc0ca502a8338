"""Permutations: a round trip through 25 places under DEAP's loop, all tours of a generation measured at once.

Usage: python examples/deap/tsp.py [GENERATIONS] (default 100)
"""

import random
import sys
from functools import partial

import torch
from deap import algorithms, base, tools

from neuroevo import Individual
from neuroevo.discrete import Permutations
from neuroevo.execution import batched_map
from neuroevo.individual import Fitness, Ids
from neuroevo.operators import permutations
from neuroevo.operators.verbs import Mate, Mutate
from neuroevo.problems import Function
from neuroevo.problems.combinatorial import Trip

GENERATIONS, PLACES = int([*sys.argv[1:], 100][0]), 25
random.seed(2)  # DEAP's loops draw from Python's global generator
generator, ids, space = torch.Generator().manual_seed(2), Ids(), Permutations(PLACES)
angles = torch.linspace(0, 2 * torch.pi, PLACES + 1)[:-1]  # on a circle, so that the best tour is known
places = torch.stack([angles.cos(), angles.sin()], -1)
problem = Function(Trip(places), space, batched=True)

toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", problem)
toolbox.register("mate", Mate(partial(permutations.ordered, generator=generator), ids))
toolbox.register("mutate", Mutate(partial(permutations.invert, generator=generator), ids))
toolbox.register("select", tools.selTournament, tournsize=3)

population = [
    Individual(row, Fitness(weights=problem.weights), id=ids()) for row in space.sample(100, generator=generator)
]
best = tools.HallOfFame(1)
algorithms.eaMuPlusLambda(population, toolbox, 100, 100, 0.2, 0.8, GENERATIONS, halloffame=best, verbose=False)
shortest = problem.function(torch.arange(PLACES))
print(f"tour of the length {best[0].fitness.values[0]:.3f}, the shortest one is {shortest:.3f}")

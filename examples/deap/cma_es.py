"""CMA-ES: `deap.cma.Strategy` under `eaGenerateUpdate`, with all individuals of a generation scored at once.

`neuroevo.strategies.CMAES` on the same problem runs under the same loop, from its own toolbox.
Usage: python examples/deap/cma_es.py [GENERATIONS] (default 120)
"""

import sys

import numpy as np
import torch
from deap import algorithms, base, cma, tools

from neuroevo import Fitness, Individual
from neuroevo.execution import batched_map
from neuroevo.individual import Ids
from neuroevo.operators.from_deap import from_deap
from neuroevo.problems.function import ROSENBROCK
from neuroevo.strategies import CMAES

GENERATIONS = int([*sys.argv[1:], 120][0])
generator, ids, problem = torch.Generator().manual_seed(1), Ids(), ROSENBROCK(5)


def individual(row: np.ndarray) -> Individual:
    """Return an individual with a row of numbers as genome."""
    return Individual(torch.from_numpy(row), Fitness(weights=problem.weights), id=ids())


strategy = cma.Strategy(centroid=[0.0] * 5, sigma=0.5, lambda_=20)
toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", problem)
# DEAP's strategy draws from numpy's global generator, which is seeded for the call and restored after it.
toolbox.register("generate", from_deap(strategy.generate, generator=generator), individual)
toolbox.register("update", strategy.update)

best = tools.HallOfFame(1)
statistics = tools.Statistics(lambda one: one.fitness.values)
statistics.register("min", np.min)
algorithms.eaGenerateUpdate(toolbox, GENERATIONS, halloffame=best, stats=statistics, verbose=False)

ours = CMAES(problem, population=20, seed=1)
algorithms.eaGenerateUpdate(ours.toolbox, GENERATIONS, verbose=False)
values = best[0].fitness.values[0], ours.result().fitness.values[0]
print("deap.cma.Strategy: {:.1e}, CMAES: {:.1e}".format(*values))

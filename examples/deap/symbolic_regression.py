"""Genomes that are trees of `deap.gp`: find x^4 + x^3 + x^2 + x from 40 points.

A tree is compiled to a function of tensors, so that it is called once for all points.
Usage: python examples/deap/symbolic_regression.py [GENERATIONS] (default 30)
"""

import random
import sys
from functools import partial

import torch
from deap import algorithms, base, gp, tools

from neuroevo import Fitness, Individual
from neuroevo.individual import Ids
from neuroevo.operators.from_deap import from_deap

GENERATIONS, MOST = int([*sys.argv[1:], 30][0]), 60
POINTS = torch.linspace(-1, 1, 40, dtype=torch.float64)
GOAL = POINTS**4 + POINTS**3 + POINTS**2 + POINTS
random.seed(3)  # DEAP's loops and selections draw from Python's global generator
generator, ids = torch.Generator().manual_seed(3), Ids()

primitives = gp.PrimitiveSet("MAIN", 1)
for function in (torch.add, torch.sub, torch.mul):
    primitives.addPrimitive(function, 2)
for function in (torch.neg, torch.sin, torch.cos):
    primitives.addPrimitive(function, 1)
primitives.addTerminal(torch.ones_like(POINTS), name="one")
primitives.renameArguments(ARG0="x")


def error(individual: Individual) -> tuple[float]:
    """Return the mean squared error of a tree."""
    function = gp.compile(individual.genome, primitives)
    return (float((function(POINTS) - GOAL).square().mean()),)


def short(vary: object) -> object:
    """Return a variation whose children have at most MOST nodes."""
    return gp.staticLimit(key=len, max_value=MOST)(vary)


toolbox = base.Toolbox()
toolbox.register("expr", from_deap(gp.genHalfAndHalf, generator=generator, pset=primitives, min_=1, max_=2))
subtree = partial(gp.genFull, min_=0, max_=2)
toolbox.register("evaluate", error)
toolbox.register("select", tools.selTournament, tournsize=3)
toolbox.register("mate", from_deap(short(gp.cxOnePoint), generator=generator, ids=ids))
toolbox.register("mutate", from_deap(short(gp.mutUniform), expr=subtree, pset=primitives, generator=generator, ids=ids))
population = [Individual(gp.PrimitiveTree(toolbox.expr()), Fitness(weights=(-1.0,)), id=ids()) for _ in range(200)]
best = tools.HallOfFame(1)
algorithms.eaSimple(population, toolbox, 0.5, 0.2, GENERATIONS, halloffame=best, verbose=False)
print(best[0].genome)
print(f"{len(best[0].genome)} nodes with a mean squared error of {best[0].fitness.values[0]:.5f}")

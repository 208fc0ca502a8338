"""Differential evolution: trials of a whole population at a time, each of which replaces its parent if it is better.

Usage: python examples/deap/de.py [GENERATIONS] (default 200)
"""

import sys

import torch
from deap import base, tools

from neuroevo import Fitness, Individual
from neuroevo.execution import batched_map
from neuroevo.individual import Ids, genomes_of
from neuroevo.operators.differential import binomial, rand_one
from neuroevo.problems.function import SPHERE

GENERATIONS = int([*sys.argv[1:], 200][0])
generator, ids, problem = torch.Generator().manual_seed(1), Ids(), SPHERE(10)

toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", problem)
toolbox.register("differ", rand_one, factor=0.6, generator=generator)
toolbox.register("cross", binomial, rate=0.5, generator=generator)


def scored(genomes: torch.Tensor) -> list[Individual]:
    """Return individuals with the rows of a tensor [P, D] as genomes, and their values."""
    rows = problem.space.clip(genomes)
    individuals = [Individual(row, Fitness(weights=problem.weights), id=ids()) for row in rows]
    for one, values in zip(individuals, toolbox.map(toolbox.evaluate, individuals), strict=True):
        one.fitness.values = values
    return individuals


population = scored(problem.space.sample(50, generator=generator))
best = tools.HallOfFame(1)
log = tools.Logbook()
for generation in range(GENERATIONS):
    genomes = genomes_of(population)
    trials = scored(toolbox.cross(genomes, toolbox.differ(genomes)))
    population = [max(pair, key=lambda one: one.fitness) for pair in zip(population, trials, strict=True)]
    best.update(population)
    log.record(gen=generation, min=best[0].fitness.values[0])
print(f"{log[0]['min']:.2f} after one generation, {log[-1]['min']:.1e} after {GENERATIONS}")

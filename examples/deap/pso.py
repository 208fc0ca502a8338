"""A swarm of particles: individuals with attributes of their own, and tensors that move all of them at once.

Usage: python examples/deap/pso.py [STEPS] (default 150)
"""

import sys

import torch
from deap import base, tools

from neuroevo import Fitness, Individual
from neuroevo.execution import batched_map
from neuroevo.individual import Ids, genomes_of
from neuroevo.problems.function import H1

STEPS = int([*sys.argv[1:], 150][0])
generator, ids, problem = torch.Generator().manual_seed(1), Ids(), H1()


def swarm(genomes: torch.Tensor) -> list[Individual]:
    """Return particles at the places [P, D]."""
    rows = problem.space.clip(genomes)
    return [Individual(row, Fitness(weights=problem.weights), id=ids()) for row in rows]


def move(places: torch.Tensor, speeds: torch.Tensor, own: torch.Tensor, best: torch.Tensor) -> torch.Tensor:
    """Return new speeds [P, D]: some of the old ones, and a pull to the best place of each and of all."""
    pulls = torch.rand((2, *places.shape), generator=generator, dtype=places.dtype)
    return (0.7 * speeds + 1.5 * pulls[0] * (own - places) + 1.5 * pulls[1] * (best - places)).clamp(-20, 20)


toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", problem)
toolbox.register("population", lambda n: swarm(problem.space.sample(n, generator=generator)))
toolbox.register("move", move)

particles, best = toolbox.population(40), tools.HallOfFame(1)
speeds, own = torch.zeros_like(genomes_of(particles)), particles
for _ in range(STEPS):
    for one, values in zip(particles, toolbox.map(toolbox.evaluate, particles), strict=True):
        one.fitness.values = values
    own = [max(pair, key=lambda one: one.fitness) for pair in zip(own, particles, strict=True)]
    best.update(particles)
    places = genomes_of(particles)
    speeds = toolbox.move(places, speeds, genomes_of(own), best[0].genome)
    particles = swarm(places + speeds)
x, y = best[0].genome.tolist()
print(f"peak of the height {best[0].fitness.values[0]:.4f} at ({x:.3f}, {y:.3f})")

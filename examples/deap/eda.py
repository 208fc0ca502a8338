"""An estimation of distribution algorithm of one's own: `generate` and `update` are all that a loop needs.

The same toolbox runs under DEAP's `eaGenerateUpdate` and under `evolve`.
Usage: python examples/deap/eda.py [GENERATIONS] (default 80)
"""

import sys

import torch
from deap import algorithms, base, tools

from neuroevo import Fitness, Individual, evolve
from neuroevo.execution import batched_map
from neuroevo.individual import Ids, genomes_of
from neuroevo.problems.function import SPHERE

GENERATIONS = int([*sys.argv[1:], 80][0])
problem = SPHERE(10)


class Gaussian:
    """A normal distribution with one standard deviation for each gene, fitted to the best quarter of a generation."""

    def __init__(self, seed: int, size: int = 100) -> None:
        self.generator, self.ids, self.size = torch.Generator().manual_seed(seed), Ids(), size
        self.mean, self.deviation = torch.full((10,), 4.0, dtype=torch.float64), torch.full((10,), 2.0)

    def generate(self) -> list[Individual]:
        """Draw a generation."""
        noise = torch.randn(self.size, 10, generator=self.generator, dtype=torch.float64)
        rows = problem.space.clip(self.mean + self.deviation * noise)
        return [Individual(row, Fitness(weights=problem.weights), id=self.ids()) for row in rows]

    def update(self, population: list[Individual]) -> None:
        """Move the distribution to where the best are."""
        best = genomes_of(tools.selBest(population, self.size // 4))
        self.mean, self.deviation = best.mean(0), best.std(0).clamp(min=1e-9)


def toolbox(seed: int) -> base.Toolbox:
    """Return the algorithm."""
    made, distribution = base.Toolbox(), Gaussian(seed)
    made.register("map", batched_map)
    made.register("evaluate", problem)
    made.register("generate", distribution.generate)
    made.register("update", distribution.update)
    return made


best = tools.HallOfFame(1)
algorithms.eaGenerateUpdate(toolbox(1), GENERATIONS, halloffame=best, verbose=False)
evolved = min(generation.best.fitness.values[0] for generation in evolve(toolbox(1), GENERATIONS))
print(f"eaGenerateUpdate: {best[0].fitness.values[0]:.1e}, evolve: {evolved:.1e}")

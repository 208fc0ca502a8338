"""An algorithm of your own: a bare toolbox under `neuroevo.evolve`, stopped early and watched as it runs.

A registered `vary` crosses and mutates the whole population at once; statistics stream, for `evolve` is a generator.
Usage: python examples/compose_a_toolbox.py [GENERATIONS] (at most, default 300)
"""

import sys
from collections.abc import Sequence
from functools import partial

import torch
from deap.base import Toolbox

from neuroevo import Fitness, Generation, Individual, evolve
from neuroevo.execution import batched_map
from neuroevo.individual import Ids
from neuroevo.operators import crossover, mutation, selection
from neuroevo.operators.verbs import Select, Vary

GENERATIONS = int(sys.argv[1]) if sys.argv[1:] else 300


class Rastrigin:
    """The height of Rastrigin's function at genomes [D], to be minimised; 0 at the origin."""

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the height at one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the heights at individuals."""
        x = torch.stack([individual.genome for individual in individuals])
        return [(height,) for height in (10 + x**2 - 10 * torch.cos(2 * torch.pi * x)).sum(1).tolist()]


class Patience:
    """Says stop when 30 generations have brought nothing better; remembers the last one and the best individual."""

    last, since, best = 0, 0, Individual(None, id=-1)

    def __call__(self, generation: Generation) -> bool:
        """Return whether to stop after this generation."""
        best = max(self.best, *generation.population, key=lambda one: one.fitness)
        self.since, self.last, self.best = self.since + 1 if best is self.best else 0, generation.number, best
        return self.since == 30


generator, ids, toolbox, stop = torch.Generator().manual_seed(1), Ids(), Toolbox(), Patience()
start = 10 * torch.rand(200, 10, generator=generator) - 5
toolbox.register("map", batched_map)
toolbox.register("population", lambda: [Individual(row, Fitness(weights=(-1.0,)), id=ids()) for row in start])
toolbox.register("select", Select(partial(selection.tournament, size=3, generator=generator)))
cross = partial(crossover.uniform, generator=generator)
toolbox.register("vary", Vary(cross, partial(mutation.gaussian, sigma=0.1, rate=0.2, generator=generator), ids))
toolbox.register("evaluate", Rastrigin())

for generation in evolve(toolbox, GENERATIONS, stop=stop):
    if generation.number % 20 == 0:
        print(f"generation {generation.number:3}: mean {generation.mean:7.3f}, best {min(generation.scores):.4f}")
print(f"stopped after generation {stop.last}: {stop.best.fitness.values[0]:.4f} at individual {stop.best.id}")

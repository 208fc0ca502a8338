"""Islands: populations that evolve by themselves and send their best on a ring, by DEAP's `varAnd` and `migRing`.

All islands are scored in one call. `neuroevo.strategies.Island` is the same as a strategy, with checkpoints.
Usage: python examples/deap/islands.py [GENERATIONS] (default 40)
"""

import random
import sys
from functools import partial

import torch
from deap import algorithms, base, tools

from neuroevo import Fitness, Individual
from neuroevo.discrete import Bits
from neuroevo.execution import batched_map
from neuroevo.individual import Ids
from neuroevo.operators import bits, crossover
from neuroevo.operators.verbs import Mate, Mutate
from neuroevo.problems import Function

GENERATIONS, ISLANDS, EVERY = int([*sys.argv[1:], 40][0]), 3, 5
random.seed(1)  # DEAP's functions draw from Python's global generator
generator, ids, space = torch.Generator().manual_seed(1), Ids(), Bits(60)
problem = Function(lambda genomes: genomes.sum(-1), space, weights=(1.0,), batched=True)

toolbox = base.Toolbox()
toolbox.register("map", batched_map)
toolbox.register("evaluate", problem)
toolbox.register("mate", Mate(partial(crossover.two_point, generator=generator), ids))
toolbox.register("mutate", Mutate(partial(bits.flip, rate=0.02, generator=generator), ids))
toolbox.register("select", tools.selTournament, tournsize=3)
toolbox.register("migrate", tools.migRing, k=3, selection=tools.selBest, replacement=tools.selWorst)


def score(islands: list[list[Individual]]) -> None:
    """Set the values of those that wait for them, on all islands."""
    waiting = [one for island in islands for one in island if not one.fitness.valid]
    for one, values in zip(waiting, toolbox.map(toolbox.evaluate, waiting), strict=True):
        one.fitness.values = values


rows = space.sample(ISLANDS * 40, generator=generator)
everyone = [Individual(row, Fitness(weights=problem.weights), id=ids()) for row in rows]
islands, best = [everyone[place::ISLANDS] for place in range(ISLANDS)], tools.HallOfFame(1)
score(islands)
for generation in range(1, GENERATIONS + 1):
    islands = [algorithms.varAnd(toolbox.select(one, len(one)), toolbox, cxpb=0.5, mutpb=0.3) for one in islands]
    score(islands)
    for island in islands:
        best.update(island)
    if generation % EVERY == 0:
        toolbox.migrate(islands)
print(f"{best[0].fitness.values[0]:.0f} of {space.size} bits are set, the best of {ISLANDS} islands")

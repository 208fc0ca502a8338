"""Other operators for genetic transfer learning in a population, and DEAP's own loop around it.

GTL calls every operator through its toolbox, so that registering another one swaps it: here elitist selection from
DEAP, a mutation that adds noise to the genes, and scores by nearest class means, which train no critic.
Usage: python examples/swap_operators.py [GENERATIONS] [UPDATES]
(generations of evolution, default 3; updates of a life, default 40)
"""

import sys
from collections.abc import Mapping
from statistics import fmean

from deap import algorithms, tools
from torch import Tensor

from neuroevo import ConvNet4, Learngene, Recipe, glyphs
from neuroevo.operators import learngenes
from neuroevo.problems import NearestMean
from neuroevo.seeds import stream
from neuroevo.strategies import PopulationGTL

GENERATIONS, UPDATES = [*map(int, sys.argv[1:]), *(3, 40)[len(sys.argv) - 1 :]]

data = glyphs(images_per_class=100)
strategy = PopulationGTL(data, ConvNet4(widths=(8, 16, 32, 32)), seed=1, life=Recipe(updates=UPDATES))
generator = stream(1, "noise")


def noise(learngene: Learngene, weights: Mapping[str, Tensor]) -> Learngene:
    """Return the learngene with noise on its weights; the network that it came from is not needed."""
    return learngenes.noise(learngene, sigma=0.01, generator=generator)


heirs = strategy.critic.setup
strategy.toolbox.register("select", tools.selBest)
strategy.toolbox.register("mutate", noise)
strategy.toolbox.register(
    "evaluate", NearestMean(setup=heirs, images=data.held_out, ways=20, shots=10, tasks=1, seed=1)
)

statistics = tools.Statistics(lambda individual: individual.fitness.values[0])
statistics.register("mean", fmean)
statistics.register("best", max)
hall_of_fame = tools.HallOfFame(1)
algorithms.eaGenerateUpdate(strategy.toolbox, ngen=GENERATIONS, halloffame=hall_of_fame, stats=statistics)

best = hall_of_fame[0]
print(f"best: individual {best.id} of generation {best.generation}, {best.genome.parameters:,} parameters, ", end="")
print(f"{best.fitness.values[0]:.3f} of unseen images right by their nearest class mean")

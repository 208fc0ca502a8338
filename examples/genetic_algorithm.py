"""A genetic algorithm over the weights of a network, under DEAP's own `eaSimple`.

The evaluator has a method `batch`, so that the registered map scores a population in one pass of `torch.bmm`.
Usage: python examples/genetic_algorithm.py [GENERATIONS] [POPULATION] (default 40 and 100)
"""

import random
import sys
from collections.abc import Sequence
from functools import partial

import torch
from deap import algorithms, base, tools
from torch.nn import functional as F

from neuroevo import Individual, glyphs
from neuroevo.execution import batched_map
from neuroevo.individual import Ids
from neuroevo.operators import crossover, mutation, selection
from neuroevo.operators.verbs import Mate, Mutate, Select

GENERATIONS, POPULATION = [*map(int, sys.argv[1:]), *(40, 100)[len(sys.argv) - 1 :]]
CLASSES, INPUTS, HIDDEN = 5, 49, 16
SIZES = (INPUTS * HIDDEN, HIDDEN, HIDDEN * CLASSES, CLASSES)


class Accuracy:
    """Scores genomes [D], the weights of a small perceptron, by how many images of 7 x 7 pixels it reads."""

    def __init__(self) -> None:
        data = glyphs(images_per_class=100).ancestry
        known = data.labels < CLASSES
        small = F.avg_pool2d(data.images[known].float() / 255, 4).flatten(1)
        self.images = (small - small.mean(1, keepdim=True)) / small.std(1, keepdim=True)
        self.labels = data.labels[known]

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the accuracy of one individual, in [0, 1]."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the accuracies of P individuals, all of them computed at once."""
        genomes = torch.stack([individual.genome for individual in individuals])
        w1, b1, w2, b2 = torch.split(genomes, [*SIZES], dim=1)
        images = self.images.expand(len(genomes), -1, -1)
        hidden = torch.tanh(torch.bmm(images, w1.reshape(-1, INPUTS, HIDDEN)) + b1.unsqueeze(1))
        logits = torch.bmm(hidden, w2.reshape(-1, HIDDEN, CLASSES)) + b2.unsqueeze(1)
        return [(score,) for score in (logits.argmax(2) == self.labels).float().mean(1).tolist()]


random.seed(1)  # DEAP's loops draw from Python's global generator; the operators have their own
generator, ids, toolbox, best = torch.Generator().manual_seed(1), Ids(), base.Toolbox(), tools.HallOfFame(1)
toolbox.register("map", batched_map)
toolbox.register("evaluate", Accuracy())
toolbox.register("select", Select(partial(selection.tournament, size=3, generator=generator)))
toolbox.register("mate", Mate(partial(crossover.two_point, generator=generator), ids))
toolbox.register("mutate", Mutate(partial(mutation.gaussian, sigma=0.1, rate=0.05, generator=generator), ids))
population = [Individual(row, id=ids()) for row in 0.3 * torch.randn(POPULATION, sum(SIZES), generator=generator)]
algorithms.eaSimple(population, toolbox, cxpb=0.5, mutpb=0.8, ngen=GENERATIONS, halloffame=best, verbose=False)
print(f"{sum(SIZES)} weights, {ids.next} individuals: {best[0].fitness.values[0]:.3f} of the images right")

"""A new strategy from parts of three: OpenAI-ES with the utilities of SNES and the optimiser of PGPE.

Parts are operators on the toolbox, so that a new strategy takes three lines, and it keeps every promise of the old
one: the seed decides everything, a state continues it, `evolve` and DEAP's loops run it.
Usage: python examples/compose_from_parts.py [GENERATIONS] (default 150)
"""

import sys

import torch

from neuroevo import evolve
from neuroevo.genome import Genome
from neuroevo.operators.optimisers import clipup
from neuroevo.operators.shaping import nes_utilities
from neuroevo.problems.classifier import digits
from neuroevo.problems.supervised import accuracy
from neuroevo.strategies import OpenAIES

GENERATIONS = int(sys.argv[1]) if sys.argv[1:] else 150

problem = digits(per_class=20)  # 953 weights of a network that reads the digits 1 to 9
plain = OpenAIES(problem, population=16, seed=1)
mixed = OpenAIES(problem, population=16, seed=1)
mixed.toolbox.register("shape", nes_utilities)
mixed.toolbox.register("optimise", clipup, learning_rate=2.0, max_speed=6.0)  # in units of sigma

for name, strategy in {"OpenAI-ES": plain, "the new one": mixed}.items():
    for _ in evolve(strategy, GENERATIONS):
        pass
    best = strategy.result()
    with torch.no_grad():
        right = accuracy(problem.to_module(best)(problem.inputs), problem.targets)
    reached = f"{best.fitness.values[0]:.3f} after {strategy.budget.evaluations} evaluations"
    print(f"{name}: {reached}, {right:.3f} of the images right")
Genome.of(mixed.result(), problem.space).save("digits.safetensors")

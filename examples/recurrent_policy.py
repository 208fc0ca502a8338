"""A policy with a memory: CartPole without velocities, which only a network that remembers can tell.

Needs Gymnasium: pip install ".[rl]" in a checkout.
Usage: python examples/recurrent_policy.py [GENERATIONS] [POPULATION] (default 30 and 50)
"""

import sys
from typing import Any

import gymnasium
import torch
from gymnasium.spaces import Box
from gymnasium.wrappers import TransformObservation
from torch import nn

from neuroevo import evolve
from neuroevo.genome import Genome
from neuroevo.problems import Episodes, Recurrent
from neuroevo.strategies import SNES

GENERATIONS, POPULATION = [*map(int, sys.argv[1:]), *(30, 50)[len(sys.argv) - 1 :]]


def masked() -> gymnasium.Env[Any, Any]:
    """Return CartPole that shows the positions of cart and pole only."""
    return TransformObservation(gymnasium.make("CartPole-v1"), lambda seen: seen[::2], Box(-5, 5, (2,)))


with torch.random.fork_rng():
    torch.manual_seed(1)
    network = Recurrent(nn.GRUCell(2, 8), nn.Linear(8, 2))
problem = Episodes(masked, network, episodes=2, normalise=True, seed=1)
search = SNES(problem, population=POPULATION, seed=1)
for generation in evolve(search, GENERATIONS):
    if generation.number % 5 == 0:
        print(f"generation {generation.number}: best {generation.best.fitness.values[0]:.0f} of 500 steps")

# The file has the weights, the normalisation and the choice of actions.
Genome.of(search.result(), problem.space).save("policy.safetensors")
policy = problem.to_module(Genome.load("policy.safetensors"))
steps = []
for seed in range(10):
    env = masked()
    observation = env.reset(seed=seed)[0]
    policy.reset()  # an episode begins: forget the last one
    over = False
    steps.append(0)
    while not over:
        observation, reward, ended, cut, info = env.step(policy.act(observation))
        steps[-1], over = steps[-1] + 1, ended or cut
print(f"10 new episodes: {sum(steps) / 10:.0f} steps on average")

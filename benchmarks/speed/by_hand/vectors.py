"""What one would write by hand for one purpose: yardsticks for populations of weight vectors.

No individuals, no lineage, no checks, no operators that can be swapped: a population is a tensor [P, D].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

Fitness = Callable[[Tensor], Tensor]
"""Takes genomes [P, D] and returns what is to be maximised, [P]."""


def likelihoods(outputs: Tensor, classes: Tensor) -> Tensor:
    """Return minus the mean cross-entropy [P] of outputs [P, N, K] with classes [N]."""
    losses = F.cross_entropy(outputs.mT, classes.expand(outputs.shape[:2]), reduction="none")
    return -losses.mean(1)


class TensorGenetic:
    """A genetic algorithm: tournaments of three, crossover at two points, Gaussian mutation.

    Args:
        genomes: The first population, [P, D], P even.
        fitness: What it is scored by.
        mating: Probability that a pair exchanges genes.
        mutating: Probability that a child mutates.
        rate: Probability that a gene of such a child does.
        sigma: Standard deviation of the noise.
        generator: A generator of the CPU.
    """

    def __init__(
        self,
        genomes: Tensor,
        fitness: Fitness,
        *,
        mating: float = 1.0,
        mutating: float = 1.0,
        rate: float,
        sigma: float = 0.1,
        generator: torch.Generator,
    ) -> None:
        self.genomes = genomes
        self.fitness = fitness
        self.mating, self.mutating, self.rate, self.sigma = mating, mutating, rate, sigma
        self.generator = generator
        self.scores = fitness(genomes)
        self.positions = torch.arange(genomes.shape[1])

    def step(self) -> None:
        """Make and score the next generation."""
        population = len(self.genomes)
        entrants = torch.randint(population, (population, 3), generator=self.generator)
        winners = entrants.gather(1, self.scores[entrants].argmax(1, keepdim=True)).squeeze(1)
        self.genomes = self._mutated(self._crossed(self.genomes[winners]))
        self.scores = self.fitness(self.genomes)

    def _crossed(self, parents: Tensor) -> Tensor:
        first, second = parents[0::2], parents[1::2]
        cuts = torch.randint(1, parents.shape[1] + 1, (len(first), 2), generator=self.generator).sort(1).values
        exchanged = (self.positions >= cuts[:, :1]) & (self.positions < cuts[:, 1:])
        if self.mating < 1:
            exchanged &= torch.rand(len(first), 1, generator=self.generator) < self.mating
        pairs = torch.where(exchanged, second, first), torch.where(exchanged, first, second)
        return torch.stack(pairs, 1).flatten(0, 1)

    def _mutated(self, children: Tensor) -> Tensor:
        rows = (torch.rand(len(children), generator=self.generator) < self.mutating).nonzero().squeeze(1)
        chosen = children[rows]
        noise = self.sigma * torch.randn(chosen.shape, generator=self.generator)
        drawn = torch.rand(chosen.shape, generator=self.generator) < self.rate
        children[rows] = torch.where(drawn, chosen + noise, chosen)
        return children


def mlp(genomes: Tensor, inputs: Tensor, sizes: Sequence[int], *, tile: int = 16, relu: bool = False) -> Tensor:
    """Return the outputs [P, N, K] of multilayer perceptrons, batched products in tiles of networks.

    Args:
        genomes: Weights [O, I] and biases [O] of each layer in turn, [P, D].
        inputs: One batch for all, [N, I], or one for each, [P, N, I].
        sizes: Features from the inputs on.
        tile: Networks in a tile.
        relu: Whether rectified linear units stand between the layers, in place of hyperbolic tangents.
    """
    layers, place = [], 0
    for wide, narrow in pairwise(sizes):
        weight = genomes[:, place : place + wide * narrow].view(-1, narrow, wide)
        place += wide * narrow
        layers.append((weight.mT, genomes[:, place : place + narrow].unsqueeze(1)))
        place += narrow
    stacked = inputs.expand(len(genomes), *inputs.shape[-2:])
    outputs = genomes.new_empty(len(genomes), inputs.shape[-2], sizes[-1])
    for start in range(0, len(genomes), tile):
        part = slice(start, start + tile)
        found = stacked[part]
        for weight, bias in layers[:-1]:
            found = torch.baddbmm(bias[part], found, weight[part])
            found = found.relu_() if relu else found.tanh_()
        weight, bias = layers[-1]
        torch.baddbmm(bias[part], found, weight[part], out=outputs[part])
    return outputs

"""What OpenAI's evolution strategy and EGGROLL have in common: a mean that follows an estimated gradient.

`openai_es.py` has the equations. A population has its genomes in memory, or it is virtual: then individuals are seeds
(`neuroevo.problems.virtual`), and the weighted sum of their noises is made of factors of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.low_rank import STREAMS
from neuroevo.operators.shaping import centred_ranks
from neuroevo.problems import Problem
from neuroevo.problems.virtual import Cloud, VirtualIndividual, VirtualScoring
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, default_population, first_mean, first_sigma, make_even, scores_of
from neuroevo.strategies.search.draws import Draws, sample_generator
from neuroevo.strategies.search.step_sizes import settled
from neuroevo.strategies.toolbox import Checks, Verbs

NOISE = 1 / 3
"""Standard deviation of samples, in units of the space's spread: they estimate a gradient, and search no space."""

MOST_EXCESS = 10.0
"""Of the path's length over its expected one; only bounds far within sigma make such steps."""

VECTORS = 16
"""The number of tensors [D] that a generation of a virtual population has at a time, by measurement."""


class GradientSearch(Search):
    """A mean that follows the gradient that mirrored samples estimate, with step sizes that follow its path.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P; default 4 + 3 ln D, made even.
        seed: The run's seed.
        sigma: Standard deviation of the samples; default a third of the space's spread.
        weight_decay: Share of the mean, in units of sigma, that the gradient is lessened by.
        sigma_rate: How fast sigma follows the path of the gradients, eta; 0 keeps it.
        rank: The rank of the noise on matrices of a virtual population; None for one with genomes in memory.
        draws: Where samples are drawn: "host", the same on every device, or "device", where genomes are, which saves a
            GPU the copy; a seed then holds for one kind of device and one version of PyTorch.

    Raises:
        ValueError: A virtual population is to have a sigma for each gene, or the problem can't have one.
    """

    VERBS: ClassVar[Verbs] = {
        "shape": "shape(scores [P]) -> utilities [P]",
        "optimise": "optimise(gradient [D], memory) -> (step [D], memory)",
    }
    CHECKS: ClassVar[Checks] = {"shape": checks.one_for_each, "optimise": checks.step}
    EVOLVING = ("mean", "sigma", "memory", "path")
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None,
        seed: int,
        sigma: Tensor | float | None,
        weight_decay: float,
        sigma_rate: float,
        rank: int | None,
        draws: Draws,
    ) -> None:
        self.rank = rank
        size = problem.space.size
        super().__init__(
            problem, population=make_even(default_population(size)) if population is None else population, seed=seed
        )
        self.samples = sample_generator(draws, self.generator, self._device(), seed=seed)
        self.mean = first_mean(self.space, seed)
        self.weight_decay = weight_decay
        self.sigma_rate = sigma_rate
        self.path = torch.zeros_like(self.mean)
        self.memory: dict[str, Tensor] = {}
        self.scoring = None if rank is None else VirtualScoring(problem, rank=rank, draws=draws)
        self.sizes = [block.size for block in self.space.blocks]
        self.sigma = self._first_sigma(sigma)
        self.toolbox.register("shape", centred_ranks)
        if self.scoring is not None:
            self.toolbox.register("evaluate", self.scoring)

    def bytes_needed(self) -> int:
        """Return about how many bytes its largest tensors take; those of a virtual population do not grow with P."""
        if self.rank is None:
            return super().bytes_needed()
        return VECTORS * self.space.size * self.space.start.element_size()

    def ask(self) -> Sequence[Individual]:
        """Return mirrored samples around the mean."""
        if self.scoring is None:
            return self.new_individuals(self.toolbox.sample(self.mean, self.sigma, count=self.population))
        cloud, half = self._cloud(), (self.population + 1) // 2
        streams = torch.randint(STREAMS, (half,), generator=self.generator).tolist()
        seeds = [2 * stream + turned for stream in streams for turned in (0, 1)][: self.population]
        return [cloud.individual(seed, id=self.ids(), generation=self.generation) for seed in seeds]

    def individual(self, seed: int) -> VirtualIndividual:
        """Return the individual of a seed around the present mean of a virtual population, which has not been scored.

        Args:
            seed: As that of an individual of the generation that is asked for next; an odd one mirrors the one below.

        Raises:
            TypeError: The population is not virtual.
            ValueError: The seed is negative, or too large.
        """
        if not 0 <= seed < 2 * STREAMS:
            raise ValueError(f"seed must be at least 0 and below {2 * STREAMS}, but it is {seed}.")
        return self._cloud().individual(seed, id=self.ids.next, generation=self.generation)

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step along the estimated gradient."""
        # Scores are on the host, where sums of utilities need not wait for a device.
        utilities = self.toolbox.shape(scores_of(population)).to(self.mean.dtype)
        sigma = self.sigma if self.scoring is None else self.scoring.noise.of_genes(self.sigma)
        pull = self._pull(population, utilities, sigma)
        gradient = pull / len(population)
        if self.weight_decay:
            gradient = gradient - self.weight_decay * self.mean / sigma
        step, memory = self.toolbox.optimise(gradient, self.memory)
        self.memory = dict(memory)
        self.mean = self.space.clip(torch.addcmul(self.mean, sigma, step))
        self.sigma = settled(self.sigma * self._follow(utilities, pull), self._magnitude())

    def _pull(self, population: Sequence[Individual], utilities: Tensor, sigma: Tensor) -> Tensor:
        """Return the sum of the samples' steps, in units of sigma, times their utilities [P], [D]."""
        if self.scoring is None or not all(isinstance(one, VirtualIndividual) for one in population):
            return utilities.to(self.mean.device) @ ((genomes_of(population) - self.mean) / sigma)
        return self.scoring.noise.weighted([cast(VirtualIndividual, one).seed for one in population], utilities)

    def _follow(self, utilities: Tensor, pull: Tensor) -> float:
        """Add the direction of a pull [D] by utilities [P] to the path, and return the factor on sigma."""
        squares = float(utilities.square().sum())
        if squares == 0:  # all scores are equal
            return 1.0
        size, mass = len(self.path), float(utilities.abs().sum()) ** 2 / (2 * squares)
        rate = (mass + 2) / (size + mass + 5)
        direction = pull / math.sqrt(2 * squares)
        self.path = (1 - rate) * self.path + math.sqrt(rate * (2 - rate)) * direction
        return math.exp(self.sigma_rate * rate * min(MOST_EXCESS, float(self.path.norm()) / math.sqrt(size) - 1))

    def _cloud(self) -> Cloud:
        if self.scoring is None:
            raise TypeError("individual needs a virtual population, but the genomes of this one are in memory.")
        return Cloud(self.problem, self.scoring.noise, self.mean, self.sigma)

    def _first_sigma(self, sigma: Tensor | float | None) -> Tensor:
        """Return the first step sizes: one for each gene, [D], or in a virtual population for each block, [blocks]."""
        if self.scoring is None:
            return first_sigma(self.space, NOISE * self.space.spread if sigma is None else sigma)
        if isinstance(sigma, Tensor) and sigma.numel() > 1:
            raise ValueError(
                f"sigma must be one number for a virtual population, but it has the shape {list(sigma.shape)}; give "
                "the blocks of the space different spreads."
            )
        genes = first_sigma(self.space, NOISE * self.space.spread if sigma is None else sigma)
        return torch.stack([part[0] for part in genes.split(self.sizes)])

    def _magnitude(self) -> Tensor:
        """Return what step sizes must be able to move: the mean, or its mean size in each block."""
        if self.scoring is None:
            return self.mean
        return torch.stack([part.abs().mean() for part in self.mean.split(self.sizes)])

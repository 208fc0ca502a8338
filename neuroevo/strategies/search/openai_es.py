"""OpenAI's evolution strategy: a finite-difference gradient of many mirrored samples, followed by Adam.

Source: Salimans, Ho, Chen, Sidor and Sutskever, Evolution Strategies as a Scalable Alternative to Reinforcement
Learning (arXiv 1703.03864), algorithm 1, with mirrored sampling, rank shaping and weight decay of its section 2.1
and Adam of its public implementation.

With z_k from N(0, 1) in mirrored pairs and u_k the centred ranks of the scores at m + s z_k,

    g = 1 / P sum_k u_k z_k - decay m / s,   m <- m + s Adam(g)

The paper's s is constant, and the search circles about an optimum. Here s follows the path of the gradients' directions
d = sum_k u_k z_k / sqrt(2 sum_k u_k^2), a standard normal vector where scores are random, as step sizes of CMA-ES do
(Hansen's tutorial, arXiv 1604.00772, equations 43 and 44):

    p <- (1 - c) p + sqrt(c (2 - c)) d,   s <- s exp(eta c (|p| / sqrt D - 1)),   c = (M + 2) / (D + M + 5)

with M = (sum_k |u_k|)^2 / (2 sum_k u_k^2): it shrinks where directions contradict each other, and stays while they
agree. Gradient and step are in units of s, so that one learning rate fits genes of any scale. Defaults: the
implementation's learning rate 0.01 at s = 0.02 makes 0.5; its 0.005 of weight decay makes 0 here, where most problems
have no reason for it; eta = 0.5 is our choice (`docs/search-quality.md` has the experiment), 0 is the paper's. P = 4 +
floor(3 ln D), made even. Cost of a generation: P evaluations and O(P D) operations and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.optimisers import adam
from neuroevo.operators.sampling import mirrored
from neuroevo.operators.shaping import centred_ranks
from neuroevo.problems import Problem
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, default_population, first_mean, first_sigma, make_even, scores_of
from neuroevo.strategies.search.step_sizes import settled
from neuroevo.strategies.toolbox import Checks, Verbs

NOISE = 1 / 3
"""Standard deviation of samples, in units of the space's spread: they estimate a gradient, and search no space."""


MOST_EXCESS = 10.0
"""Of the path's length over its expected one; only bounds far within sigma make such steps."""


class OpenAIES(Search):
    """The evolution strategy of OpenAI.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P; default 4 + 3 ln D, made even.
        seed: The run's seed.
        sigma: Standard deviation of the samples, one for all genes or one for each; default a third of the space's
            spread.
        learning_rate: Adam's, in units of sigma.
        weight_decay: Share of the mean, in units of sigma, that the gradient is lessened by.
        sigma_rate: How fast sigma follows the path of the gradients, eta; 0 keeps it.
    """

    VERBS: ClassVar[Verbs] = {
        "sample": "sample(mean [D], sigma [D], count=P) -> genomes [P, D]",
        "shape": "shape(scores [P]) -> utilities [P]",
        "optimise": "optimise(gradient [D], memory) -> (step [D], memory)",
    }
    CHECKS: ClassVar[Checks] = {"sample": checks.SAMPLED, "shape": checks.one_for_each, "optimise": checks.step}
    EVOLVING = ("mean", "sigma", "memory", "path")
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        learning_rate: float = 0.5,
        weight_decay: float = 0.0,
        sigma_rate: float = 0.5,
    ) -> None:
        size = problem.space.size
        super().__init__(
            problem, population=make_even(default_population(size)) if population is None else population, seed=seed
        )
        self.mean = first_mean(self.space, seed)
        self.sigma = first_sigma(self.space, NOISE * self.space.spread if sigma is None else sigma)
        self.weight_decay = weight_decay
        self.sigma_rate = sigma_rate
        self.path = torch.zeros_like(self.mean)
        self.memory: dict[str, Tensor] = {}
        self.toolbox.register("sample", mirrored, generator=self.generator)
        self.toolbox.register("shape", centred_ranks)
        self.toolbox.register("optimise", adam, learning_rate=learning_rate)

    def ask(self) -> Sequence[Individual]:
        """Return mirrored samples around the mean."""
        return self.new_individuals(self.toolbox.sample(self.mean, self.sigma, count=self.population))

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step along the estimated gradient."""
        steps = (genomes_of(population) - self.mean) / self.sigma
        utilities = self.toolbox.shape(scores_of(population)).to(steps)
        gradient = utilities @ steps / len(population) - self.weight_decay * self.mean / self.sigma
        step, memory = self.toolbox.optimise(gradient, self.memory)
        self.memory = dict(memory)
        self.mean = self.space.clip(torch.addcmul(self.mean, self.sigma, step))
        self.sigma = settled(self.sigma * self._follow(utilities, steps), self.mean)

    def _follow(self, utilities: Tensor, steps: Tensor) -> float:
        """Add the direction of utilities [P] and steps [P, D] to the path, and return the factor on sigma."""
        squares = float(utilities.square().sum())
        if squares == 0:  # all scores are equal
            return 1.0
        size, mass = len(self.path), float(utilities.abs().sum()) ** 2 / (2 * squares)
        rate = (mass + 2) / (size + mass + 5)
        direction = utilities @ steps / math.sqrt(2 * squares)
        self.path = (1 - rate) * self.path + math.sqrt(rate * (2 - rate)) * direction
        return math.exp(self.sigma_rate * rate * min(MOST_EXCESS, float(self.path.norm()) / math.sqrt(size) - 1))


STRATEGIES = {"openai-es": OpenAIES}

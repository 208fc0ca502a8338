"""Separable CMA-ES: the covariance matrix is diagonal, so that memory and time grow with D alone.

Source: Ros and Hansen, A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity (PPSN 2008),
algorithm 1; symbols and constants are theirs.

    x_k = m + s sqrt(C) z_k,   <z> = sum w_i z_i over the mu best,   m <- m + s sqrt(C) <z>
    p_s <- (1 - c_s) p_s + sqrt(c_s (2 - c_s) mu_w) <z>
    p_c <- (1 - c_c) p_c + H sqrt(c_c (2 - c_c) mu_w) sqrt(C) <z>
    C <- (1 - c) C + c / mu_w p_c^2 + c (1 - 1 / mu_w) sum w_i C z_i^2,   s <- s exp(c_s / d (|p_s| / E|N| - 1))

Defaults are theirs: P = 4 + floor(3 ln D), half of them parents, and a learning rate c of the diagonal that is (D +
2) / 3 times the full matrix's. Cost of a generation: P evaluations and O(P D) operations and numbers: for weights
of networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.sampling import normal
from neuroevo.problems import Problem
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, default_population, first_mean, first_sigma, scores_of
from neuroevo.strategies.search.draws import Draws, sample_generator
from neuroevo.strategies.search.step_sizes import settled
from neuroevo.strategies.toolbox import Checks, Verbs

MOST_SCALE = 1e30
"""Largest common step size, and inverse of the smallest, before it becomes part of the variances."""


class SeparableCMAES(Search):
    """CMA-ES with a diagonal covariance matrix.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P; default 4 + 3 ln D, at least 2.
        seed: The run's seed.
        sigma: First standard deviation, one for all genes or one for each; default the space's spread.
        draws: Where samples are drawn: "host", the same on every device, or "device", where genomes are, which saves a
            GPU the copy; a seed then holds for one kind of device and one version of PyTorch.
    """

    VERBS: ClassVar[Verbs] = {
        "sample": "sample(mean [D], sigma [D], count=P) -> genomes [P, D]",
    }
    CHECKS: ClassVar[Checks] = {"sample": checks.SAMPLED}
    EVOLVING = ("mean", "scale", "variances", "path", "step_path")
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}
    MIN_POPULATION = 2

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        draws: Draws = "host",
    ) -> None:
        size = problem.space.size
        super().__init__(problem, population=default_population(size) if population is None else population, seed=seed)
        self.samples = sample_generator(draws, self.generator, self._device(), seed=seed)
        self.mean = first_mean(self.space, seed)
        self.variances = settled(first_sigma(self.space, sigma), self.mean).square()
        self.scale = 1.0
        self.path = torch.zeros_like(self.mean)
        self.step_path = torch.zeros_like(self.mean)
        parents = self.population // 2
        weights = math.log(parents + 0.5) - torch.arange(1, parents + 1, dtype=torch.float64).log()
        self.weights = (weights / weights.sum()).to(self.mean)
        mass = float(1 / self.weights.square().sum())
        self.mass = mass
        self.step_rate = (mass + 2) / (size + mass + 3)
        self.damping = 1 + 2 * max(0.0, math.sqrt((mass - 1) / (size + 1)) - 1) + self.step_rate
        self.path_rate = 4 / (size + 4)
        full = 2 / (mass * (size + math.sqrt(2)) ** 2)
        full += (1 - 1 / mass) * min(1.0, (2 * mass - 1) / ((size + 2) ** 2 + mass))
        self.variance_rate = min(1.0, (size + 2) / 3 * full)
        self.toolbox.register("sample", normal, generator=self.samples)

    @property
    def sigma(self) -> Tensor:
        """The standard deviation of each gene, [D]."""
        return self.scale * self.variances.sqrt()

    def ask(self) -> Sequence[Individual]:
        """Return a sample of the distribution."""
        return self.new_individuals(self.toolbox.sample(self.mean, self.sigma, count=self.population))

    def tell(self, population: Sequence[Individual]) -> None:
        """Update mean, step size and variances."""
        order = scores_of(population).argsort(descending=True, stable=True)[: len(self.weights)]
        weights = self.weights[: len(order)]
        deviations = self.variances.sqrt()
        steps = (genomes_of(population)[order] - self.mean) / (self.scale * deviations)
        step = weights @ steps
        self.mean = self.mean + self.scale * deviations * step
        length = self._follow(step, deviations)
        outer = self.path.square() / self.mass + (1 - 1 / self.mass) * self.variances * (weights @ steps.square())
        self.variances = (1 - self.variance_rate) * self.variances + self.variance_rate * outer
        excess = length / _expected_length(len(self.mean)) - 1
        self.scale = self.scale * math.exp(self.step_rate / self.damping * excess)
        self._settle()

    def _settle(self) -> None:
        """Keep step sizes in their limits, and put the common scale into the variances where it leaves its own."""
        sizes = self.sigma
        kept = settled(sizes, self.mean)
        if torch.equal(kept, sizes) and 1 / MOST_SCALE < self.scale < MOST_SCALE:
            return
        self.path = self.scale * self.path
        self.variances, self.scale = kept.square(), 1.0

    def _follow(self, step: Tensor, deviations: Tensor) -> float:
        """Add the mean's step to both evolution paths, and return the length of that of the step size."""
        rate, size = self.step_rate, len(self.mean)
        self.step_path = (1 - rate) * self.step_path + math.sqrt(rate * (2 - rate) * self.mass) * step
        ageing = math.sqrt(1 - (1 - rate) ** (2 * (self.generation + 1)))
        # A step size that is growing fast would inflate the variances too: their path stalls meanwhile.
        length = float(self.step_path.norm())
        straight = length / ageing < (1.4 + 2 / (size + 1)) * _expected_length(size)
        rate = self.path_rate
        gained = math.sqrt(rate * (2 - rate) * self.mass) * deviations * step
        self.path = (1 - rate) * self.path + (gained if straight else 0)
        return length


def _expected_length(size: int) -> float:
    """Return the mean length of a standard normal vector [D]."""
    return math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size**2))


STRATEGIES = {"separable-cma-es": SeparableCMAES}

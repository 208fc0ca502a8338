"""Evolution strategies (mu/mu, lambda) and (mu/mu + lambda) with step sizes that evolve with their individuals.

Source: Beyer and Schwefel, Evolution Strategies: A Comprehensive Introduction (Natural Computing, 2002), section
4.4.2 (mutation of step sizes, equation 20), with intermediate recombination of genomes and geometric of step sizes
(section 3.2):

    s_k = <s> exp(tau N_k(0, 1)),   x_k = <x> + s_k d N_k(0, 1),   tau = 1 / sqrt(2 D)

with <.> the mean over the mu best and d the space's spread. Defaults: the ratio mu / lambda = 1 / 4 (between 1 / 7
there and the 0.27 that is best on the sphere), lambda = 4 + floor(3 ln D), at least 8; comma selection, which
forgets step sizes that were lucky once. With plus an individual lives for five generations (Schwefel and Rudolph,
Contemporary Evolution Strategies, 1995: (mu, kappa, lambda)): if parents in several basins lived for ever, their mean
would be worse than each of them, and so would all children (`docs/search-quality.md`). Cost of a generation: lambda
evaluations and O(lambda D) operations and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.replacement import best
from neuroevo.operators.sampling import normal
from neuroevo.population import generations_of, ids_of, joined, taken
from neuroevo.problems import Problem
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, compact, default_population, first_mean, first_sigma
from neuroevo.strategies.search.draws import Draws, sample_generator
from neuroevo.strategies.search.step_sizes import limits_of
from neuroevo.strategies.toolbox import Checks, Verbs

LEAST_POPULATION = 8


class EvolutionStrategy(Search):
    """An evolution strategy with self-adaptation; lambda is the `population`, mu the number of `parents`.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, lambda; default 4 + 3 ln D, at least 8.
        parents: How many of the best the next generation comes from, mu; default a quarter of lambda.
        plus: Whether parents compete with their children (plus) or die (comma).
        lifespan: How many generations an individual lives with plus, its own included; None for ever.
        seed: The run's seed.
        sigma: First standard deviation, one for all genes or one for each; default the space's spread.
        draws: Where samples are drawn: "host", the same on every device, or "device", where genomes are, which saves a
            GPU the copy; a seed then holds for one kind of device and one version of PyTorch.

    Raises:
        ValueError: There are no parents, or more than individuals, or individuals live for less than one generation.
    """

    VERBS: ClassVar[Verbs] = {
        "recombine": "recombine(genomes [mu, D]) -> genome [D]",
        "sample": "sample(means [P, D], sigmas [P, D], count=1) -> genomes [P, 1, D]",
    }
    CHECKS: ClassVar[Checks] = {
        "recombine": checks.row,
        "sample": checks.sampled(lambda arguments: (len(arguments[0]), 1, arguments[0].shape[-1])),
    }
    EVOLVING = ("step_sizes",)
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        parents: int | None = None,
        plus: bool = False,
        lifespan: int | None = 5,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        draws: Draws = "host",
    ) -> None:
        size = problem.space.size
        wanted = max(LEAST_POPULATION, default_population(size)) if population is None else population
        super().__init__(problem, population=wanted, seed=seed)
        self.samples = sample_generator(draws, self.generator, self._device(), seed=seed)
        self.parents = max(1, wanted // 4) if parents is None else parents
        if not 1 <= self.parents <= wanted:
            raise ValueError(f"parents must lie in [1, {wanted}], the population, but they are {self.parents}.")
        if lifespan is not None and lifespan < 1:
            raise ValueError(f"lifespan must be at least 1, but it is {lifespan}.")
        self.plus = plus
        self.lifespan = math.inf if lifespan is None else lifespan
        self.spread = first_sigma(self.space, sigma)
        self.learning = 1 / math.sqrt(2 * size)
        self.step_sizes: dict[str, float] = {}
        self.toolbox.register("recombine", torch.mean, dim=0)
        self.toolbox.register("sample", normal, generator=self.samples)

    @property
    def sigma(self) -> Tensor:
        """The mean standard deviation of each gene over the parents, [D]; the first one before there are any."""
        sizes = self.step_sizes.values()
        return self.spread * (math.fsum(sizes) / len(sizes) if sizes else 1.0)

    def ask(self) -> Sequence[Individual]:
        """Return individuals around the mean of their parents, each with a step size of its own."""
        mean = (
            self.toolbox.recombine(genomes_of(self.individuals))
            if self.individuals
            else first_mean(self.space, self.seed)
        )
        parents = ids_of(self.individuals)
        known = [math.log(self.step_sizes[str(number)]) for number in parents]
        centre = math.fsum(known) / len(known) if known else 0.0
        draws = torch.randn(self.population, generator=self.generator, dtype=torch.float64)
        sizes = (centre + self.learning * draws).exp().clamp(*limits_of(mean.dtype))
        sigmas = sizes.to(mean).unsqueeze(-1) * self.spread
        genomes = self.toolbox.sample(mean.expand_as(sigmas), sigmas, count=1).squeeze(-2)
        children = self.new_individuals(genomes, [parents] * self.population)
        self.step_sizes |= {str(number): size for number, size in zip(ids_of(children), sizes.tolist(), strict=True)}
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Choose the parents of the next generation, and forget the step sizes of all others."""
        rivals = joined(population, self._living()) if self.plus else population
        self.individuals = compact(best(rivals, self.parents))
        self.step_sizes = {str(number): self.step_sizes[str(number)] for number in ids_of(self.individuals)}

    def _living(self) -> Sequence[Individual]:
        """Return the parents that are not too old."""
        ages = self.generation - np.array(generations_of(self.individuals))
        return taken(self.individuals, np.flatnonzero(ages < self.lifespan))


STRATEGIES = {"evolution-strategy": EvolutionStrategy}

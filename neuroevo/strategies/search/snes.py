"""Separable natural evolution strategy: a normal distribution with a step size for each gene.

Source: Schaul, Glasmachers and Schmidhuber, High Dimensions and Heavy Tails for Natural Evolution Strategies (GECCO
2011), algorithm 2, as in Wierstra et al., Natural Evolution Strategies (arXiv 1106.4487), algorithm 6.

Draw z_k from N(0, 1) and score m + s z_k; with utilities u_k by rank,

    m <- m + eta_m s sum_k u_k z_k                (natural gradient of the mean)
    s <- s exp(eta_s / 2 sum_k u_k (z_k^2 - 1))   (natural gradient of log s)

Defaults are those of table 1 there: P = 4 + floor(3 ln D), eta_m = 1, eta_s = (3 + ln D) / (5 sqrt D). The first
step size is the space's spread. Samples and the mean are clipped to the bounds, which is ours: of what was tried on
bounded problems (learning from samples as drawn, reflection), it alone loses nothing where the optimum is at a bound.
Cost of a generation: P evaluations and O(P D) operations and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.sampling import normal
from neuroevo.operators.shaping import nes_utilities
from neuroevo.problems import Problem
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, default_population, first_mean, first_sigma, scores_of
from neuroevo.strategies.search.draws import Draws, sample_generator
from neuroevo.strategies.search.step_sizes import natural_rate, settled
from neuroevo.strategies.toolbox import Checks, Verbs

MOST_CHANGE = 10.0
"""Of the logarithm of a step size in a generation; only bounds far within the step size make such changes."""


class SNES(Search):
    """The separable natural evolution strategy.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P; default 4 + 3 ln D.
        seed: The run's seed.
        sigma: First step size, one for all genes or one for each; default the space's spread.
        mean_rate: Learning rate of the mean, eta_m.
        sigma_rate: Learning rate of the step sizes, eta_s; default (3 + ln D) / (5 sqrt D).
        draws: Where samples are drawn: "host", the same on every device, or "device", where genomes are, which saves a
            GPU the copy; a seed then holds for one kind of device and one version of PyTorch.
    """

    VERBS: ClassVar[Verbs] = {
        "sample": "sample(mean [D], sigma [D], count=P) -> genomes [P, D]",
        "shape": "shape(scores [P]) -> utilities [P]",
    }
    CHECKS: ClassVar[Checks] = {"sample": checks.SAMPLED, "shape": checks.one_for_each}
    EVOLVING = ("mean", "sigma")
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        mean_rate: float = 1.0,
        sigma_rate: float | None = None,
        draws: Draws = "host",
    ) -> None:
        size = problem.space.size
        super().__init__(problem, population=default_population(size) if population is None else population, seed=seed)
        self.samples = sample_generator(draws, self.generator, self._device(), seed=seed)
        self.mean = first_mean(self.space, seed)
        self.sigma = first_sigma(self.space, sigma)
        self.mean_rate = mean_rate
        self.sigma_rate = natural_rate(size) if sigma_rate is None else sigma_rate
        self.toolbox.register("sample", normal, generator=self.samples)
        self.toolbox.register("shape", nes_utilities)

    def ask(self) -> Sequence[Individual]:
        """Return a sample of the distribution."""
        return self.new_individuals(self.toolbox.sample(self.mean, self.sigma, count=self.population))

    def tell(self, population: Sequence[Individual]) -> None:
        """Follow the natural gradient."""
        steps = (genomes_of(population) - self.mean) / self.sigma
        utilities = self.toolbox.shape(scores_of(population)).to(steps)
        moved = self.mean + self.mean_rate * self.sigma * (utilities @ steps)
        # Where all samples would be clipped to one bound, no step could be learned any more.
        self.mean = self.space.clip(moved)
        change = self.sigma_rate / 2 * (utilities @ (steps.square() - 1))
        self.sigma = settled(self.sigma * change.clamp(-MOST_CHANGE, MOST_CHANGE).exp(), self.mean)


STRATEGIES = {"snes": SNES}

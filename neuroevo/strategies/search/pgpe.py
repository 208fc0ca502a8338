"""Policy gradients with parameter-based exploration, followed by ClipUp: a gradient for means and for step sizes.

Sources: Sehnke et al., Parameter-exploring policy gradients (2010), sections 2.2 and 2.3 (symmetric sampling), and
Toklu, Liskowski and Srivastava, ClipUp (arXiv 2008.02387), algorithms 1 and 2.

With z_k from N(0, 1) in mirrored pairs and u_k the centred ranks of the scores at m + s z_k, in units of s,

    g_m = 1 / P sum_k u_k z_k           m <- m + s ClipUp(g_m)
    g_s = 1 / P sum_k u_k (z_k^2 - 1)   s <- s (1 + eta g_s), changed by at most 20 %

Defaults are those of ClipUp's section 4, where the radius r of the first distribution (in units of s the root of D)
gives the greatest speed r / 15 and the step half of that; momentum 0.9. Theirs is a step in units of the genes: ours,
in units of s, lets the search settle. With their eta of 0.1, s would hardly shrink in thousands of evaluations; ours is
4 (3 + ln D) / (5 sqrt D), four times the rate of SNES, whose utilities are greater by about as much
(`docs/search-quality.md` has the experiment). P = 4 + floor(3 ln D), made even, and at least 20. Cost of a generation:
P evaluations and O(P D) operations and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.optimisers import clipup
from neuroevo.operators.sampling import mirrored
from neuroevo.operators.shaping import centred_ranks
from neuroevo.problems import Problem
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, default_population, first_mean, first_sigma, make_even, scores_of
from neuroevo.strategies.search.draws import Draws, sample_generator
from neuroevo.strategies.search.step_sizes import natural_rate, settled
from neuroevo.strategies.toolbox import Checks, Verbs

MOST_CHANGE = 0.2
LEAST_POPULATION = 20


class PGPE(Search):
    """Policy gradients with parameter-based exploration and ClipUp.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P; default 4 + 3 ln D, made even, at least 20.
        seed: The run's seed.
        sigma: First standard deviation of the samples, one for all genes or one for each; default the space's spread.
        max_speed: Length of the mean's step at most, in units of sigma; default sqrt(D) / 15.
        learning_rate: What a gradient adds to the velocity, in units of sigma; default half of `max_speed`.
        sigma_rate: Learning rate of the standard deviations, eta; default 4 (3 + ln D) / (5 sqrt D).
        draws: Where samples are drawn: "host", the same on every device, or "device", where genomes are, which saves a
            GPU the copy; a seed then holds for one kind of device and one version of PyTorch.
    """

    VERBS: ClassVar[Verbs] = {
        "sample": "sample(mean [D], sigma [D], count=P) -> genomes [P, D]",
        "shape": "shape(scores [P]) -> utilities [P]",
        "optimise": "optimise(gradient [D], memory) -> (step [D], memory)",
    }
    CHECKS: ClassVar[Checks] = {"sample": checks.SAMPLED, "shape": checks.one_for_each, "optimise": checks.step}
    EVOLVING = ("mean", "sigma", "memory")
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        max_speed: float | None = None,
        learning_rate: float | None = None,
        sigma_rate: float | None = None,
        draws: Draws = "host",
    ) -> None:
        size = problem.space.size
        wanted = max(LEAST_POPULATION, make_even(default_population(size))) if population is None else population
        super().__init__(problem, population=wanted, seed=seed)
        self.samples = sample_generator(draws, self.generator, self._device(), seed=seed)
        self.mean = first_mean(self.space, seed)
        self.sigma = first_sigma(self.space, sigma)
        self.sigma_rate = 4 * natural_rate(size) if sigma_rate is None else sigma_rate
        self.memory: dict[str, Tensor] = {}
        speed = math.sqrt(size) / 15 if max_speed is None else max_speed
        self.toolbox.register("sample", mirrored, generator=self.samples)
        self.toolbox.register("shape", centred_ranks)
        rate = speed / 2 if learning_rate is None else learning_rate
        self.toolbox.register("optimise", clipup, learning_rate=rate, max_speed=speed)

    def ask(self) -> Sequence[Individual]:
        """Return mirrored samples around the mean."""
        return self.new_individuals(self.toolbox.sample(self.mean, self.sigma, count=self.population))

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step along the gradients of mean and step sizes."""
        steps = (genomes_of(population) - self.mean) / self.sigma
        utilities = self.toolbox.shape(scores_of(population)).to(steps) / len(population)
        step, memory = self.toolbox.optimise(utilities @ steps, self.memory)
        change = self.sigma_rate * (utilities @ (steps.square() - 1))
        self.memory = dict(memory)
        self.mean = self.space.clip(self.mean + self.sigma * step)
        self.sigma = settled(self.sigma * (1 + change.clamp(-MOST_CHANGE, MOST_CHANGE)), self.mean)


STRATEGIES = {"pgpe": PGPE}

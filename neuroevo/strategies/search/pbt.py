"""Population-based training: weights learn by gradient, and their learning rates evolve.

Source: Jaderberg et al., Population Based Training of Neural Networks (arXiv 1711.09846), algorithm 1, with truncation
selection and perturbation of section 4.1.1.

One generation is the time from one `ready` to the next: members that are among the worst fifth copy weights and
learning rate of one of the best fifth (exploit) and multiply the rate by 0.8 or 1.2 (explore); then every member
takes its gradient steps with its own rate. Fifths and factors are the paper's; P = 20 and 10 steps are our choice,
and so are first rates, drawn log-uniformly from [0.01, 1]: a rate of 1 moves a gene by the space's spread where the
gradient is as long as the first ones were (their root mean square), whatever the units of the score are
(`docs/search-quality.md`). Cost of a generation: P evaluations, 10 P gradient steps, which the budget counts, and
O(P D) operations and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.replacement import best
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, compact
from neuroevo.strategies.search.lamarckian import Differentiable, gradient_of
from neuroevo.strategies.search.step_sizes import limits_of
from neuroevo.strategies.toolbox import Checks, Verbs

FIFTH = 0.2
FACTORS = (0.8, 1.2)


class PBT(Search):
    """Population-based training.

    Args:
        problem: What genomes are scored on, with gradients.
        population: Members, P, at least 2.
        seed: The run's seed.
        steps: Gradient steps of a member in a generation.
        rates: Least and greatest first learning rate, in spreads for a gradient as long as the first ones.

    Raises:
        ValueError: The rates are crossed, or not above 0, or the problem has no gradient.
    """

    VERBS: ClassVar[Verbs] = {
        "exploit": "exploit(individuals) -> for each of them the individual that it continues with",
        "explore": "explore(rates [P]) -> rates [P], for members that copied another's",
        "learn": "learn(genomes [P, D], rates [P]) -> genomes [P, D]",
    }
    CHECKS: ClassVar[Checks] = {"exploit": checks.varied, "explore": checks.one_for_each, "learn": checks.like(0)}
    EVOLVING = ("rates", "unit")
    STEPS: ClassVar[dict[str, str]] = {"learning_rate": "rates"}
    MIN_POPULATION = 2

    def __init__(
        self,
        problem: Differentiable,
        *,
        population: int = 20,
        seed: int = 0,
        steps: int = 10,
        rates: tuple[float, float] = (0.01, 1.0),
    ) -> None:
        super().__init__(problem, population=population, seed=seed)
        if not 0 < rates[0] <= rates[1] < math.inf:
            raise ValueError(f"rates must be a least and a greatest one above 0, but they are {rates}.")
        self.gradient = gradient_of(problem)
        self.steps = steps
        self.limits = rates
        self.rates: dict[str, float] = {}
        self.unit = 0.0
        self.toolbox.register("exploit", truncation, generator=self.generator)
        self.toolbox.register("explore", perturb_rates, generator=self.generator)
        self.toolbox.register("learn", self.learn)

    def ask(self) -> Sequence[Individual]:
        """Return all members after their gradient steps, new individuals."""
        sources = self.toolbox.exploit(self.individuals) if self.individuals else []
        genomes = genomes_of(sources) if sources else self.space.sample(self.population, generator=self.generator)
        rates = self._next_rates(sources) if sources else self._first_rates()
        children = self.new_individuals(self.toolbox.learn(genomes, rates), [(one.id,) for one in sources])
        self.rates |= {str(one.id): rate for one, rate in zip(children, rates.tolist(), strict=True)}
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Continue with these members, and forget the rates of all others."""
        self.individuals = compact(population)
        self.rates = {str(one.id): self.rates[str(one.id)] for one in self.individuals}

    def learn(self, genomes: Tensor, rates: Tensor) -> Tensor:
        """Return genomes [P, D] after gradient steps with their own rates [P]."""
        scale = rates.to(genomes).unsqueeze(-1) * self.space.spread.square()
        for _ in range(self.steps):
            gradient = self.gradient(genomes)
            gradient = torch.where(gradient.isfinite(), gradient, 0.0)
            self.unit = self.unit or unit_of(gradient * self.space.spread)
            genomes = self.space.clip(genomes + self.unit * scale * gradient)
        return genomes

    def individual_cost(self) -> Budget:
        """Return what one member costs: its gradient steps and its evaluation."""
        return Budget(gradient_steps=self.steps, critical_path=self.steps).then(super().individual_cost())

    def _first_rates(self) -> Tensor:
        low, high = map(math.log, self.limits)
        draws = torch.rand(self.population, generator=self.generator, dtype=torch.float64)
        return (low + (high - low) * draws).exp()

    def _next_rates(self, sources: Sequence[Individual]) -> Tensor:
        """Return the learning rates to continue with, perturbed for members that copied another's."""
        rates = torch.tensor([self.rates[str(one.id)] for one in sources], dtype=torch.float64)
        own = torch.tensor([one.id == source.id for one, source in zip(self.individuals, sources, strict=True)])
        # Rates of members that learn nothing any more go anywhere.
        return torch.where(own, rates, self.toolbox.explore(rates)).clamp(*limits_of(self.space.start.dtype))


def unit_of(gradients: Tensor) -> float:
    """Return the inverse of the root mean square of gradients [P, D]; 0 if there is none."""
    length = float(gradients.double().square().mean().sqrt())
    return 1 / length if 0 < length < math.inf else 0.0


def truncation(individuals: Sequence[Individual], *, generator: torch.Generator) -> list[Individual]:
    """Return for each member which one it continues with: itself, or for the worst fifth one of the best fifth."""
    count = math.ceil(FIFTH * len(individuals))
    ranked = best(individuals, len(individuals))
    worst = {one.id for one in ranked[len(individuals) - count :]}
    drawn = torch.randint(count, (len(individuals),), generator=generator).tolist()
    return [ranked[place] if one.id in worst else one for one, place in zip(individuals, drawn, strict=True)]


def perturb_rates(rates: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return rates, each multiplied by 0.8 or 1.2."""
    low, high = FACTORS
    up = torch.rand(rates.shape, generator=generator, dtype=torch.float64) < 0.5
    return torch.where(up, high * rates, low * rates)


STRATEGIES = {"pbt": PBT}
NEEDS = {"pbt": "a problem with gradients (digits)"}

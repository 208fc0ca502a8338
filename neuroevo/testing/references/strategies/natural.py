"""Strategies that follow the gradient of a distribution: SNES, PGPE and OpenAI's evolution strategy."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroevo.testing.references.strategies.reference import Floats, State
from neuroevo.testing.references.strategies.search import PlainSearch, default_population, ranked_utilities


class PlainSNES(PlainSearch):
    """Separable natural evolution strategy (Wierstra et al., arXiv 1106.4487, algorithm 6 and table 1)."""

    def __init__(
        self,
        problem: Any,
        *,
        population: int | None = None,
        sigma: float | None = None,
        mean_rate: float = 1.0,
        sigma_rate: float | None = None,
    ) -> None:
        super().__init__(problem)
        self.population = default_population(self.size) if population is None else population
        self.sigma = self.spread if sigma is None else np.full(self.size, sigma)
        self.mean_rate = mean_rate
        self.sigma_rate = (3 + np.log(self.size)) / (5 * np.sqrt(self.size)) if sigma_rate is None else sigma_rate

    def first(self, generator: np.random.Generator) -> State:
        """Return the start, and the spread as step sizes."""
        return {"mean": self.begin(generator), "sigma": self.sigma}

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return z ~ N(0, 1), x = m + s z, within the bounds."""
        z = generator.normal(size=(self.population, self.size))
        return self.clip(state["mean"] + state["sigma"] * z)

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return the mean and the step sizes after a step along the natural gradient."""
        population, mean, sigma = len(rows), state["mean"], state["sigma"]
        raw = [max(0.0, np.log(population / 2 + 1) - np.log(rank)) for rank in range(1, population + 1)]
        utilities = ranked_utilities(self.scores(values), np.array([one / sum(raw) - 1 / population for one in raw]))
        z = (rows - mean) / sigma
        mean_gradient = sum(utility * step for utility, step in zip(utilities, z, strict=True))
        sigma_gradient = sum(utility * (step**2 - 1) for utility, step in zip(utilities, z, strict=True))
        change = np.minimum(np.maximum(self.sigma_rate / 2 * sigma_gradient, -10), 10)
        moved = mean + self.mean_rate * sigma * mean_gradient
        return {
            "mean": moved,
            "sigma": self.settled(sigma * np.exp(change), moved),
            **self.with_best(state, rows, values),
        }

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
        sigma: Any = None,
        mean_rate: float = 1.0,
        sigma_rate: float | None = None,
    ) -> None:
        super().__init__(problem)
        self.population = default_population(self.size) if population is None else population
        self.sigma = self.each(self.spread if sigma is None else sigma)
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
        moved = self.clip(mean + self.mean_rate * sigma * mean_gradient)
        return {
            "mean": moved,
            "sigma": self.settled(sigma * np.exp(change), moved),
            **self.with_best(state, rows, values),
        }


def centred_ranks(scores: Floats) -> Floats:
    """Return utilities from 0.5 for the best to -0.5 for the worst in even steps (arXiv 1703.03864, section 2)."""
    count = len(scores)
    return ranked_utilities(
        scores, np.array([0.5 - place / (count - 1) if count > 1 else 0.0 for place in range(count)])
    )


def mirrored_sample(mean: Floats, sigma: Floats, count: int, generator: np.random.Generator) -> Floats:
    """Return x = m + s z [P, D] where the second half of z is the first one with the other sign."""
    half = generator.normal(size=((count + 1) // 2, len(mean)))
    z = [half[place] if place < len(half) else -half[place - len(half)] for place in range(count)]
    return np.array([mean + sigma * one for one in z])


class PlainPGPE(PlainSearch):
    """Parameter-exploring policy gradients (Sehnke et al. 2010, sections 2.2, 2.3) with ClipUp (arXiv 2008.02387)."""

    def __init__(
        self,
        problem: Any,
        *,
        population: int | None = None,
        sigma: Any = None,
        max_speed: float | None = None,
        learning_rate: float | None = None,
        sigma_rate: float | None = None,
    ) -> None:
        super().__init__(problem)
        even = default_population(self.size) + default_population(self.size) % 2
        self.population = max(20, even) if population is None else population
        self.sigma = self.each(self.spread if sigma is None else sigma)
        self.max_speed = np.sqrt(self.size) / 15 if max_speed is None else max_speed
        self.learning_rate = self.max_speed / 2 if learning_rate is None else learning_rate
        rate = 4 * (3 + np.log(self.size)) / (5 * np.sqrt(self.size))
        self.sigma_rate = rate if sigma_rate is None else sigma_rate

    def first(self, generator: np.random.Generator) -> State:
        """Return the start, and the spread as step sizes."""
        return {"mean": self.begin(generator), "sigma": self.sigma}

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return mirrored samples within the bounds."""
        return self.clip(mirrored_sample(state["mean"], state["sigma"], self.population, generator))

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return mean, step sizes and velocity after a step."""
        mean, sigma = state["mean"], state["sigma"]
        utilities = centred_ranks(self.scores(values)) / len(rows)
        z = (rows - mean) / sigma
        gradient = sum(utility * step for utility, step in zip(utilities, z, strict=True))
        sigma_gradient = sum(utility * (step**2 - 1) for utility, step in zip(utilities, z, strict=True))
        velocity = self.clipup(gradient, state.get("memory.velocity", np.zeros(self.size)))
        moved = self.clip(mean + sigma * velocity)
        change = np.minimum(np.maximum(self.sigma_rate * sigma_gradient, -0.2), 0.2)
        return {
            "mean": moved,
            "sigma": self.settled(sigma * (1 + change), moved),
            "memory.velocity": velocity,
            **self.with_best(state, rows, values),
        }

    def clipup(self, gradient: Floats, velocity: Floats) -> Floats:
        """Return the next velocity (algorithm 2): momentum 0.9, a step of fixed length, and the length clipped."""
        length = np.sqrt((gradient**2).sum())
        direction = gradient / length if length > 0 else np.zeros(self.size)
        faster = 0.9 * velocity + self.learning_rate * direction
        speed = np.sqrt((faster**2).sum())
        return np.asarray(faster * self.max_speed / speed if speed > self.max_speed else faster)


class PlainOpenAIES(PlainSearch):
    """OpenAI's evolution strategy (arXiv 1703.03864, algorithm 1) with Adam (arXiv 1412.6980, algorithm 1)."""

    def __init__(
        self,
        problem: Any,
        *,
        population: int | None = None,
        sigma: Any = None,
        learning_rate: float = 0.5,
        weight_decay: float = 0.0,
        sigma_rate: float = 0.5,
    ) -> None:
        super().__init__(problem)
        even = default_population(self.size) + default_population(self.size) % 2
        self.population = even if population is None else population
        self.sigma = self.each(self.spread / 3 if sigma is None else sigma)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.sigma_rate = sigma_rate

    def first(self, generator: np.random.Generator) -> State:
        """Return the start, a third of the spread as step sizes, and no path."""
        return {"mean": self.begin(generator), "sigma": self.sigma, "path": np.zeros(self.size)}

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return mirrored samples within the bounds."""
        return self.clip(mirrored_sample(state["mean"], state["sigma"], self.population, generator))

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return the mean after a step of Adam, and step sizes that follow the path of the gradients."""
        mean, sigma = state["mean"], state["sigma"]
        utilities = centred_ranks(self.scores(values))
        z = (rows - mean) / sigma
        towards = sum(utility * step for utility, step in zip(utilities, z, strict=True))
        path, factor = self.followed(utilities, towards, state["path"])
        gradient = towards / len(rows)
        gradient = gradient - self.weight_decay * mean / sigma
        number = state.get("memory.steps", np.zeros(())) + 1
        first_moment = 0.9 * state.get("memory.mean", np.zeros(self.size)) + 0.1 * gradient
        second_moment = 0.999 * state.get("memory.square", np.zeros(self.size)) + 0.001 * gradient**2
        corrected, corrected_square = first_moment / (1 - 0.9**number), second_moment / (1 - 0.999**number)
        step = self.learning_rate * corrected / (np.sqrt(corrected_square) + 1e-8)
        moved = self.clip(mean + sigma * step)
        return {
            "mean": moved,
            "sigma": self.settled(factor * sigma, moved),
            "path": path,
            "memory.steps": number,
            "memory.mean": first_moment,
            "memory.square": second_moment,
            **self.with_best(state, rows, values),
        }

    def followed(self, utilities: Floats, towards: Floats, path: Floats) -> tuple[Floats, float]:
        """Return the path and the factor on step sizes (arXiv 1604.00772, equations 43 and 44; damping 1 / eta)."""
        squares = sum(one**2 for one in utilities)
        if squares == 0:
            return path, 1.0
        mass = sum(abs(one) for one in utilities) ** 2 / (2 * squares)
        rate = (mass + 2) / (self.size + mass + 5)
        longer = (1 - rate) * path + np.sqrt(rate * (2 - rate)) * towards / np.sqrt(2 * squares)
        excess = min(10.0, np.sqrt(sum(one**2 for one in longer)) / np.sqrt(self.size) - 1)
        return longer, float(np.exp(self.sigma_rate * rate * excess))

"""Strategies that learn a covariance matrix: CMA-ES and separable CMA-ES."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from neuroevo.testing.references.strategies.reference import Floats, State
from neuroevo.testing.references.strategies.search import PlainSearch, default_population, expected_length

MOST_SCALE = 1e30
"""Largest common step size, and inverse of the smallest, before it becomes part of the covariance."""


class PlainCMAES(PlainSearch):
    """CMA-ES (Hansen's tutorial, arXiv 1604.00772) with `deap.cma.Strategy`'s defaults."""

    def __init__(
        self,
        problem: Any,
        *,
        population: int | None = None,
        sigma: Any = None,
        mu: int | None = None,
        weights: Literal["superlinear", "linear", "equal"] = "superlinear",
        cs: float | None = None,
        damps: float | None = None,
        ccum: float | None = None,
        ccov1: float | None = None,
        ccovmu: float | None = None,
        active: bool = True,
    ) -> None:
        super().__init__(problem)
        size = self.size
        self.population = default_population(size) if population is None else population
        self.sigma = self.each(self.spread if sigma is None else sigma)
        self.mu = self.population // 2 if mu is None else mu
        ranks = np.arange(1, self.mu + 1)
        raw = {
            "superlinear": np.log(self.mu + 0.5) - np.log(ranks),
            "linear": self.mu + 0.5 - ranks,
            "equal": np.ones(self.mu),
        }[weights]
        self.recombination = raw / raw.sum()
        self.mass = mass = 1 / (self.recombination**2).sum()
        self.step_rate = (mass + 2) / (size + mass + 3) if cs is None else cs
        damping = 1 + 2 * max(0.0, np.sqrt((mass - 1) / (size + 1)) - 1) + self.step_rate
        self.damping = damping if damps is None else damps
        self.path_rate = 4 / (size + 4) if ccum is None else ccum
        self.rank_one = 2 / ((size + 1.3) ** 2 + mass) if ccov1 is None else ccov1
        rank_mu = 2 * (mass - 2 + 1 / mass) / ((size + 2) ** 2 + mass) if ccovmu is None else ccovmu
        self.rank_mu = min(1 - self.rank_one, rank_mu)
        self.lost = self.negative() if active else np.zeros(self.population - self.mu)

    def negative(self) -> Floats:
        """Return the weights of all but the parents, without their sign (equations 49 to 53)."""
        raw = [np.log((self.population + 1) / 2) - np.log(rank) for rank in range(self.mu + 1, self.population + 1)]
        lost = np.array([max(0.0, -one) for one in raw])
        if self.rank_mu <= 0 or lost.sum() == 0:
            return np.zeros(len(lost))
        mass = lost.sum() ** 2 / (lost**2).sum()
        bounds = (
            1 + self.rank_one / self.rank_mu,
            1 + 2 * mass / (self.mass + 2),
            (1 - self.rank_one - self.rank_mu) / (self.size * self.rank_mu),
        )
        return np.asarray(max(0.0, min(bounds)) * lost / lost.sum())

    def first(self, generator: np.random.Generator) -> State:
        """Return the start, a diagonal covariance with the spread as deviations, and paths of length 0."""
        return {
            "mean": self.begin(generator),
            "scale": np.array(1.0),
            "covariance": np.diag(self.sigma**2),
            "path": np.zeros(self.size),
            "step_path": np.zeros(self.size),
            "updates": np.array(0.0),
        }

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return x = m + s N(0, C), equations 38 to 40, within the bounds."""
        root = _root(state["covariance"])
        z = generator.normal(size=(self.population, self.size))
        return self.clip(np.array([state["mean"] + state["scale"] * root @ one for one in z]))

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return mean, step size, covariance and paths after a generation."""
        mean, scale, covariance = state["mean"], state["scale"], state["covariance"]
        order = _best_first(self.scores(values))
        best, worse = rows[order[: self.mu]], rows[order[self.mu :]]
        # Equations 41 and 42: the mean of the best.
        moved = sum(weight * genome for weight, genome in zip(self.recombination, best, strict=True))
        step = (moved - mean) / scale
        # Equation 43: the path of the step size.
        rate = self.step_rate
        inverse_root = np.linalg.inv(_root(covariance))
        step_path = (1 - rate) * state["step_path"] + np.sqrt(rate * (2 - rate) * self.mass) * inverse_root @ step
        length = np.sqrt((step_path**2).sum())
        # Its length is compared with that of a path that has not yet aged (the definition of h_sigma).
        aged = np.sqrt(1 - (1 - rate) ** (2 * (state["updates"] + 1)))
        straight = float(length / aged / expected_length(self.size) < 1.4 + 2 / (self.size + 1))
        # Equation 45: the path of the covariance.
        rate = self.path_rate
        path = (1 - rate) * state["path"] + straight * np.sqrt(rate * (2 - rate) * self.mass) * step
        # Equation 47: rank one, rank mu, and what is left of the old one.
        kept = 1 - self.rank_one - self.rank_mu + (1 - straight) * self.rank_one * rate * (2 - rate)
        steps = [(genome - mean) / scale for genome in best]
        spread = sum(weight * np.outer(one, one) for weight, one in zip(self.recombination, steps, strict=True))
        learned = kept * covariance + self.rank_one * np.outer(path, path) + self.rank_mu * spread
        # Equation 46: steps of the worse ones, each scaled to the length that is usual, have negative weights.
        for weight, genome in zip(self.lost, worse, strict=True):
            away = (genome - mean) / scale
            usual = self.size / max(1e-10, ((inverse_root @ away) ** 2).sum())
            learned = learned + self.rank_mu * weight * (covariance - usual * np.outer(away, away))
        # Equation 44: the step size.
        grown = scale * np.exp(self.step_rate / self.damping * (length / expected_length(self.size) - 1))
        grown, learned, path = self._limited(grown, learned, path, moved)
        return {
            "mean": moved,
            "scale": np.asarray(grown),
            "covariance": learned,
            "root": learned,
            "path": path,
            "step_path": step_path,
            "updates": state["updates"] + 1,
            **self.with_best(state, rows, values),
        }

    def _limited(self, scale: float, covariance: Floats, path: Floats, mean: Floats) -> tuple[float, Floats, Floats]:
        """Keep the deviations along the axes between their limits: our own rule, for searches that have converged."""
        variances, axes = np.linalg.eigh(covariance)
        lengths = scale * np.sqrt(np.maximum(variances, 0))
        noise = np.sqrt((axes.T**2) @ (self.precision * np.abs(mean)) ** 2)
        floors = np.maximum(np.maximum(noise, self.least), 1e-7 * lengths.max())
        kept = np.minimum(np.maximum(lengths, floors), 1 / self.least)
        if (kept == lengths).all() and 1 / MOST_SCALE < scale < MOST_SCALE:
            return scale, covariance, path
        return 1.0, axes @ np.diag(kept**2) @ axes.T, scale * path


def cma_state(strategy: Any) -> State:
    """Return the state of `CMAES` in the reference's words: `root` is the square of the matrix that it draws with."""
    from neuroevo.testing.laws.lockstep import evolving

    model = strategy.model
    kept = {name: numbers for name, numbers in evolving(strategy).items() if not name.startswith("distribution")}
    return {
        "mean": np.array(model.centroid),
        "scale": np.array(model.sigma),
        "covariance": np.array(model.C),
        "root": np.array(model.BD @ model.BD.T),
        "path": np.array(model.pc),
        "step_path": np.array(model.ps),
        "updates": np.array(float(model.update_count)),
        **kept,
    }


class PlainSeparableCMAES(PlainSearch):
    """Separable CMA-ES (Ros and Hansen 2008, algorithm 1)."""

    def __init__(self, problem: Any, *, population: int | None = None, sigma: Any = None) -> None:
        super().__init__(problem)
        size = self.size
        self.population = default_population(size) if population is None else population
        self.sigma = self.each(self.spread if sigma is None else sigma)
        mu = self.population // 2
        raw = np.array([np.log(mu + 0.5) - np.log(rank) for rank in range(1, mu + 1)])
        self.recombination = raw / raw.sum()
        self.mass = mass = 1 / (self.recombination**2).sum()
        self.step_rate = (mass + 2) / (size + mass + 3)
        self.damping = 1 + 2 * max(0.0, np.sqrt((mass - 1) / (size + 1)) - 1) + self.step_rate
        self.path_rate = 4 / (size + 4)
        rank_one = 1 / mass * 2 / (size + np.sqrt(2)) ** 2
        rank_mu = (1 - 1 / mass) * min(1, (2 * mass - 1) / ((size + 2) ** 2 + mass))
        self.variance_rate = min(1, (size + 2) / 3 * (rank_one + rank_mu))

    def first(self, generator: np.random.Generator) -> State:
        """Return the start, the squares of the spread, and paths of length 0."""
        mean = self.begin(generator)
        return {
            "mean": mean,
            "scale": np.array(1.0),
            "variances": self.settled(self.sigma, mean) ** 2,
            "path": np.zeros(self.size),
            "step_path": np.zeros(self.size),
        }

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return x = m + s sqrt(C) z within the bounds."""
        z = generator.normal(size=(self.population, self.size))
        return self.clip(state["mean"] + state["scale"] * np.sqrt(state["variances"]) * z)

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return mean, step size, variances and paths after a generation."""
        mean, scale, variances = state["mean"], state["scale"], state["variances"]
        order = _best_first(self.scores(values))[: len(self.recombination)]
        z = [(rows[place] - mean) / (scale * np.sqrt(variances)) for place in order]
        step = sum(weight * one for weight, one in zip(self.recombination, z, strict=True))
        moved = mean + scale * np.sqrt(variances) * step
        rate = self.step_rate
        step_path = (1 - rate) * state["step_path"] + np.sqrt(rate * (2 - rate) * self.mass) * step
        length = np.sqrt((step_path**2).sum())
        aged = np.sqrt(1 - (1 - rate) ** (2 * (state["generation"] + 1)))
        straight = float(length / aged < (1.4 + 2 / (self.size + 1)) * expected_length(self.size))
        rate = self.path_rate
        gained = np.sqrt(rate * (2 - rate) * self.mass) * np.sqrt(variances) * step
        path = (1 - rate) * state["path"] + straight * gained
        spread = sum(weight * variances * one**2 for weight, one in zip(self.recombination, z, strict=True))
        rate = self.variance_rate
        learned = (1 - rate) * variances + rate / self.mass * path**2 + rate * (1 - 1 / self.mass) * spread
        grown = scale * np.exp(self.step_rate / self.damping * (length / expected_length(self.size) - 1))
        # Our own rule, for searches that have converged.
        deviations = grown * np.sqrt(learned)
        kept = self.settled(deviations, moved)
        if (kept != deviations).any() or not 1 / MOST_SCALE < grown < MOST_SCALE:
            path, learned, grown = grown * path, kept**2, np.array(1.0)
        return {
            "mean": moved,
            "scale": np.asarray(grown),
            "variances": learned,
            "path": path,
            "step_path": step_path,
            **self.with_best(state, rows, values),
        }


def _root(covariance: Floats) -> Floats:
    """Return the symmetric root of a matrix."""
    variances, axes = np.linalg.eigh(covariance)
    return np.asarray(axes @ np.diag(np.sqrt(variances)) @ axes.T)


def _best_first(scores: Floats) -> list[int]:
    """Return the places of scores from the best to the worst; equals stay in their order."""
    return sorted(range(len(scores)), key=lambda place: -scores[place])

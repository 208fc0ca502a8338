"""Differential evolution that adapts by the history of its successes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroevo.testing.references.strategies.populations import differential_rows
from neuroevo.testing.references.strategies.reference import Floats, State
from neuroevo.testing.references.strategies.search import PlainSearch

PLACES = 6


class PlainSHADE(PlainSearch):
    """SHADE (Tanabe and Fukunaga 2013) with the constants of L-SHADE (2014) and a constant population.

    A row is a genome, which parents it has (see `lineage`), and its F and CR; 0 where it was not made by them.
    """

    def __init__(self, problem: Any, *, population: int = 20, greediness: float = 0.11, archive: float = 2.6) -> None:
        super().__init__(problem)
        self.population = population
        self.top = max(2, round(greediness * population))
        self.capacity = round(archive * population)

    def first(self, generator: np.random.Generator) -> State:
        """Return memories of 0.5 and an empty archive."""
        return {
            "factors": np.full(PLACES, 0.5),
            "rates": np.full(PLACES, 0.5),
            "place": np.array(0.0),
            "archive": np.empty((0, self.size)),
        }

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return first genomes without parents, or a trial for each individual, which is its parent."""
        if "genomes" not in state:
            return np.column_stack([self.sample(self.population, generator), np.zeros((self.population, 4))])
        ranks = [self.rank(values) for values in state["values"]]
        leaders = sorted(range(self.population), key=lambda place: ranks[place], reverse=True)[: self.top]
        return np.array([self.trial(state, place, leaders, generator) for place in range(self.population)])

    def trial(self, state: State, place: int, leaders: Sequence[int], generator: np.random.Generator) -> Floats:
        """Return the trial of one individual, and what it was made by."""
        genomes, x = state["genomes"], state["genomes"][place]
        memory = generator.integers(PLACES)
        factor = 0.0
        while factor <= 0:
            factor = state["factors"][memory] + 0.1 * generator.standard_cauchy()
        factor = min(1.0, factor)
        middle = state["rates"][memory]
        rate = 0.0 if middle == -1 else float(np.clip(generator.normal(middle, 0.1), 0, 1))
        best = genomes[generator.choice(leaders)]
        pool = np.concatenate([genomes, state["archive"]])
        one = generator.choice([other for other in range(len(genomes)) if other != place])
        another = generator.choice([other for other in range(len(pool)) if other not in (place, one)])
        mutant = x + factor * (best - x) + factor * (pool[one] - pool[another])
        mutant = np.where(
            mutant < self.low, (self.low + x) / 2, np.where(mutant > self.high, (self.high + x) / 2, mutant)
        )
        sure = generator.integers(self.size)
        taken = (generator.random(self.size) < rate) | (np.arange(self.size) == sure)
        return np.append(np.where(taken, mutant, x), [1, place, factor, rate])

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return the individuals after selection, with what was learned from trials that are better."""
        genomes, scores = rows[:, : self.size].copy(), values.copy()
        factors, rates, place = state["factors"].copy(), state["rates"].copy(), int(state["place"])
        archive, successes = list(state["archive"]), []
        for k in range(len(rows) if "genomes" in state else 0):
            old, new = self.rank(state["values"][k]), self.rank(values[k])
            if new > old:
                archive.append(state["genomes"][k])
                successes.append((new[1] - old[1], *rows[k, -2:]))
            if old > new:
                genomes[k], scores[k] = state["genomes"][k], state["values"][k]
        if successes:
            gains, weights, crossings = np.array(successes).T
            finite = np.isfinite(gains)
            # What had failed before improved by as much as the greatest improvement.
            gains = np.where(finite, gains, 1.0 if not finite.any() else gains[finite].max())
            gains = gains / gains.max()
            factors[place] = (gains * weights**2).sum() / (gains * weights).sum()
            if rates[place] == -1 or crossings.max() == 0:
                rates[place] = -1
            else:
                rates[place] = (gains * crossings**2).sum() / (gains * crossings).sum()
            place = (place + 1) % PLACES
        return {
            "genomes": genomes,
            "values": scores,
            "factors": factors,
            "rates": rates,
            "place": np.array(float(place)),
            "archive": np.array(archive[-self.capacity :] if self.capacity else []).reshape(-1, self.size),
            **self.with_best(state, rows[:, : self.size], values),
        }


def shade_rows(strategy: Any, population: Sequence[Any]) -> Floats:
    """Return genomes, parents, F and CR of a generation, [P, D + 4]."""
    made = [strategy.tried[str(one.id)].numpy() if one.parents else np.zeros(2) for one in population]
    return np.column_stack([differential_rows(strategy, population), np.array(made)])

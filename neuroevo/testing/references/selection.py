"""Selection, `select(fitness, *, k, generator, …) -> indices`, one draw after the other; the greater fitness wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Fitness = NDArray[np.float64]


def tournament(fitness: Fitness, *, k: int, size: int, generator: np.random.Generator) -> list[int]:
    """Return winners of tournaments with entrants drawn with replacement (Goldberg and Deb 1991; DEAP)."""
    winners = []
    for _ in range(k):
        entrants = [int(generator.integers(len(fitness))) for _ in range(size)]
        winners.append(max(entrants, key=lambda one: fitness[one]))
    return winners


def tournament_without_replacement(fitness: Fitness, *, k: int, size: int, generator: np.random.Generator) -> list[int]:
    """Return winners of tournaments whose entrants are different individuals (Eiben and Smith 2015, section 5.2.3)."""
    winners = []
    for _ in range(k):
        entrants = generator.choice(len(fitness), min(size, len(fitness)), replace=False)
        winners.append(int(max(entrants, key=lambda one: fitness[one])))
    return winners


def group_tournament(fitness: Fitness, *, k: int = 0, size: int, generator: np.random.Generator) -> list[int]:
    """Return the best of each group of the shuffled population, in the order of the groups."""
    del k
    order = generator.permutation(len(fitness))
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    return [int(max(group, key=lambda one: fitness[one])) for group in groups]


def roulette(fitness: Fitness, *, k: int, generator: np.random.Generator) -> list[int]:
    """Return draws in proportion to the fitness, which is at least 0 (Holland 1975, chapter 6)."""
    chosen = []
    for _ in range(k):
        spin, place = generator.random() * fitness.sum(), 0
        while spin >= fitness[place]:
            spin, place = spin - fitness[place], place + 1
        chosen.append(place)
    return chosen


def stochastic_universal(fitness: Fitness, *, k: int, generator: np.random.Generator) -> list[int]:
    """Return what k equally spaced pointers on one wheel hit (Baker 1987)."""
    distance = fitness.sum() / k
    start, ends = generator.random() * distance, np.cumsum(fitness)
    return [int(np.searchsorted(ends, start + number * distance, side="right")) for number in range(k)]


def rank(fitness: Fitness, *, k: int, pressure: float = 2.0, generator: np.random.Generator) -> list[int]:
    """Return draws with probabilities that rise linearly with the rank (Baker 1985; Whitley 1989)."""
    population = len(fitness)
    ranks = np.argsort(np.argsort(fitness, kind="stable"), kind="stable")
    steps = ranks / (population - 1) if population > 1 else np.zeros(1)
    odds = (2 - pressure + 2 * (pressure - 1) * steps) / population
    return [int(one) for one in generator.choice(population, k, p=odds / odds.sum())]


def boltzmann_weights(scores: Fitness, *, temperature: float) -> Fitness:
    """Return exp(score / temperature) as shares of their sum; a score that is no number has none."""
    weights = np.zeros_like(scores)
    known = np.isfinite(scores)
    for row in np.ndindex(scores.shape[:-1]):
        if known[row].any():
            best = scores[row][known[row]].max()
            powers = [math.exp((one - best) / temperature) if np.isfinite(one) else 0.0 for one in scores[row]]
            weights[row] = np.array(powers) / sum(powers)
    return weights


SELECTIONS: Mapping[str, Callable[..., list[int]]] = {
    "tournament": tournament,
    "tournament without replacement": tournament_without_replacement,
    "group tournament": group_tournament,
    "roulette": roulette,
    "stochastic universal": stochastic_universal,
    "rank": rank,
}

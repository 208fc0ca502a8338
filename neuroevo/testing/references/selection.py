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


def exponential_rank(fitness: Fitness, *, k: int, base: float = 0.9, generator: np.random.Generator) -> list[int]:
    """Return draws whose probability falls by a factor with each rank from the best on (Michalewicz 1992, 4.1)."""
    ranks = np.argsort(np.argsort(-fitness, kind="stable"), kind="stable")
    odds = base ** ranks.astype(np.float64)
    return [int(one) for one in generator.choice(len(fitness), k, p=odds / odds.sum())]


def truncation(fitness: Fitness, *, k: int, share: float = 0.5, generator: np.random.Generator) -> list[int]:
    """Return draws from the best share of the population (Mühlenbein and Schlierkamp-Voosen 1993, section 2)."""
    best = np.argsort(-fitness, kind="stable")[: max(1, math.ceil(share * len(fitness)))]
    return [int(one) for one in generator.choice(best, k)]


def sigma_scaling(fitness: Fitness, *, k: int, generator: np.random.Generator) -> list[int]:
    """Return draws in proportion to 1 + (f - mean) / (2 deviations), at least 0.1 (Mitchell 1996, section 5.4)."""
    deviation = fitness.std()
    expected = np.ones(len(fitness)) if deviation == 0 else 1 + (fitness - fitness.mean()) / (2 * deviation)
    expected = np.maximum(expected, 0.1)
    return [int(one) for one in generator.choice(len(fitness), k, p=expected / expected.sum())]


def lexicase(fitness: Fitness, *, k: int, generator: np.random.Generator) -> list[int]:
    """Return the best in one case after the other, in a random order (Spector 2012); fitness [P, M]."""
    return [_filtered(fitness, np.zeros(fitness.shape[1]), generator) for _ in range(k)]


def epsilon_lexicase(fitness: Fitness, *, k: int, generator: np.random.Generator) -> list[int]:
    """Return the same with those that are within the median absolute deviation of the best (La Cava et al. 2016).

    The deviations are those of the whole population, which is the semi-dynamic variant.
    """
    tolerances = np.median(np.abs(fitness - np.median(fitness, axis=0)), axis=0)
    return [_filtered(fitness, tolerances, generator) for _ in range(k)]


def nsga2(fitness: Fitness, *, k: int, generator: np.random.Generator) -> list[int]:
    """Return the first k by their front, and within it by the crowding distance (Deb et al. 2002); fitness [P, M]."""
    del generator
    return sorted(range(len(fitness)), key=crowded_order(fitness).__getitem__)[:k]


def crowded_order(fitness: Fitness) -> list[tuple[int, float]]:
    """Return front and negative crowding distance of each individual: the less, the better (section III, A and B)."""
    fronts, left = [0] * len(fitness), set(range(len(fitness)))
    distances, number = [0.0] * len(fitness), 0
    while left:
        front = [one for one in sorted(left) if not any(_dominates(fitness[other], fitness[one]) for other in left)]
        for one in front:
            fronts[one] = number
        for column in fitness.T:
            order = sorted(front, key=column.__getitem__)
            width = column[order[-1]] - column[order[0]]
            distances[order[0]] = distances[order[-1]] = math.inf
            for before, one, after in zip(order, order[1:], order[2:], strict=False):
                distances[one] += (column[after] - column[before]) / width if width > 0 else 0.0
        left, number = left - set(front), number + 1
    return [(front, -distance) for front, distance in zip(fronts, distances, strict=True)]


def _filtered(fitness: Fitness, tolerances: Fitness, generator: np.random.Generator) -> int:
    left = np.arange(len(fitness))
    for case in generator.permutation(fitness.shape[1]):
        scores = fitness[left, case]
        left = left[scores >= scores.max() - tolerances[case]]
    return int(generator.choice(left))


def _dominates(one: Fitness, other: Fitness) -> bool:
    return bool((one >= other).all() and (one > other).any())


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
    "exponential rank": exponential_rank,
    "truncation": truncation,
    "sigma scaling": sigma_scaling,
    "lexicase": lexicase,
    "epsilon-lexicase": epsilon_lexicase,
    "NSGA-II": nsga2,
}

MERITS: Mapping[str, Callable[[Fitness], list[tuple[int, float]]]] = {"NSGA-II": crowded_order}
"""What individuals are compared by where several that differ are equally good, and the order means nothing."""

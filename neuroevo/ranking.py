"""The order of individuals by fitness, for whole populations at once where these are columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroevo.columns import Floats, Places
from neuroevo.individual import Individual
from neuroevo.population import Population, in_columns


def descending(individuals: Sequence[Individual]) -> Sequence[int] | Places:
    """Return the places of individuals from the best to the worst; equals keep their order."""
    if (known := in_columns(individuals)) is not None:
        return np.lexsort([-key for key in reversed(_keys(known))])
    return sorted(range(len(individuals)), key=lambda place: individuals[place].fitness.order, reverse=True)


def best_place(individuals: Sequence[Individual]) -> int:
    """Return the place of the best individual, the first of equals."""
    if (known := in_columns(individuals)) is None:
        return max(range(len(individuals)), key=lambda place: individuals[place].fitness.order)
    if not known.failed.any() and known.wvalues.shape[1] == 1:
        return int(known.wvalues.argmax())
    rivals = np.arange(len(known))
    for key in _keys(known):
        own = key[rivals]
        rivals = rivals[own == own.max()]
    return int(rivals[0])


def order_of(individuals: Sequence[Individual], place: int) -> tuple[bool, tuple[float, ...]]:
    """Return the key that the fitness of an individual is compared by (see `Fitness`)."""
    if (known := in_columns(individuals)) is None:
        return individuals[place].fitness.order
    return not known.failed[place], tuple(known.wvalues[place].tolist())


def ranks(individuals: Sequence[Individual]) -> Floats:
    """Return 0 for each failed fitness, 1, 2, ... for the others from the worst on, float64 [P].

    Raises:
        ValueError: An individual has no fitness values.
    """
    if (known := in_columns(individuals)) is None:
        return _ranks_one_by_one(individuals)
    keys = _keys(known)
    order = np.lexsort(keys[::-1])
    steps = np.zeros(len(order), dtype=np.bool_)
    for key in keys:
        ranked = key[order]
        steps[1:] |= ranked[1:] != ranked[:-1]
    sound = keys[0][order] == 1
    steps[0] = True
    found = np.empty(len(order))
    found[order] = np.where(sound, np.cumsum(steps & sound), 0)
    return found


def at_least_as_good(first: Sequence[Individual], second: Sequence[Individual]) -> NDArray[np.bool_]:
    """Return whether each individual is no worse than that of the second sequence at its place."""
    known, others = in_columns(first), in_columns(second)
    if known is None or others is None:
        pairs = zip(first, second, strict=True)
        return np.array([one.fitness.order >= other.fitness.order for one, other in pairs], dtype=np.bool_)
    found = np.ones(len(first), dtype=np.bool_)
    # From the last key to the first one, which decides where they differ.
    for own, other in zip(reversed(_keys(known)), reversed(_keys(others)), strict=True):
        found = (own > other) | ((own == other) & found)
    return found


def _keys(population: Population) -> list[Floats]:
    """Return what individuals are compared by, the first thing first: whether they are sound, and weighted values."""
    return [(~population.failed).astype(np.float64), *population.wvalues.T]


def _ranks_one_by_one(individuals: Sequence[Individual]) -> Floats:
    orders = [individual.fitness.order for individual in individuals]
    for individual, order in zip(individuals, orders, strict=True):
        if not order[1]:
            raise ValueError(f"individual {individual.id} has no fitness values; evaluate it before selection.")
    known = sorted({order for order in orders if order[0]})
    rank = {order: place for place, order in enumerate(known, start=1)}
    return np.array([rank.get(order, 0) for order in orders], dtype=np.float64)

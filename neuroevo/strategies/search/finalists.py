"""Which individual a search ends with: the best score of a noisy problem is the luckiest one, and not that of the best.

Finalists are scored again on fresh draws, episodes or minibatches, and the best mean wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from neuroevo.individual import Fitness, Individual

WHICH = ("best", "center", "rescored")
"""What a search can end with."""
RECENT = 3
"""The number of the best of the last generation among the finalists, besides the best of all."""
ROUNDS = 10
"""How often each finalist is scored again."""
FRESH = 2**40
"""The first generation of fresh episodes and minibatches, which no search comes to."""

Values = tuple[float, ...]


def scored_again(
    individuals: Sequence[Individual], score: Callable[[list[Individual]], Sequence[Values]], *, rounds: int = ROUNDS
) -> Individual:
    """Return the individual with the best mean of fresh scores, which is its fitness; the first of equals.

    Args:
        individuals: At least one.
        score: Returns the values of each individual, on the episodes or minibatches of its generation.
        rounds: How often each is scored.
    """
    scores = [score([_copy(one, FRESH + number) for one in individuals]) for number in range(rounds)]
    scored = [_scored(one, own) for one, *own in zip(individuals, *scores, strict=True)]
    return max(scored, key=lambda one: one.fitness.order)


def _scored(one: Individual, scores: Sequence[Values]) -> Individual:
    """Return an individual whose fitness is the mean of some scores."""
    means = [math.fsum(values) / len(scores) for values in zip(*scores, strict=True)]
    return _copy(one, one.generation, Fitness(means, weights=one.fitness.weights))


def _copy(one: Individual, generation: int, fitness: Fitness | None = None) -> Individual:
    scored = one.fitness.unscored() if fitness is None else fitness
    return Individual(one.genome.clone(), scored, id=one.id, parents=one.parents, generation=generation)

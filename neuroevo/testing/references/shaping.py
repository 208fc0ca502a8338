"""Shaping of the fitness of one population, `shape(scores) -> utilities`, one individual after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


def centred_ranks(scores: Scores) -> Scores:
    """Return rank / (P - 1) - 1/2 (OpenAI-ES, arXiv 1703.03864, section 2 and its implementation)."""
    population = len(scores)
    return _tied(scores, lambda below: below / (population - 1) - 0.5 if population > 1 else 0.0)


def nes_utilities(scores: Scores) -> Scores:
    """Return max(0, ln(P/2 + 1) - ln i) over its sum, minus 1/P, i = 1 for the best (arXiv 1106.4487, section 3.1)."""
    population = len(scores)
    weights = [max(0.0, math.log(population / 2 + 1) - math.log(place)) for place in range(1, population + 1)]
    return _tied(scores, lambda below: weights[population - 1 - below] / sum(weights) - 1 / population)


def _tied(scores: Scores, utility: Callable[[int], float]) -> Scores:
    """Give each individual the mean utility of the places that it shares with its equals.

    Args:
        scores: Scores [P]; one that is not finite counts as the worst.
        utility: Takes the number of individuals below a place.
    """
    known = [score if math.isfinite(score) else -math.inf for score in scores]
    utilities = []
    for one in known:
        worse, equal = sum(other < one for other in known), sum(other == one for other in known)
        utilities.append(sum(utility(worse + step) for step in range(equal)) / equal)
    return np.array(utilities, dtype=np.float64)


SHAPINGS: Mapping[str, Callable[[Scores], Scores]] = {
    "centred ranks": centred_ranks,
    "NES utilities": nes_utilities,
}

"""Numbers of evaluations as numbers of generations, for runs that are limited by what they may spend."""

from __future__ import annotations

from neuroevo.strategies.search.base import Search
from neuroevo.strategies.search.neat import NEAT

CHECKPOINT_SECONDS = 5.0
"""Time between two checkpoints of a search, whose generations can take less than writing one."""


def generations_within(search: Search | NEAT, evaluations: int) -> int:
    """Return how many generations a number of evaluations allows, one at least."""
    spent = number = 0
    while (spent := spent + search.size(number)) <= evaluations:
        number += 1
    return max(1, number)

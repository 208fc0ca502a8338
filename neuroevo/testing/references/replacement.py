"""Replacement, `replace(parents, children) -> survivors`, by the numbers of the individuals and their fitness."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Key = tuple[float, ...]
"""The weighted values of an individual, to be maximised; any that is not finite is a failure."""


def generational(parents: Sequence[Key], children: Sequence[Key], *, elites: int = 0) -> list[int]:
    """Return the children, and the best parents in place of worse children (De Jong 1975; elitism)."""
    ours, theirs = range(len(parents)), range(len(parents), len(parents) + len(children))
    everyone = [*parents, *children]
    elite = _first(everyone, ours, elites)
    return _first(everyone, [*theirs, *elite], len(parents) or len(children))


def plus(parents: Sequence[Key], children: Sequence[Key]) -> list[int]:
    """Return the best of parents and children (Rechenberg 1973; Schwefel 1975: (mu + lambda))."""
    ours, theirs = range(len(parents)), range(len(parents), len(parents) + len(children))
    return _first([*parents, *children], [*theirs, *ours], len(parents) or len(children))


def _first(keys: Sequence[Key], numbers: Sequence[int], count: int) -> list[int]:
    """Take the best number again and again; of equals the one that comes first."""
    left = list(numbers)
    taken: list[int] = []
    while left and len(taken) < count:
        winner = left[0]
        for number in left[1:]:
            if _better(keys[number], keys[winner]):
                winner = number
        left.remove(winner)
        taken.append(winner)
    return taken


def _better(one: Key, other: Key) -> bool:
    """Return whether one is greater in the first objective that differs; failures compare by what is left of them."""
    sound, whole = all(map(math.isfinite, one)), all(map(math.isfinite, other))
    if sound != whole:
        return sound
    first, second = ([value if math.isfinite(value) else -math.inf for value in key] for key in (one, other))
    return first > second


REPLACEMENTS: Mapping[str, Callable[..., list[int]]] = {"generational": generational, "plus": plus}
"""Numbers count the parents first, then the children."""

"""Replacement: which parents and children survive.

Every function takes the parents and a generation's children, all scored, and returns as many individuals as there were
parents (in the first generation, without parents, all children). Individuals that failed are the worst; among equals
children come first, and then earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from neuroevo.individual import Individual
from neuroevo.population import joined, taken
from neuroevo.ranking import descending


def generational(
    parents: Sequence[Individual], children: Sequence[Individual], *, elites: int = 0
) -> Sequence[Individual]:
    """Return the children, with the worst replaced by the best parents.

    Args:
        parents: The previous generation.
        children: The new generation.
        elites: Number of parents that survive, if they are better than the children that they would replace.

    Raises:
        ValueError: `elites` is negative, or there are fewer children than parents.
    """
    if elites < 0:
        raise ValueError(f"elites must be at least 0, but it is {elites}.")
    if len(children) < len(parents):
        raise ValueError(f"children must be at least as many as the {len(parents)} parents, but are {len(children)}.")
    wanted = len(parents) or len(children)
    return best(joined(children, best(parents, elites)), wanted) if elites else best(children, wanted)


def plus(parents: Sequence[Individual], children: Sequence[Individual]) -> Sequence[Individual]:
    """Return the best of parents and children."""
    return best(joined(children, parents), len(parents) or len(children))


def best(individuals: Sequence[Individual], count: int) -> Sequence[Individual]:
    """Return the best individuals, best first; equals keep their order."""
    return taken(individuals, descending(individuals)[:count])


OPERATORS = {"replacement.generational": generational, "replacement.plus": plus}

"""Species: kinds of individuals that compete among themselves before they compete with others.

Source: Stanley and Miikkulainen, Evolving Neural Networks through Augmenting Topologies (2002), section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from neuroevo.individual import Individual

PATIENCE = 15
"""Generations without a better best individual, after which a species has no more children (section 4.1)."""
PROTECTED = 2
"""The number of the best species that have children all the same."""


@dataclass
class Species:
    """One kind.

    Attributes:
        number: Distinguishes it from the others of a run.
        representative: The genome that members are compared with.
        members: Its individuals, best first.
        best: The best score that it ever had.
        stale: Generations since then.
    """

    number: int
    representative: object
    members: list[Individual] = field(default_factory=list)
    best: float = -math.inf
    stale: int = 0


def sort_into(
    species: Sequence[Species],
    individuals: Sequence[Individual],
    *,
    alike: Callable[[object, object], bool],
    number: int,
) -> list[Species]:
    """Put each individual into the first species whose representative is like it, or into a new one.

    Args:
        species: Those of the last generation; they are left as they are.
        individuals: A generation, scored.
        alike: Whether two genomes are of one kind.
        number: The number of the next new species.

    Returns:
        The species that have members, with their best score and staleness.
    """
    found = [Species(one.number, one.representative, [], one.best, one.stale) for one in species]
    for individual in individuals:
        for home in found:
            if alike(home.representative, individual.genome):
                break
        else:
            home = Species(number, individual.genome)
            number += 1
            found.append(home)
        home.members.append(individual)
    living = [one for one in found if one.members]
    for one in living:
        one.members.sort(key=lambda member: member.fitness, reverse=True)
        score = one.members[0].fitness.wvalues[0]
        one.stale = 0 if score > one.best else one.stale + 1
        one.best = max(one.best, score)
    return living


def allot(species: Sequence[Species], places: int) -> list[int]:
    """Return how many children each species has: in proportion to its members' mean score above the worst of all.

    A species that has not become better for long has none, unless it is among the two best. Whatever proportions
    leave over goes to the greatest fractions.

    Args:
        species: Species with members.
        places: Children in all.
    """
    scores = [[member.fitness.wvalues[0] for member in one.members] for one in species]
    finite = [score for row in scores for score in row if math.isfinite(score)]
    worst = min(finite, default=0.0)
    ranked = sorted(range(len(species)), key=lambda place: species[place].best, reverse=True)
    shares = [
        sum(score - worst for score in row if math.isfinite(score)) / len(row)
        if species[place].stale < PATIENCE or place in ranked[:PROTECTED]
        else 0.0
        for place, row in enumerate(scores)
    ]
    if not sum(shares):
        shares = [float(len(row)) for row in scores]
    exact = [places * share / sum(shares) for share in shares]
    counts = [int(number) for number in exact]
    rest = sorted(range(len(exact)), key=lambda place: exact[place] - counts[place], reverse=True)
    for place in rest[: places - sum(counts)]:
        counts[place] += 1
    return counts

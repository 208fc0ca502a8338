"""Populations as loops meet them: individuals that wait to be scored belong to the generation that scores them.

Evaluators draw episodes and tasks by `individual.generation`, so the loop sets it and not one class of strategies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from neuroevo.individual import Individual
from neuroevo.population import Population, in_columns


def are_individuals(population: object) -> TypeGuard[Sequence[Individual]]:
    """Return whether this is a sequence of individuals."""
    if isinstance(population, Population):
        return True
    return isinstance(population, Sequence) and all(isinstance(one, Individual) for one in population)


def born_in(generation: int, individuals: Iterable[Individual]) -> None:
    """Set the generation of individuals that wait to be scored, so that evaluators give all of them the same tasks.

    Args:
        generation: The number of the generation, from 0.
        individuals: Those of one generation; scored ones keep theirs.
    """
    if isinstance(individuals, Population) and individuals.born_in(generation):
        return
    for one in individuals:
        if not one.fitness.valid:
            one.generation = generation


def unscored_of(individuals: Sequence[Individual]) -> Sequence[Individual]:
    """Return the individuals that wait to be scored."""
    if in_columns(individuals, scored=False) is not None:
        return individuals
    return [one for one in individuals if not one.fitness.valid]

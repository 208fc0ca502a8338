"""The contract of problems over weight vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from neuroevo.individual import Individual
from neuroevo.space import Space


class Problem(Protocol):
    """Scores individuals with rows [D] of a space as genomes; a picklable evaluator.

    `neuroevo.problems.Function` makes a problem of any Python function, `Supervised` of any module and data.
    """

    @property
    def space(self) -> Space:
        """The space of genomes."""

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each objective, as in DEAP: positive to maximise it, negative to minimise it."""

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the values of one individual."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the values of each individual."""

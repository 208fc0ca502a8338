"""The contract of problems over weight vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from neuroevo.individual import Individual
from neuroevo.space import Space


class Problem(Protocol):
    """Scores individuals whose genomes are rows [D] of a space; a picklable evaluator that says where they lie.

    `neuroevo.problems.Function` makes one of any Python function, `Supervised` one of any module and data.
    """

    @property
    def space(self) -> Space:
        """Where genomes lie."""

    @property
    def weights(self) -> tuple[float, ...]:
        """What each objective counts, as in DEAP: positive to maximise it, negative to minimise it."""

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the values of one individual."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the values of each individual."""

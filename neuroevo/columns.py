"""Individuals that came to be together, column by column, and as objects where they were looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.individual import Fitness, Individual

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Integers = NDArray[np.int64]
Family = tuple[int, ...]
Families = NDArray[np.object_]


@dataclass(eq=False)
class Columns:
    """Individuals that came to be together, column by column.

    Attributes:
        genomes: Their genomes, [P, D].
        weights: Those of their fitness.
        ids: Their lineage ids.
        parents: The ids of the parents of each.
        generations: The generation of each.
        values: Their fitness values, [P, M]; None while they are not scored.
        made: By its row each individual that was looked at: it is the truth from then on.
    """

    genomes: Tensor
    weights: tuple[float, ...]
    ids: Integers
    parents: Families
    generations: Integers
    values: Floats | None = None
    made: dict[int, Individual] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def individual(self, row: int) -> Individual:
        """Return the individual of a row, the same one at each call."""
        if row not in self.made:
            self.made[row] = self._new(row, self.genomes[row])
        return self.made[row]

    def individuals(self) -> list[Individual]:
        """Return the individuals of all rows."""
        if len(self.made) < len(self):
            for row, genome in enumerate(self.genomes.unbind()):
                if row not in self.made:
                    self.made[row] = self._new(row, genome)
        return [self.made[row] for row in range(len(self))]

    def copy_of(self, row: int) -> Individual:
        """Return a copy of the individual of a row that has memory of its own."""
        return self._new(row, self.genomes[row].clone())

    def _new(self, row: int, genome: Tensor) -> Individual:
        fitness = Fitness(() if self.values is None else tuple(self.values[row].tolist()), weights=self.weights)
        return Individual(genome, fitness, int(self.ids[row]), self.parents[row], int(self.generations[row]))


def lineage_of(
    ids: Iterable[int], parents: Iterable[Family], generations: Iterable[int]
) -> tuple[Integers, Families, Integers]:
    """Return ids, parents and generations as columns."""
    numbers, families = np.fromiter(ids, np.int64), np.fromiter(parents, np.object_)
    return numbers, families, np.fromiter(generations, np.int64)

"""What searches for a repertoire have in common: the best solution of each cell of a grid over measures.

The archive is pyribs' `GridArchive` (extra `qd`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neuroevo.individual import Individual
from neuroevo.strategies.search.base import Search, compact
from neuroevo.strategies.search.measures import Measured, archives, check_measures, table_of

CELL_BYTES = 64
"""About what a cell of the archive takes: its measures, objective, place and a flag."""

Gain = tuple[float, float]
"""What an individual does to the archive: 2 and its objective in an empty cell, 1 and by how much it is better than the
elite, or 0 and by how much it is worse."""

LOST: Gain = (-1.0, 0.0)
"""That of an individual that failed."""


class Repertoire(Search):
    """A search for a repertoire: `individuals` are the elites, cell by cell.

    Args:
        problem: What genomes are scored on, with measures.
        population: Children in a generation, P.
        cells: Cells in each measure.
        seed: The run's seed.

    Raises:
        ValueError: The problem has no measures, or there is no cell.
        RuntimeError: pyribs is not installed.
    """

    OBJECTIVES: ClassVar[int | None] = None
    SMALLER = "choose fewer cells or a smaller population"

    def __init__(self, problem: Measured, *, population: int, cells: int, seed: int) -> None:
        check_measures(problem)
        if cells < 1:
            raise ValueError(f"cells must be at least 1, but it is {cells}.")
        self.cells = int(cells ** len(problem.measures))
        super().__init__(problem, population=population, seed=seed)
        self.archive = archives().GridArchive(
            solution_dim=1, dims=[cells] * len(problem.measures), ranges=problem.measures, dtype=np.float64
        )

    def bytes_needed(self) -> int:
        """Return about how many bytes its tensors and the cells of its archive take."""
        return super().bytes_needed() + CELL_BYTES * self.cells

    def tell(self, population: Sequence[Individual]) -> None:
        """Put children into the cells where they are the best."""
        self.insert(population)

    def insert(self, population: Sequence[Individual]) -> list[Gain]:
        """Put children into the cells where they are the best, and return what each would have gained."""
        known = [*self.individuals, *population]
        # The archive keeps places in this list, not genomes.
        gains = self._add(known, range(len(self.individuals), len(known)))
        places = self.archive.data(["index", "solution"])
        order = np.argsort(places["index"], kind="stable")
        self.individuals = compact([known[int(place)] for place in places["solution"][order, 0]])
        self._refill()
        return gains

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        super().load_state_dict(state)
        self._refill()

    @property
    def coverage(self) -> float:
        """The share of cells that hold an elite, in [0, 1]."""
        return len(self.individuals) / int(self.archive.cells)

    def record(self) -> dict[str, Any]:
        """Return coverage, and the sum of the elites' objectives, besides the best value."""
        objectives = table_of(self.individuals)[0] if self.individuals else np.zeros(0)
        return {**super().record(), "coverage": self.coverage, "objective_sum": float(objectives.sum())}

    def _refill(self) -> None:
        """Let the archive hold the elites alone, at their places."""
        self.archive.clear()
        self._add(self.individuals, range(len(self.individuals)))

    def _add(self, individuals: Sequence[Individual], places: range) -> list[Gain]:
        """Add the individuals at some places; those that failed have no cell."""
        fit = [place for place in places if not individuals[place].fitness.failed]
        if not fit:
            return [LOST] * len(places)
        objectives, measures = table_of([individuals[place] for place in fit])
        found = self.archive.add(np.array(fit, dtype=np.float64)[:, np.newaxis], objectives, measures)
        gains = dict(zip(fit, zip(found["status"].tolist(), found["value"].tolist(), strict=True), strict=True))
        return [gains.get(place, LOST) for place in places]

"""What searches for a repertoire have in common: the best solution of each cell of a grid over measures.

The archive is pyribs' `GridArchive` (extra `qd`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuroevo.individual import Individual
from neuroevo.population import failed_of, joined, numbers_of, taken
from neuroevo.strategies.search.base import Search, compact
from neuroevo.strategies.search.measures import Measured, archives, check_measures, table_of

CELL_BYTES = 64
"""About what a cell of the archive takes: its measures, objective, place and a flag."""

Cells = NDArray[np.int64]

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
        self._cells: Cells = np.zeros(0, dtype=np.int64)

    def bytes_needed(self) -> int:
        """Return about how many bytes its tensors and the cells of its archive take."""
        return super().bytes_needed() + CELL_BYTES * self.cells

    def tell(self, population: Sequence[Individual]) -> None:
        """Put children into the cells where they are the best."""
        self.insert(population)

    def insert(self, population: Sequence[Individual]) -> list[Gain]:
        """Put children into the cells where they are the best, and return what each would have gained."""
        gains = self._add(population)
        found = self.archive.data(["index", "solution"])
        order = np.argsort(found["index"])
        cells, numbers = found["index"][order], found["solution"][order, 0].astype(np.int64)
        places = self._places(cells, numbers, population)
        self.individuals, self._cells = compact(taken(joined(self.individuals, population), places)), cells
        return gains

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        super().load_state_dict(state)
        self.archive.clear()
        self._add(self.individuals)
        self._cells = np.sort(self.archive.data("index"))

    @property
    def coverage(self) -> float:
        """The share of cells that hold an elite, in [0, 1]."""
        return len(self.individuals) / int(self.archive.cells)

    def record(self) -> dict[str, Any]:
        """Return coverage, and the sum of the elites' objectives, besides the best value."""
        objectives = table_of(self.individuals)[0] if self.individuals else np.zeros(0)
        return {**super().record(), "coverage": self.coverage, "objective_sum": float(objectives.sum())}

    def _places(self, cells: Cells, numbers: Cells, children: Sequence[Individual]) -> Cells:
        """Return where the individuals with these ids, which hold the cells now, are among old elites and children."""
        olds, news = numbers_of(self.individuals), numbers_of(children)
        place_of = np.full(self.cells, len(olds))
        place_of[self._cells] = np.arange(len(olds))
        places = place_of[cells]
        new = np.append(olds, -1)[places] != numbers
        order = np.argsort(news)
        places[new] = len(olds) + order[np.searchsorted(news, numbers[new], sorter=order)]
        return places

    def _add(self, individuals: Sequence[Individual]) -> list[Gain]:
        """Add individuals, by their ids; those that failed have no cell."""
        status, value = (np.full(len(individuals), lost) for lost in LOST)
        fit = np.flatnonzero(~failed_of(individuals))
        if len(fit):
            sound = taken(individuals, fit)
            # The archive keeps ids, not genomes.
            found = self.archive.add(numbers_of(sound).astype(np.float64)[:, np.newaxis], *table_of(sound))
            status[fit], value[fit] = found["status"], found["value"]
        return list(zip(status.tolist(), value.tolist(), strict=True))

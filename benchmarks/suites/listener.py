"""What a comparison reports while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroevo.benchmarks.suites.cells import Cell
    from neuroevo.benchmarks.suites.condition import Condition
    from neuroevo.benchmarks.suites.contestant import CellPlan, Contestant
    from neuroevo.evolution import Generation


@dataclass(frozen=True)
class Work:
    """What a comparison is about to do.

    Attributes:
        cells: Contestants and seeds that have yet to run.
        finished: How many cells an earlier start finished.
        planned: Gradient steps before transfer by the contestant's name.
        conditions: The conditions of the descendants.
        steps: All updates of the cells, shared pre-training counted once.
    """

    cells: Sequence[CellPlan]
    finished: int
    planned: Mapping[str, int]
    conditions: Sequence[Condition]
    steps: int


class Listener:
    """Hears how a comparison gets on; a subclass overrides what it wants to know. An exception ends the run."""

    def on_start(self, work: Work) -> None:
        """Called before anything is trained."""

    def on_pretrained(self, contestant: Contestant, seed: int) -> None:
        """Called, on any thread, when the network of a contestant and a seed is pre-trained."""

    def on_generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
        """Called after each generation."""

    def on_descendants(self, condition: Condition) -> None:
        """Called when the descendants of a cell have been trained in one condition."""

    def on_cell(self, cell: Cell) -> None:
        """Called when a cell is finished and written."""

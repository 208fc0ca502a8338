"""A printed table of generations: lines in scripts, a table with a bar in notebooks."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

from neuroevo.evolution import Generation
from neuroevo.loggers.notebook import LiveTable, in_notebook
from neuroevo.loggers.scalars import scalars

COLUMNS = ("best_fitness", "mean_fitness", "std_fitness", "evaluations", "seconds")
WIDTH = 10


class Progress:
    """A callback of `evolve` that prints a line for a generation, and the names of the columns before the first one.

    In a notebook it is a table that grows in its place, of which the latest rows are shown, below a bar.

    Args:
        every: Print each generation whose number can be divided by this.
        total: Generations of the run, for the bar.
        columns: Names of `scalars`; those that the first generation lacks are left out.
        write: Called with each line; by default it goes to the notebook, or else to standard output.

    Raises:
        ValueError: `every` or `total` is less than 1.
    """

    def __init__(
        self,
        every: int = 1,
        *,
        total: int | None = None,
        columns: Sequence[str] = COLUMNS,
        write: Callable[[str], object] | None = None,
    ) -> None:
        for name, value in (("every", every), ("total", total)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, but it is {value}.")
        self.every = every
        self.total = total
        self.columns = columns
        self.write = write
        self._add: Callable[[Sequence[str], int], object] | None = None

    def __call__(self, generation: Generation) -> None:
        """Print a generation."""
        done = generation.number + 1
        if generation.number % self.every and done != self.total:
            return
        values = scalars(generation)
        if self._add is None:
            self.columns = [name for name in self.columns if name in values]
            self._add = self._begin(["generation", *map(_short, self.columns)])
        self._add([str(done), *(_number(values.get(name, math.nan)) for name in self.columns)], done)

    def _begin(self, names: Sequence[str]) -> Callable[[Sequence[str], int], object]:
        """Return what adds a row to a table with these columns."""
        if self.write is None and in_notebook():
            return LiveTable(names, self.total).add
        write, widths = self.write or _to_standard_output, [max(WIDTH, len(name)) for name in names]

        def add(cells: Sequence[str], done: int = 0) -> None:
            write("  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))

        add(names)
        return add


def _to_standard_output(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _short(name: str) -> str:
    return name.removesuffix("_fitness")


def _number(value: float) -> str:
    """Return a count as a whole number, and a measure with four digits, so that the numbers of a column line up."""
    if isinstance(value, int) or (abs(value) >= 1e4 and float(value).is_integer()):
        return f"{value:,.0f}"
    return f"{value:#.4g}"

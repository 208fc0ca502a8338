"""A printed table of generations, for scripts and notebooks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from neuroevo.evolution import Generation
from neuroevo.loggers.scalars import scalars

COLUMNS = ("best_fitness", "mean_fitness", "std_fitness", "evaluations", "seconds")
WIDTH = 10


class Progress:
    """A callback of `evolve` that prints a line for a generation, and the names of the columns before the first one.

    Args:
        every: Print each generation whose number can be divided by this.
        columns: Names of `scalars`, without those that there are not.
        write: Called with each line; by default it goes to standard output.

    Raises:
        ValueError: `every` is less than 1.
    """

    def __init__(
        self,
        every: int = 1,
        *,
        columns: Sequence[str] = COLUMNS,
        write: Callable[[str], object] | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, but it is {every}.")
        self.every = every
        self.columns = columns
        self.write = write or _to_standard_output
        self._begun = False

    def __call__(self, generation: Generation) -> None:
        """Print a generation."""
        if generation.number % self.every:
            return
        values = scalars(generation)
        shown = [name for name in self.columns if name in values]
        if not self._begun:
            self.write("  ".join(["generation", *(f"{_short(name):>{_width(name)}}" for name in shown)]))
            self._begun = True
        cells = [f"{generation.number + 1:>10}", *(f"{_number(values[name]):>{_width(name)}}" for name in shown)]
        self.write("  ".join(cells))


def _to_standard_output(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _short(name: str) -> str:
    return name.removesuffix("_fitness")


def _width(name: str) -> int:
    return max(WIDTH, len(_short(name)))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"

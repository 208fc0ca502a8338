"""What takes part in the race."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from neuroevo.benchmarks.race.trial import Trial
from neuroevo.extras import install

OURS = "neuroevo"
ONE_BEST = ("functions", "networks", "episodes")
"""Kinds of problems whose result is one genome: the searches for these can all be compared."""
HELD_OUT = "held-out"
"""The kind of functions that no default and no rule was chosen by."""


@dataclass(frozen=True)
class Entrant:
    """A search of a library with its own defaults.

    Attributes:
        search: Called with a trial, spends its evaluations and returns the genomes that it ends with, [K, D]; on graphs
            the number of evaluations that it took.
        library: The library's name.
        module: The module that it needs.
        kinds: Kinds of challenges that it takes.
        least: Least number of evaluations for each gene with which it can do anything.
        most_genes: The largest genome for which it is practical; None where there is no such limit.
    """

    search: Callable[[Trial], Tensor]
    library: str
    module: str
    kinds: tuple[str, ...] = (*ONE_BEST, HELD_OUT)
    least: int = 0
    most_genes: int | None = None

    def takes(self, kind: str, *, genes: int, evaluations: int) -> bool:
        """Return whether it takes part where there are that many genes and evaluations."""
        fits = self.most_genes is None or genes <= self.most_genes
        return kind in self.kinds and fits and evaluations >= self.least * genes

    @property
    def missing(self) -> str | None:
        """The sentence that says what is not installed; None if it can run."""
        if importlib.util.find_spec(self.module) is not None:
            return None
        what = f"{self.library} on {self.kinds[0]}" if self.library == OURS else self.library
        return f"{what} is left out: the package {self.module} is not installed: {install('peers')}."

"""MAP-Elites: the best solution of every kind, kept in the cells of a grid over measures.

Sources: Mouret and Clune, Illuminating Search Spaces by Mapping Elites (arXiv 1504.04909), algorithm 1; children
come from two elites by the variation of Vassiliades and Mouret (arXiv 1804.03906), equation 2. The archive is
pyribs' `GridArchive` (extra `qd`).

One generation: P elites are drawn, each cell alike, and each is moved by noise and along the line to another elite;
children take the cells that are empty, or whose elites are worse. Defaults: a grid of 20 cells in each measure, P = 100
and steps of 0.2 along the line, as in pyribs' examples. The noise of each gene has a length of its own there, drawn
log-uniformly from 0.003 to 0.3 of the space's spread, as in `multiscale`; that is ours (`docs/search-quality.md`).
Cost of a generation: P evaluations, O(P D) operations, and O(cells D) numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.differential import iso_line
from neuroevo.population import ids_of, taken
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.measures import Measured
from neuroevo.strategies.search.repertoire import Repertoire
from neuroevo.strategies.toolbox import Checks, Verbs

NOISE = 0.3
"""Largest noise of a child, in units of the space's spread."""


class MAPElites(Repertoire):
    """A repertoire: `individuals` are the elites, cell by cell; `result` is the best of all.

    Args:
        problem: What genomes are scored on, with measures: `ARM()` of `neuroevo.problems.function` is one.
        population: Children in a generation, P.
        cells: Cells in each measure.
        seed: The run's seed.
        sigma: Largest noise of a child, one for all genes or one for each; default 0.3 of the space's spread.
        line: Step along the line to another elite, in units of their distance.
        least: Smallest noise of a child's gene, in units of the largest; 1 for the same of all.

    Raises:
        ValueError: The problem has no measures, there is no cell, or `least` lies outside (0, 1].
        RuntimeError: pyribs is not installed.
    """

    VERBS: ClassVar[Verbs] = {
        "select": "select(individuals, k) -> individuals",
        "line": "line(genomes [P, D], others [P, D]) -> genomes [P, D]",
    }
    CHECKS: ClassVar[Checks] = {"select": checks.selected, "line": checks.like(0)}

    def __init__(
        self,
        problem: Measured,
        *,
        population: int = 100,
        cells: int = 20,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        line: float = 0.2,
        least: float = 0.01,
    ) -> None:
        super().__init__(problem, population=population, cells=cells, seed=seed)
        noise = NOISE * self.space.spread if sigma is None else torch.as_tensor(sigma).detach().to(self.space.start)
        if not 0 < least <= 1:
            raise ValueError(f"least must lie in (0, 1], but it is {least}.")
        self.toolbox.register("select", partial(uniform, generator=self.generator))
        self.toolbox.register("line", iso_line, iso=noise, line=line, least=least, generator=self.generator)

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later children of two elites each."""
        if not self.individuals:
            return self.initial_population()
        first, second = (self.toolbox.select(self.individuals, self.population) for _ in range(2))
        families = list(zip(ids_of(first), ids_of(second), strict=True))
        return self.new_individuals(self.toolbox.line(genomes_of(first), genomes_of(second)), families)


def uniform(individuals: Sequence[Individual], k: int, *, generator: torch.Generator) -> Sequence[Individual]:
    """Return k individuals, drawn with replacement and each as likely."""
    return taken(individuals, torch.randint(len(individuals), (k,), generator=generator).numpy())


STRATEGIES = {"map-elites": MAPElites}
NEEDS = {"map-elites": "the extra qd, and a problem with measures (arm)"}

"""What an entrant of the race is given: a problem, a number of evaluations and a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.individual import Fitness, Individual
from neuroevo.problems import Function, Problem
from neuroevo.strategies.search.base import first_mean

FAR = 10
"""Where a problem has no bounds, libraries that need some get the start plus and minus that many spreads."""
TOGETHER = 50
"""Evaluations that have the same episodes, where a problem has some."""
WORST = 1e300
"""The cost of a genome that failed."""

Array = NDArray[np.float64]


class Spent(Exception):
    """All evaluations are spent: other libraries are stopped by it wherever they are."""


@dataclass(eq=False)
class Trial:
    """One search: what is searched, and what may be spent.

    Attributes:
        problem: What genomes are scored on.
        evaluations: Evaluations that may be spent.
        seed: The seed; libraries that take 0 for chance get `seed + 1`.
        spent: Evaluations spent.
        best: The genome with the least cost so far, [D]; None before the first evaluation.
        chosen: The name of the search that an entrant chose; empty if there is nothing to choose.
    """

    problem: Problem
    evaluations: int
    seed: int
    spent: int = 0
    best: Tensor | None = None
    chosen: str = ""
    _least: float = field(default=float("inf"), repr=False)

    @property
    def size(self) -> int:
        """Genes, D."""
        return self.problem.space.size

    @property
    def bounded(self) -> bool:
        """Whether every gene has two bounds."""
        return all(block.bounded for block in self.problem.space.blocks)

    @cached_property
    def start(self) -> Array:
        """Where a distribution begins, [D]: at the same place in all libraries."""
        return first_mean(self.problem.space, self.seed).double().numpy()

    @cached_property
    def spread(self) -> Array:
        """The first standard deviation of each gene, [D]: 0.3 of the width of its bounds."""
        return self.problem.space.spread.double().numpy()

    @property
    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest genes, [D] each; far from the start where there are none."""
        space = self.problem.space
        if self.bounded:
            return space.low.double().numpy(), space.high.double().numpy()
        middle = space.start.double().numpy()
        return middle - FAR * self.spread, middle + FAR * self.spread

    def costs(self, genomes: Any, *, free: bool = False) -> Array:
        """Return the first objective of genomes [P, D], to be minimised, float64 [P] (see `values`)."""
        return self.objectives(genomes, free=free)[:, 0]

    def objectives(self, genomes: Any, *, free: bool = False) -> Array:
        """Return the objectives of genomes [P, D], to be minimised, float64 [P, M] (see `values`)."""
        weights = np.array(self.problem.weights)
        wanted = weights != 0
        found: Array = np.nan_to_num(-weights[wanted] * self.values(genomes, free=free)[:, wanted], nan=WORST)
        return found

    def values(self, genomes: Any, *, free: bool = False) -> Array:
        """Return all values of genomes [P, D] as the problem gives them, float64 [P, M].

        Args:
            genomes: Genes outside the bounds are moved onto them before.
            free: Whether they are left there, where the function is defined everywhere.

        Raises:
            Spent: There are not as many evaluations left.
        """
        start = self.problem.space.start
        rows = torch.tensor(np.asarray(genomes), dtype=start.dtype)
        if not (free and getattr(getattr(self.problem, "function", None), "free", False)):
            rows = self.problem.space.clip(rows)
        if self.spent + len(rows) > self.evaluations:
            raise Spent
        values = self._values(rows)
        self.spent += len(rows)
        costs = np.nan_to_num(-self.problem.weights[0] * values[:, 0], nan=WORST)
        if (least := costs.min()) < self._least:
            self._least, self.best = float(least), rows[int(costs.argmin())].clone()
        return values

    def _values(self, rows: Tensor) -> Array:
        """Return the values of genomes [P, D], float64 [P, M]; functions need no individuals."""
        if isinstance(self.problem, Function):
            found = torch.as_tensor(self.problem.function(rows)).reshape(len(rows), -1)
            return np.asarray(found.double().numpy(), dtype=np.float64)
        return np.array(self.problem.batch(self._individuals(rows)), dtype=np.float64)

    def _individuals(self, rows: Tensor) -> list[Individual]:
        generation = self.spent // TOGETHER
        return [
            Individual(row, Fitness(weights=self.problem.weights), id=self.spent + place, generation=generation)
            for place, row in enumerate(rows.unbind())
        ]

    def found(self, genomes: Any = None) -> Tensor:
        """Return what a search ends with as genomes of the space [K, D]; by default the best one so far."""
        start = self.problem.space.start
        if genomes is None:
            if self.best is None:
                raise RuntimeError("a search must evaluate something before it ends, but it did not.")
            genomes = self.best
        rows = torch.tensor(np.asarray(genomes), dtype=start.dtype)
        return self.problem.space.clip(rows.reshape(-1, self.size))

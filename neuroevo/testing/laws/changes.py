"""What laws of mutation and of crossover have in common: parents in, children out, and samples of many calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.genes import Genes
from neuroevo.testing.laws.law import Case
from neuroevo.testing.laws.purity import ready, seeded
from neuroevo.testing.laws.settings import Grid, combinations
from neuroevo.testing.strategies import seeds

Parents = tuple[Tensor, ...]
Settings = dict[str, Any]
Vary = Callable[..., Parents]
"""`vary(*parents, generator, …) -> children`, each of the shape [P, D]."""

NUMBERS = 20_000
"""Genes that are drawn for a sample, over all calls."""

MOST_CALLS, LEAST_CALLS = 1000, 40


@dataclass(frozen=True)
class Variation:
    """A kind of operators that take parents and return children.

    Attributes:
        genes: What genomes consist of.
        parents: The number of parents: 1 of a mutation, usually 2 of a crossover.
        children: The number of children.
        rate: Name of the keyword that is the probability to change a gene, whose value laws choose; None if there is
            none.
        grid: Values of other settings, of which those without a default are needed.
    """

    genes: Genes
    parents: int = 1
    children: int = 1
    rate: str | None = None
    grid: Grid = field(default_factory=dict)

    def of(self, operator: Any) -> Vary:
        """Return an operator as a function whose children are a tuple."""
        needed = combinations(operator, self.grid)[0]

        def vary(*parents: Tensor, generator: torch.Generator, **settings: Any) -> Parents:
            made = ready(operator)(*parents, generator=generator, **needed, **settings)
            return tuple(made) if isinstance(made, tuple | list) else (made,)

        return vary

    def draw(self, case: Case, rows: int, length: int) -> Parents:
        """Draw parents [rows, length] each."""
        names = ["genomes"] if self.parents == 1 else [f"parent {number}" for number in range(self.parents)]
        return tuple(case.draw(name, batches(self.genes, rows, length, parent)) for parent, name in enumerate(names))

    def shapes(self, case: Case, known: Iterable[tuple[int, int, float]]) -> Iterator[tuple[int, int, Settings]]:
        """Yield rows P, genes D and the settings of a case's batches, one after the other."""
        for rows, length, share in case.each("batch", known):
            settings = {} if self.rate is None else {self.rate: share}
            yield rows, self.genes.length or max(length, self.genes.least), settings


def changes(
    vary: Vary, parents: Parents, *, seed: int, calls: int | None = None, settings: Settings | None = None
) -> Sample:
    """Return how children differ from parents [P, D] in calls with one generator.

    Args:
        vary: The operator.
        parents: Its parents.
        seed: The generator's seed.
        calls: Number of calls N; as many as are needed by default.
        settings: Its settings.

    Returns:
        [N, P, C D], the C children side by side, each less the parent in its place.
    """
    generator = seeded(seed)
    litters = [
        vary(*(one.clone() for one in parents), generator=generator, **(settings or {}))
        for _ in range(calls or calls_for(parents[0].numel()))
    ]
    before = [exact(parents[place % len(parents)]) for place in range(len(litters[0]))]
    return np.stack([np.concatenate([exact(child) for child in litter], 1) for litter in litters]) - np.concatenate(
        before, 1
    )


def calls_for(size: int, *, numbers: int = NUMBERS) -> int:
    """Return how often an operator is called for a sample, if a call draws `size` numbers."""
    return max(LEAST_CALLS, min(MOST_CALLS, numbers // max(1, size)))


def exact(numbers: Tensor) -> NDArray[np.float64]:
    """Return a tensor in double precision."""
    return numbers.detach().cpu().double().numpy()


def pairs_of(length: int, width: int) -> list[tuple[int, int]]:
    """Return places that are looked at together in children side by side.

    Args:
        length: Genes of a child: neighbours at both ends and in the middle, and the two ends.
        width: Genes of all children: the first and the last gene of the first one with those of the second.
    """
    starts = {0, length // 2 - 1, length - 2} & set(range(length - 1))
    ends = [(0, length - 1)] if length > 2 else []
    between = [(gene, length + gene) for gene in sorted({0, length - 1})] if width > length else []
    return [*((start, start + 1) for start in sorted(starts)), *ends, *between]


def batches(genes: Genes, rows: int, length: int, parent: int = 0) -> SearchStrategy[Tensor]:
    """Draw genomes [rows, length]: spread between the bounds, at the bounds, or anywhere within.

    Args:
        genes: What they consist of.
        rows: Number of genomes.
        length: Number of genes.
        parent: The number of the parent; all but the first are spread at random, so that no two are equal.
    """
    shape = (rows, length)
    # The simplest seed of each parent is another one.
    drawn = seeds().map(lambda seed: torch.rand(shape, generator=seeded(seed + parent), dtype=torch.float64))
    if genes.permutations:
        return drawn.map(lambda shares: shares.argsort(1))
    low, high = genes.ends(length)
    if not parent:
        spread = torch.linspace(0, 1, rows * length + 2, dtype=torch.float64)[1:-1].reshape(shape)
        drawn = (
            st.sampled_from([spread, spread.flip(1), torch.zeros(shape).double(), torch.ones(shape).double()]) | drawn
        )
    return drawn.map(lambda shares: genes.typed(torch.lerp(low, high, shares)))

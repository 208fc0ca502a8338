"""Invariances of searches: what two runs on the same landscape in other coordinates have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.space import Block, Space
from neuroevo.strategies import Strategy
from neuroevo.testing.landscapes import Drawn, Trial
from neuroevo.testing.laws.distribution import Sample, compare
from neuroevo.testing.laws.law import Breach, Case
from neuroevo.testing.laws.lockstep import MakeOn
from neuroevo.testing.laws.trial import steps
from neuroevo.testing.strategies import seeds

GENERATIONS = 4

LEARNED = 8
"""Generations after which samples of a search and of a rotated one are compared."""

NUMBERS = 20_000
"""Genes that are drawn for the comparison."""

CLOSE = 1e-6
"""Largest difference of two runs that differ by rounding."""


class Moved(Trial):
    """A problem whose landscape and start are moved by a number in all genes."""

    def __init__(self, drawn: Drawn, by: float) -> None:
        super().__init__(drawn)
        self.by = by
        self.space = Space(self.space.blocks, self.space.start + by, self.space.anywhere)

    def values_at(self, genomes: Tensor) -> Tensor:
        """Return the values of genomes [P, D], [P, M]."""
        return super().values_at(genomes - self.by)


class Scaled(Trial):
    """A problem whose landscape and space are scaled, each gene by its own number [D]; spaces have no bounds."""

    def __init__(self, drawn: Drawn, by: Tensor) -> None:
        super().__init__(drawn)
        self.by = by
        spreads = (by * self.space.spread).tolist()
        blocks = tuple(Block(name=f"x{gene}", shape=(1,), spread=spread) for gene, spread in enumerate(spreads))
        self.space = Space(blocks, by * self.space.start)

    def values_at(self, genomes: Tensor) -> Tensor:
        """Return the values of genomes [P, D], [P, M]."""
        return super().values_at(genomes / self.by)


class Turned(Trial):
    """A problem whose landscape and start are rotated by a matrix [D, D]; all genes have the same spread."""

    def __init__(self, drawn: Drawn, by: Tensor) -> None:
        super().__init__(drawn)
        self.by = by
        self.space = Space(self.space.blocks, self.space.start @ by.T)

    def values_at(self, genomes: Tensor) -> Tensor:
        """Return the values of genomes [P, D], [P, M]."""
        return super().values_at(genomes @ self.by)


def run(strategy: Strategy, generations: int = GENERATIONS) -> Iterator[list[Individual]]:
    """Yield scored generations."""
    return steps(strategy, generations)


def begun(make: MakeOn, case: Case, settings: SearchStrategy[Mapping[str, Any]]) -> Callable[[Any], Strategy]:
    """Return what makes the strategy of a case on a problem."""
    return partial(make, seed=case.draw("seed", seeds()), **case.draw("settings", settings))


def translated(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    """Judge whether moving landscape and start moves the run."""
    drawn = case.draw("problem", problems)
    by = case.draw("by", st.sampled_from([1.0, -8.0]))
    begin = begun(make, case, settings)
    here, there = begin(drawn()), begin(Moved(drawn, by))
    for number, (own, other) in enumerate(zip(run(here), run(there), strict=True)):
        genomes, moved = genomes_of(own), genomes_of(other) - by
        if not torch.allclose(genomes, moved, rtol=CLOSE, atol=CLOSE):
            raise Breach(f"in generation {number} genomes moved by another distance than the landscape")


def scaled(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    """Judge whether scaling landscape and space scales the run."""
    drawn = case.draw("problem", problems)
    factors = case.draw("by", st.sampled_from([(4.0,), (2.0**-6,), (8.0, 0.5, 2.0)]))
    by = torch.tensor(factors, dtype=torch.float64).repeat(drawn.genes)[: drawn.genes]
    begin = begun(make, case, settings)
    small, large = begin(drawn()), begin(Scaled(drawn, by))
    for number, (own, other) in enumerate(zip(run(small), run(large), strict=True)):
        genomes, scaled = genomes_of(own), genomes_of(other) / by
        if not torch.allclose(genomes, scaled, rtol=CLOSE, atol=CLOSE):
            raise Breach(f"in generation {number} genomes are scaled by another number than the landscape")


def turned(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    """Judge whether rotating landscape and start rotates the run.

    Both learn from the same genomes, rotated for one of them; what they draw then has to be distributed alike.
    """
    drawn = case.draw("problem", problems.filter(lambda one: 1 < one.genes < 10))
    matrix = torch.randn(drawn.genes, drawn.genes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    by = torch.linalg.qr(matrix)[0]
    begin, problem = begun(make, case, settings), drawn()
    here, there = begin(problem), begin(Turned(drawn, by))
    for _ in range(LEARNED):
        own, other = here.toolbox.generate(), there.toolbox.generate()
        for one, twin, values in zip(own, other, problem.batch(own), strict=True):
            twin.genome = by @ one.genome
            one.fitness.values = twin.fitness.values = values
        here.toolbox.update(own)
        there.toolbox.update(other)
    expected, found = _drawn(here), _drawn(there) @ by.numpy()
    centre, size = expected.mean((0, 1)), np.maximum(expected.std((0, 1)), np.finfo(np.float64).tiny)
    try:
        compare((found - centre) / size, (expected - centre) / size, pairs=[(0, 1), (0, drawn.genes - 1)])
    except Breach as error:
        raise Breach(f"after {LEARNED} generations samples differ from the rotated ones: {error}") from None


def _drawn(strategy: Strategy) -> Sample:
    """Return genomes of many generations, [N, P, D]."""
    first = genomes_of(strategy.toolbox.generate())
    calls = max(1, NUMBERS // first.numel())
    return torch.stack([genomes_of(strategy.toolbox.generate()) for _ in range(calls)]).numpy()

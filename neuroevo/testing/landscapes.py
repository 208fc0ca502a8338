"""Problems that are drawn for the laws of searches: easy ones, and those where nothing can be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.space import Block, Space

Values = tuple[float, ...]


def linear(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return a slope over genomes [P, D]."""
    return genomes @ weights


def quadratic(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return a bowl whose axes differ, and whose lowest point is no round number."""
    return (weights.square() * (genomes - weights).square()).sum(-1)


def flat(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return 0 everywhere."""
    del weights
    return 0 * genomes[..., 0]


def tied(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return one of three values, so that many are equal."""
    return (1.5 * torch.sin(genomes @ weights)).round()


def rugged(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return what is as good as random, and equal for equal genomes."""
    return (1e4 * torch.sin(1e3 * (genomes @ weights))) % 1


def failing(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return a bowl, where half is NaN or infinite."""
    kind = (6 * rugged(genomes, weights)).floor()
    scores = quadratic(genomes, weights)
    for number, failure in enumerate((math.nan, math.inf, -math.inf)):
        scores = torch.where(kind == number, failure, scores)
    return scores


def hopeless(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return NaN everywhere."""
    return flat(genomes, weights) + math.nan


def tiny(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return a bowl whose values are near the least number."""
    return 1e-300 * quadratic(genomes, weights)


def huge(genomes: Tensor, weights: Tensor) -> Tensor:
    """Return a bowl whose values are near the greatest number."""
    return 1e290 * quadratic(genomes, weights)


LANDSCAPES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    one.__name__: one for one in (quadratic, linear, tied, failing, flat, rugged, tiny, huge, hopeless)
}


def _free(genes: int, dtype: torch.dtype) -> Space:
    return Space.box(genes, start=torch.linspace(0.5, -1, genes, dtype=dtype), spread=0.7)


def _origin(genes: int, dtype: torch.dtype) -> Space:
    """Return a space that starts at 0, where no step is lost to rounding, however small."""
    return Space.box(genes, spread=1.0, dtype=dtype)


def _box(genes: int, dtype: torch.dtype) -> Space:
    return Space.box(genes, low=-1.5, high=2, dtype=dtype)


def _mixed(genes: int, dtype: torch.dtype) -> Space:
    """Return a space where each third of the genes has other bounds: two, one and none, and other spreads."""
    sizes = [(genes + 2 - place) // 3 for place in range(3)]
    blocks = (
        Block(name="between", shape=(sizes[0],), low=-1.0, high=0.5),
        Block(name="above", shape=(max(1, sizes[1]),), low=0.0, spread=0.3),
        Block(name="anywhere", shape=(max(1, sizes[2]),), spread=2.0),
    )
    return Space(blocks[:genes], torch.full((genes,), 0.25, dtype=dtype))


SPACES: Mapping[str, Callable[[int, torch.dtype], Space]] = {
    "free": _free,
    "box": _box,
    "mixed": _mixed,
    "origin": _origin,
}


@dataclass(frozen=True)
class Drawn:
    """A problem that was drawn, by what it was made of.

    Attributes:
        landscape: Name in `LANDSCAPES`.
        bounds: Name in `SPACES`.
        genes: Genes D.
        weights: The weight of each objective; all have landscapes of that name, with other numbers.
        measures: Numbers in [-1, 1] that describe a genome, which follow the objectives with the weight 0.
        double: Whether genomes are float64; else float32.
        number: Another number makes another landscape of that name.
    """

    landscape: str = "quadratic"
    bounds: str = "free"
    genes: int = 3
    weights: tuple[float, ...] = (-1.0,)
    measures: int = 0
    double: bool = True
    number: int = 0

    def __call__(self) -> Trial:
        """Return the problem."""
        return Trial(self)


class Trial:
    """The problem of a `Drawn`.

    Attributes:
        drawn: What it was made of.
        space: The space of genomes.
        weights: The weight of each value.
        measures: Lowest and highest value of each measure.
    """

    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.space = SPACES[drawn.bounds](drawn.genes, torch.float64 if drawn.double else torch.float32)
        self.weights = drawn.weights + (0.0,) * drawn.measures
        self.measures = ((-1.0, 1.0),) * drawn.measures

    def __call__(self, individual: Individual) -> Values:
        """Return the values of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[Values]:
        """Return the values of each individual."""
        if not individuals:
            return []
        rows: list[list[float]] = self.values_at(genomes_of(individuals, copy=True).double()).tolist()
        return list(map(tuple, rows))

    def values_at(self, genomes: Tensor) -> Tensor:
        """Return the values of genomes float64 [P, D], [P, M]."""
        landscape, count = LANDSCAPES[self.drawn.landscape], len(self.drawn.weights)
        scores = [landscape(genomes, slope) for slope in self._slopes[:count]]
        described = [torch.sin(genomes @ slope) for slope in self._slopes[count:]]
        return torch.stack([*scores, *described], dim=-1)

    @cached_property
    def _slopes(self) -> Tensor:
        """Numbers of each objective and measure, [M, D], none of them 0."""
        generator = torch.Generator().manual_seed(self.drawn.number)
        draws = torch.rand((len(self.weights), self.drawn.genes), generator=generator, dtype=torch.float64)
        return torch.where(draws < 0.5, draws - 1, draws)


GENES = (1, 2, 3, 7, 300)
"""Numbers of genes that are drawn: the smallest ones, an odd one, and more than a byte counts."""

OBJECTIVES = ((-1.0,), (1.0,), (-2.5,))


def drawn_problems(
    *,
    landscapes: Sequence[str] = (*LANDSCAPES,),
    bounds: Sequence[str] = (*SPACES,),
    genes: Sequence[int] = GENES,
    weights: Sequence[tuple[float, ...]] = OBJECTIVES,
    measures: int = 0,
    double: Sequence[bool] = (True,),
) -> SearchStrategy[Drawn]:
    """Draw problems; they shrink to the first of each.

    Args:
        landscapes: Names in `LANDSCAPES`.
        bounds: Names in `SPACES`.
        genes: Numbers of genes D.
        weights: The weights of objectives; by default one that is minimised or maximised.
        measures: Measures that follow the objectives.
        double: Whether genomes are float64, or else float32.
    """
    return st.builds(
        Drawn,
        landscape=st.sampled_from(landscapes),
        bounds=st.sampled_from(bounds),
        genes=st.sampled_from(genes),
        weights=st.sampled_from(weights),
        measures=st.just(measures),
        double=st.sampled_from(double),
        number=st.integers(0, 9),
    )

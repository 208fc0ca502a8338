"""Drawing batches of genomes for the laws of mutation and crossover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.content import same_bits
from neuroevo.testing.laws.law import Breach
from neuroevo.testing.strategies import genomes

Bounds = tuple[float, float]

WITHIN: Bounds = (-10.0, 10.0)
"""Default bounds of genes."""

DTYPES = (torch.float32, torch.float64)
NON_FINITE = (float("nan"), float("inf"), float("-inf"))
LONG = 24
"""Number of genes at which mutants practically never agree by chance."""


Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Genes:
    """What genomes consist of, for the laws of mutation and crossover.

    Attributes:
        bounds: Lowest and highest gene; None for no bounds.
        dtypes: The dtypes of genomes.
        least: Number of genes of the shortest genome.
        permutations: Whether each genome is a permutation of 0, …, D - 1 as int64; bounds and dtypes say nothing then.
    """

    bounds: Bounds | None = None
    dtypes: tuple[torch.dtype, ...] = DTYPES
    least: int = 1
    permutations: bool = False

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of genomes that are not drawn."""
        return torch.int64 if self.permutations else self.dtypes[0]

    def batches(self, *, non_finite: bool = False) -> SearchStrategy[Tensor]:
        """Draw genomes [P, D], small ones, for example `tensor([[0.0, 2.5]])`; shrinks to one gene that is 0.

        Args:
            non_finite: Whether NaN and infinities can be among the genes, if there are no bounds.
        """
        sizes = st.tuples(st.integers(1, 3), st.integers(self.least, max(5, self.least)))
        return sizes.flatmap(lambda size: self._of_size(*size, non_finite=non_finite))

    def pairs(self, *, non_finite: bool = False) -> SearchStrategy[Pair]:
        """Draw two batches of genomes of one shape and dtype."""
        return self.batches(non_finite=non_finite).flatmap(
            lambda first: self._of_size(*first.shape, dtype=first.dtype, non_finite=non_finite).map(
                lambda second: (first, second)
            )
        )

    def copies(self, rows: int, genes: int = LONG) -> Tensor:
        """Return equal genomes [rows, genes], with genes spread between the bounds."""
        if self.permutations:
            return torch.arange(genes).repeat(rows, 1)
        return torch.linspace(*(self.bounds or WITHIN), genes).to(self.dtype).repeat(rows, 1)

    def opposites(self, rows: int, genes: int) -> Pair:
        """Return parents [rows, genes] that differ in every gene, so that the donor of each gene can be identified.

        Permutations of an odd number of genes agree in the middle.
        """
        if self.permutations:
            # A rotation would not do: crossovers that keep the order alone take both for the same.
            first = torch.arange(genes).repeat(rows, 1)
            return first, first.flip(-1)
        low, high = (torch.full((rows, genes), end, dtype=self.dtype) for end in self.bounds or WITHIN)
        return low, high

    def check(self, genomes: Tensor) -> None:
        """Raise Breach unless all genes are finite and within the bounds, if any, as rounded to the dtype."""
        if not genomes.isfinite().all():
            raise Breach(f"finite genes became {genomes.tolist()}")
        if self.bounds is None or self.permutations:
            return
        low, high = torch.tensor(self.bounds, dtype=genomes.dtype)
        if not ((genomes >= low) & (genomes <= high)).all():
            raise Breach(f"{genomes.tolist()} do not lie within {self.bounds}")

    def _of_size(
        self, rows: int, genes: int, *, dtype: torch.dtype | None = None, non_finite: bool
    ) -> SearchStrategy[Tensor]:
        if self.permutations:
            orders = st.lists(st.permutations(range(genes)), min_size=rows, max_size=rows)
            return orders.map(partial(torch.tensor, dtype=torch.int64))
        dtypes = st.sampled_from(self.dtypes) if dtype is None else st.just(dtype)
        return dtypes.flatmap(lambda chosen: _numbers(self, rows, genes, chosen, non_finite and self.bounds is None))


def check_permutations(genomes: Tensor) -> None:
    """Raise Breach unless every row of genomes [P, D] is a permutation of 0, …, D - 1."""
    if not same_bits(genomes.sort(-1).values, torch.arange(genomes.shape[-1]).expand(genomes.shape)):
        raise Breach(f"among {genomes.tolist()} is no permutation of 0 to {genomes.shape[-1] - 1}")


@st.composite
def _numbers(draw: DrawFn, genes: Genes, rows: int, columns: int, dtype: torch.dtype, non_finite: bool) -> Tensor:
    low, high = genes.bounds or WITHIN
    size = rows * columns
    batch = draw(genomes(min_size=size, max_size=size, low=low, high=high, dtype=dtype))
    # The bounds themselves are drawn often.
    ends = [low, high, *(NON_FINITE if non_finite and dtype.is_floating_point else ())]
    places = draw(st.dictionaries(st.integers(0, size - 1), st.sampled_from(ends), max_size=3))
    for place, gene in places.items():
        batch[place] = gene
    return batch.reshape(rows, columns)

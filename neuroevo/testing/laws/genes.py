"""The domain of mutation and crossover: batches of genomes that are tensors, and what is known of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.discrete import Permutations
from neuroevo.space import Space
from neuroevo.testing.laws.content import Leaf, content, same_bits
from neuroevo.testing.laws.law import Breach
from neuroevo.testing.values import LAYOUTS, NON_FINITE, batches, extremes, inside, laid_out, orders, shapes

Bound = float | Sequence[float] | Tensor
"""One bound for all genes, or one for each, [D]."""

Bounds = tuple[Bound, Bound]

WITHIN = (-10.0, 10.0)
"""Bounds of genes that are drawn where there are none."""

DTYPES = (torch.float32, torch.float64)
LONG = 24
"""Number of genes at which mutants practically never agree by chance."""


@dataclass(frozen=True)
class Genes:
    """What genomes consist of, for the laws of mutation and crossover.

    Attributes:
        bounds: Lowest and highest gene, one for all or one for each, [D]; None for no bounds.
        dtypes: The dtypes of genomes.
        least: Number of genes of the shortest genome.
        permutations: Whether each genome is a permutation of 0, …, D - 1 as int64; bounds and dtypes say nothing then.
        length: The number of genes D, if it is fixed.
        leading: Whether batches can have any number of leading dimensions, [..., D].
        layouts: How batches can lie in memory.
    """

    bounds: Bounds | None = None
    dtypes: tuple[torch.dtype, ...] = DTYPES
    least: int = 1
    permutations: bool = False
    length: int | None = None
    leading: bool = False
    layouts: tuple[str, ...] = LAYOUTS

    def __post_init__(self) -> None:
        lengths = {torch.as_tensor(bound).numel() for bound in self.bounds or () if torch.as_tensor(bound).dim()}
        if self.length is not None:
            lengths.add(self.length)
        if len(lengths) > 1:
            raise ValueError(f"bounds, length and space must fix one number of genes, but they fix {sorted(lengths)}.")
        if lengths:
            object.__setattr__(self, "length", lengths.pop())
            object.__setattr__(self, "least", self.length)

    @classmethod
    def of_space(cls, space: Space, **known: object) -> Genes:
        """Return the genes of a space: its bounds, its dtype and its number of genes."""
        facts: dict[str, object] = {"length": space.size, "dtypes": (space.start.dtype,)}
        if isinstance(space, Permutations):
            facts["permutations"] = True
        else:
            facts["bounds"] = (space.low.double(), space.high.double())
        return cls(**{**known, **facts})  # type: ignore[arg-type]

    @property
    def constructs(self) -> bool:
        """Whether batches can be made on purpose, beside those that are drawn."""
        return True

    @property
    def varies(self) -> bool:
        """Whether there is more than one mutant of a genome for certain."""
        return not self.permutations or self.length is None or self.length > 2

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of genomes that are not drawn."""
        return torch.int64 if self.permutations else self.dtypes[0]

    def ends(self, length: int) -> tuple[Tensor, Tensor]:
        """Return finite bounds of genes that are drawn, float64 [length] each, within those of the domain."""
        given = (-math.inf, math.inf) if self.bounds is None else self.bounds
        low, high = (torch.as_tensor(bound, dtype=torch.float64).expand(length).clone() for bound in given)
        width = WITHIN[1] - WITHIN[0]
        open_below, open_above = ~low.isfinite(), ~high.isfinite()
        low[open_below] = torch.where(open_above, WITHIN[0], high - width)[open_below]
        high[open_above] = torch.where(open_below, WITHIN[1], low + width)[open_above]
        return low, high

    def batches(self, *, extreme: bool = False, non_finite: bool = False) -> SearchStrategy[Tensor]:
        """Draw genomes [P, D], for example `tensor([[0.0, 2.5]])`; shrinks to one gene that is 0.

        Most are small, some have up to 300 rows or genes; equal genes, equal rows and bounds are often among them.

        Args:
            extreme: Whether numbers at the dtype's ends can be among the genes, if there are no bounds.
            non_finite: Whether NaN and infinities can be, likewise.
        """
        return self.parents(1, extreme=extreme, non_finite=non_finite).map(lambda batches: batches[0])

    def parents(
        self, number: int, *, extreme: bool = False, non_finite: bool = False
    ) -> SearchStrategy[tuple[Tensor, ...]]:
        """Draw batches of genomes of one shape and dtype."""
        given = shapes(least=self.least, length=self.length, leading=self.leading)
        dtypes = st.just(torch.int64) if self.permutations else st.sampled_from(self.dtypes)
        return st.tuples(given, dtypes).flatmap(
            lambda facts: st.tuples(*[self._batches(*facts, extreme, non_finite)] * number)
        )

    def copies(self, rows: int, genes: int = LONG) -> Tensor:
        """Return equal genomes [rows, genes], with genes spread between the bounds."""
        length = self.length or genes
        if self.permutations:
            return torch.arange(length).repeat(rows, 1)
        shares = torch.linspace(0, 1, length, dtype=torch.float64) if length > 1 else torch.tensor([0.5])
        low, high = self.ends(length)
        return self.typed(torch.lerp(low, high, shares.double())).repeat(rows, 1)

    def rows_for(self, genes: int) -> int:
        """Return how many rows together have that number of genes, at least 2."""
        return max(2, math.ceil(genes / (self.length or LONG)))

    def opposites(self, rows: int, genes: int, number: int = 2) -> tuple[Tensor, ...]:
        """Return parents [rows, genes] that differ in every gene, so that the donor of each gene can be identified.

        Permutations of an odd number of genes agree in the middle.
        """
        length = self.length or genes
        if self.permutations:
            # A rotation would not do: crossovers that keep the order alone take both for the same.
            orders = [torch.arange(length), torch.arange(length).flip(-1)]
            return tuple(orders[place % 2].repeat(rows, 1) for place in range(number))
        low, high = self.ends(length)
        shares = [place / (number - 1) for place in range(number)]
        return tuple(self.typed(torch.lerp(low, high, share)).repeat(rows, 1) for share in shares)

    def check(self, genomes: Tensor) -> None:
        """Raise Breach unless all genes are finite and within the bounds, if any, as rounded to the dtype."""
        if not genomes.isfinite().all():
            raise Breach(f"finite genes became {genomes.tolist()}")
        if self.bounds is None or self.permutations:
            return
        low, high = (torch.as_tensor(bound, dtype=torch.float64).to(genomes.dtype) for bound in self.bounds)
        if not ((genomes >= low) & (genomes <= high)).all():
            raise Breach(f"{genomes.tolist()} do not lie within {self.bounds}")

    def facts(self, genomes: Tensor) -> tuple[object, ...]:
        """Return what every batch of mutants has in common with its genomes."""
        return tuple(genomes.shape), genomes.dtype, genomes.device.type

    def same(self, first: Tensor, second: Tensor) -> bool:
        """Return whether two batches are equal bit for bit."""
        return same_bits(first, second)

    def copy(self, genomes: Tensor) -> Tensor:
        """Return genomes with memory of their own."""
        return genomes.detach().clone()

    def content(self, thing: object) -> dict[str, Leaf]:
        """Return a snapshot of arguments or results."""
        return content(thing)

    def typed(self, numbers: Tensor) -> Tensor:
        """Return numbers in the dtype of genomes that are not drawn."""
        return numbers.to(self.dtype) if self.dtype.is_floating_point else numbers.round().to(self.dtype)

    def _batches(
        self, shape: tuple[int, ...], dtype: torch.dtype, extreme: bool, non_finite: bool
    ) -> SearchStrategy[Tensor]:
        if self.permutations:
            return orders(shape).flatmap(self._laid_out)
        low, high = (inside(bound, dtype, up=up) for bound, up in zip(self.ends(shape[-1]), (True, False), strict=True))
        free = self.bounds is None and dtype.is_floating_point
        special = (*(extremes(dtype) if free and extreme else ()), *(NON_FINITE if free and non_finite else ()))
        return batches(shape, dtype, low, high, special).flatmap(self._laid_out)

    def _laid_out(self, batch: Tensor) -> SearchStrategy[Tensor]:
        return laid_out(batch, self.layouts)


def check_permutations(genomes: Tensor) -> None:
    """Raise Breach unless every row of genomes [P, D] is a permutation of 0, …, D - 1."""
    if not same_bits(genomes.sort(-1).values, torch.arange(genomes.shape[-1]).expand(genomes.shape)):
        raise Breach(f"among {genomes.tolist()} is no permutation of 0 to {genomes.shape[-1] - 1}")

"""The domain of mutation and crossover: genomes of any kind, which a strategy of the user draws."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.content import Leaf, content, same_bits, storages
from neuroevo.testing.laws.genes import LONG, Genes

Batch = Any
"""A tensor [P, D], or a list of P genomes of any kind."""


def alike(first: Any, second: Any) -> bool:
    """Return whether two genomes are equal: tensors bit for bit, arrays number by number, others by `==`."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return same_bits(first, second)
    if isinstance(first, np.ndarray):
        return bool(np.array_equal(first, second))
    return bool(first == second)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a foreign genome was like, compared as the user says."""

    value: Any
    equal: Callable[[Any, Any], bool]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and bool(self.equal(self.value, other.value))

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Given:
    """Genomes that a strategy of the user draws, for the laws of mutation and crossover.

    Attributes:
        genes: What is known of genomes that are tensors.
        genomes: Draws batches: tensors [P, D], or lists of genomes of any kind.
        typical: A genome that has many mutants, for laws that make batches on purpose; None if there is none.
        equal: Whether two genomes, or two snapshots, are equal.
        snapshot: Makes of a genome what it is compared by later, with memory of its own.
    """

    genes: Genes
    genomes: SearchStrategy[Batch]
    typical: Any = None
    equal: Callable[[Any, Any], bool] = alike
    snapshot: Callable[[Any], Any] = copy.deepcopy

    @property
    def constructs(self) -> bool:
        """Whether batches can be made on purpose, beside those that are drawn."""
        return self.typical is not None

    @property
    def varies(self) -> bool:
        """Whether there is more than one mutant of a genome for certain."""
        return self.typical is not None

    def batches(self, *, extreme: bool = False, non_finite: bool = False) -> SearchStrategy[Batch]:
        """Draw a batch.

        Raises:
            TypeError: A genome does not equal its own snapshot, so that nothing can be judged.
        """
        del extreme, non_finite
        return self.genomes.map(self._comparable)

    def parents(
        self, number: int, *, extreme: bool = False, non_finite: bool = False
    ) -> SearchStrategy[tuple[Batch, ...]]:
        """Draw batches of equally many genomes."""
        del extreme, non_finite
        return st.tuples(*[self.batches()] * number).map(_fitting)

    def copies(self, rows: int, genes: int = LONG) -> Batch:
        """Return a batch with the typical genome as every row."""
        del genes
        if isinstance(self.typical, Tensor):
            return self.typical.detach().repeat(rows, 1)
        return [copy.deepcopy(self.typical) for _ in range(rows)]

    def rows_for(self, genes: int) -> int:
        """Return 2: the typical genome is rich enough."""
        del genes
        return 2

    def check(self, genomes: Batch) -> None:
        """Raise Breach unless the genes of tensors are finite and within the bounds, if any."""
        if isinstance(genomes, Tensor):
            self.genes.check(genomes)

    def facts(self, genomes: Batch) -> tuple[object, ...]:
        """Return what every batch of mutants has in common with its genomes."""
        return self.genes.facts(genomes) if isinstance(genomes, Tensor) else (len(genomes), type(genomes).__name__)

    def same(self, first: Batch, second: Batch) -> bool:
        """Return whether two batches are equal."""
        return self.content(first) == self.content(second)

    def copy(self, genomes: Batch) -> Batch:
        """Return a batch with memory of its own."""
        return genomes.detach().clone() if isinstance(genomes, Tensor) else copy.deepcopy(genomes)

    def content(self, thing: object) -> dict[str, Leaf]:
        """Return a snapshot of arguments or results."""
        return {
            path: (Snapshot(self.snapshot(one), self.equal),) if foreign else content(one)[""]
            for path, one, foreign in _genomes(thing)
        }

    def _comparable(self, genomes: Batch) -> Batch:
        if not self.same(genomes, genomes):
            raise TypeError("a genome must equal its own snapshot, but it does not; give equal= or snapshot=.")
        return genomes

    def memory(self, thing: object) -> dict[int, str]:
        """Return the addresses of tensors and of genomes that can be changed in place, with the path of one of them."""
        found: dict[int, str] = {}
        for path, one, _ in _genomes(thing):
            found |= dict.fromkeys(storages(one), path) if isinstance(one, Tensor) else {}
            found |= {id(one): path} if _changeable(one) else {}
        return found


def _genomes(thing: object, path: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Yield tensors and the genomes of lists, with their paths and whether they are foreign."""
    if isinstance(thing, Mapping):
        for name, inner in thing.items():
            yield from _genomes(inner, f"{path}[{name!r}]" if path else str(name))
    elif isinstance(thing, tuple):
        for place, inner in enumerate(thing):
            yield from _genomes(inner, f"{path}[{place}]")
    elif isinstance(thing, list):
        for place, genome in enumerate(thing):
            yield f"{path}[{place}]", genome, True
    else:
        yield path, thing, False


def _changeable(genome: object) -> bool:
    return type(genome).__hash__ in (None, object.__hash__)


def _fitting(batches: tuple[Batch, ...]) -> tuple[Batch, ...]:
    """Return batches of as many genomes as the shortest has; where tensors differ in D, the first one reordered."""
    first = batches[0]
    if isinstance(first, Tensor) and any(one.shape[1:] != first.shape[1:] for one in batches):
        return tuple(first.roll(place, 0) for place in range(len(batches)))
    fewest = min(map(len, batches))
    return tuple(one[:fewest] for one in batches)

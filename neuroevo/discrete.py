"""Spaces of genomes that are no weight vectors: bits, integers and permutations, rows of one tensor [P, D]."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import ClassVar

import torch
from torch import Tensor

from neuroevo.space import Block, Space

LARGEST = 2**53
"""Largest size of an integer gene: up to it doubles, by which it is drawn, hold every integer."""


class Bits(Space):
    """The space of bit strings, bool [D]; a search starts with bits that are drawn evenly.

    Args:
        size: The number of bits, D.

    Raises:
        ValueError: `size` is below 1.
    """

    KIND: ClassVar[str] = "bits"

    def __init__(self, size: int) -> None:
        check_size(size, 1)
        block = Block(name="x", shape=(size,), low=0, high=1)
        super().__init__((block,), torch.zeros(size, dtype=torch.bool), anywhere=True)

    def clip(self, genomes: Tensor) -> Tensor:
        """Return genomes [..., D] as they are.

        Raises:
            TypeError: They are no bits.
        """
        _check_dtype(genomes, torch.bool, "bits")
        return genomes

    def sample(self, count: int, *, generator: torch.Generator) -> Tensor:
        """Return initial genomes, bool [count, D]."""
        return torch.randint(2, (count, self.size), generator=generator).bool().to(self.start.device)


class Integers(Space):
    """The space of integers within bounds, int64 [D]; a search starts with integers that are drawn uniformly.

    Args:
        size: The number of genes, D.
        low: Lowest value of a gene.
        high: Highest value of a gene, inclusive.

    Raises:
        ValueError: `size` is below 1, a bound is above 2^53 in size, or `low` is not below `high`.
        TypeError: A bound is no integer.
    """

    KIND: ClassVar[str] = "integers"

    def __init__(self, size: int, *, low: int, high: int) -> None:
        check_size(size, 1)
        self._begin([_integers("x", (size,), low, high)])

    @classmethod
    def named(cls, **bounds: tuple[int, int]) -> Integers:
        """Return the space of one gene for each name, each with bounds of its own.

        `Integers.named(layers=(1, 4), width=(8, 256))` is a space of two genes; `split` gives them by name.

        Args:
            **bounds: Lowest and highest value of each gene, inclusive.
        """
        space = cls.__new__(cls)
        space._begin([_integers(name, (), low, high) for name, (low, high) in bounds.items()])
        return space

    def _begin(self, blocks: Sequence[Block]) -> None:
        size = sum(block.size for block in blocks)
        super().__init__(tuple(blocks), torch.zeros(size, dtype=torch.int64), anywhere=True)
        object.__setattr__(self, "start", self.clip(self.start))

    def clip(self, genomes: Tensor) -> Tensor:
        """Return genomes [..., D] with every gene clipped to its bounds.

        Raises:
            TypeError: They are not int64.
        """
        _check_dtype(genomes, torch.int64, "integers")
        return super().clip(genomes)

    def sample(self, count: int, *, generator: torch.Generator) -> Tensor:
        """Return initial genomes, int64 [count, D]."""
        drawn = uniform_integers((count, self.size), self.low, self.high, generator=generator)
        return drawn.to(self.start.device)


class Permutations(Space):
    """The space of permutations of 0, …, D - 1, int64 [D]; a search starts with any of them, drawn evenly.

    Args:
        size: The number of things that are put in order, D.

    Raises:
        ValueError: `size` is below 2.
    """

    KIND: ClassVar[str] = "permutations"

    def __init__(self, size: int) -> None:
        check_size(size, 2)
        block = Block(name="x", shape=(size,), low=0, high=size - 1)
        super().__init__((block,), torch.arange(size), anywhere=True)

    def clip(self, genomes: Tensor) -> Tensor:
        """Return genomes [..., D] as they are.

        Raises:
            ValueError: One of them is no permutation.
            TypeError: They are not int64.
        """
        _check_dtype(genomes, torch.int64, "permutations")
        if not bool((genomes.sort(-1).values == self.start).all()):
            raise ValueError(
                f"genomes must be permutations of 0 to {self.size - 1}, but an operator returned others; register one "
                "that keeps permutations, such as those of neuroevo.operators.permutations."
            )
        return genomes

    def sample(self, count: int, *, generator: torch.Generator) -> Tensor:
        """Return initial genomes, int64 [count, D]."""
        # In double precision ties between keys are negligible, so that every order is equally likely.
        drawn = torch.rand((count, self.size), generator=generator, dtype=torch.float64).argsort(-1)
        return drawn.to(self.start.device)


def uniform_integers(
    shape: tuple[int, ...], low: int | Tensor, high: int | Tensor, *, generator: torch.Generator
) -> Tensor:
    """Return integers that are drawn uniformly, int64 of the shape on the CPU.

    Args:
        shape: The wanted shape.
        low: Lowest value, one for all or a tensor that fits the shape.
        high: Highest value, inclusive, likewise.
        generator: A generator of the CPU.
    """
    least, greatest = (torch.as_tensor(bound, dtype=torch.int64).cpu() for bound in (low, high))
    draws = torch.rand(shape, generator=generator, dtype=torch.float64)
    # A product may be rounded up to the number of values.
    return torch.minimum(least + (draws * (greatest - least + 1)).long(), greatest)


def check_size(size: int, least: int) -> None:
    """Raise ValueError unless a genome has enough genes."""
    if size < least:
        raise ValueError(f"size, the number of genes D, must be at least {least}, but it is {size}.")


def _integers(name: str, shape: tuple[int, ...], low: int, high: int) -> Block:
    try:
        low, high = index(low), index(high)
    except TypeError:
        raise TypeError(f"the bounds of {name} must be integers, but they are {low!r} and {high!r}.") from None
    if max(abs(low), abs(high)) > LARGEST:
        raise ValueError(f"the bounds of {name} must lie within -2^53 and 2^53, but they are {low} and {high}.")
    return Block(name=name, shape=shape, low=low, high=high)


def _check_dtype(genomes: Tensor, wanted: torch.dtype, kind: str) -> None:
    if genomes.dtype != wanted:
        raise TypeError(
            f"genomes must be {wanted} in a space of {kind}, but they are {genomes.dtype}; register operators that "
            "keep the dtype."
        )

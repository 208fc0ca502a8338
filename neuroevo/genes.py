"""Genomes as values: whether two are equal, and an individual as the sequence of its genes, as DEAP's tools see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.spelling import shown


class GenomeView:
    """What an individual shares with its genome: equality, length, and its genes by place.

    Individuals are equal if their genomes are, as DEAP's containers need it (`HallOfFame`, `ParetoFront`), so they
    can't be hashed; use `id` as a key, and to distinguish them. Numbers are taken out of a tensor [D] as Python's own,
    slices as lists of them: copies, so that `a[i:j], b[i:j] = b[i:j], a[i:j]` exchanges genes.
    """

    genome: Any
    id: int

    def __eq__(self, other: object) -> bool:
        return equal(self.genome, other.genome) if isinstance(other, GenomeView) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    # An individual without genes is one, too.
    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        """Return the number of genes, or the length of another genome.

        Raises:
            TypeError: The genome has no length.
        """
        return len(self._with("__len__"))

    def __iter__(self) -> Iterator[Any]:
        genome = self._with("__iter__")
        return iter(genome.tolist() if isinstance(genome, Tensor) else genome)

    def __getitem__(self, place: Any) -> Any:
        """Return a gene, or the genes of a slice as a list.

        Raises:
            TypeError: The genome has no places.
        """
        genome = self._with("__getitem__")
        return genome[_places(genome, place)].tolist() if isinstance(genome, Tensor) else genome[place]

    def __setitem__(self, place: Any, genes: Any) -> None:
        """Write a gene, or the genes of a slice, into the genome itself; operators do so in clones only.

        Raises:
            TypeError: The genome has no places, or its dtype can't hold the genes.
            ValueError: A slice of a tensor would change its length.
        """
        genome = self._with("__setitem__")
        if not isinstance(genome, Tensor):
            genome[place] = genes
            return
        written = genome.detach()
        new, place = as_genes(genes, genome), _places(genome, place)
        if new.shape != written[place].shape:
            raise ValueError(
                f"genes of individual {self.id} must keep the length of the tensor that they are in, but {new.numel()} "
                f"are written in place of {written[place].numel()}; from_deap calls functions that change the length."
            )
        written[place] = new

    def _with(self, method: str) -> Any:
        """Return the genome, which must have a method."""
        if hasattr(self.genome, method):
            return self.genome
        raise TypeError(
            f"individual {self.id} must have a sequence of genes as genome to be used as one, but it has "
            f"{'None' if self.genome is None else f'a {type(self.genome).__name__}'}."
        )


def _places(genome: Tensor, place: Any) -> Any:
    """Return a place for a tensor: a slice as its places one by one, because tensors know no negative steps."""
    return list(range(len(genome))[place]) if isinstance(place, slice) else place


def as_genes(genes: Any, like: Tensor) -> Tensor:
    """Return a number or numbers as a new tensor with the dtype and device of a genome.

    Raises:
        TypeError: They are no numbers, or the dtype can't hold them: nothing is cut or rounded to whole numbers.
    """
    try:
        row = torch.as_tensor(genes, dtype=like.dtype, device=like.device).clone()
        wanted = genes.tolist() if hasattr(genes, "tolist") else genes
        kept = row.is_floating_point() or row.tolist() == (wanted if row.dim() == 0 else list(wanted))
    except (TypeError, ValueError, RuntimeError, OverflowError):
        kept = False
    if not kept:
        raise TypeError(
            f"genes must be numbers that {str(like.dtype).removeprefix('torch.')} can hold, but they are "
            f"{shown(genes)}."
        )
    return row


def equal(first: Any, second: Any) -> bool:
    """Return whether two genomes have the same content: tensors, arrays, containers and dataclasses by what they hold.

    Tensors of different dtypes differ; NaN equals NaN.
    """
    if first is second:
        return True
    if isinstance(first, Tensor | np.ndarray) or isinstance(second, Tensor | np.ndarray):
        return type(first) is type(second) and _equal_arrays(first, second)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if type(first) is type(second) in (list, tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    if type(first) is type(second) and is_dataclass(first) and type(first).__eq__ is object.__eq__:
        return all(equal(getattr(first, one.name), getattr(second, one.name)) for one in fields(first))
    return bool(first == second or (first != first and second != second))


def _equal_arrays(first: Any, second: Any) -> bool:
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    if isinstance(first, Tensor):
        second = second.to(first.device)
    alike = (first == second) | ((first != first) & (second != second))
    return bool(alike.all())

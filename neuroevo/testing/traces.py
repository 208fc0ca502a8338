"""Traces of what operators are given and return: which individuals, what content, and what memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.graph import Graph
from neuroevo.individual import Individual, genomes_of
from neuroevo.population import Population

Span = tuple[int, int]
"""The first and the last address of a tensor's memory."""


def is_individual(thing: object) -> bool:
    """Return whether a thing is an individual, ours or any with a fitness."""
    return isinstance(thing, Individual) or (hasattr(thing, "fitness") and hasattr(thing.fitness, "wvalues"))


def individuals_in(thing: object) -> list[Any]:
    """Return the individuals in sequences and mappings, in their order."""
    if is_individual(thing):
        return [thing]
    parts = (
        thing.values() if isinstance(thing, Mapping) else thing if isinstance(thing, list | tuple | Population) else ()
    )
    return [one for part in parts for one in individuals_in(part)]


def trace(thing: object) -> object:
    """Return what equals the trace of the same thing later if its content is unchanged."""
    if isinstance(thing, list | tuple | Population) and alike(thing):
        # All genomes at once: populations are the rows of one tensor.
        return _checksum(genomes_of(thing)), [_facts(one) for one in thing]
    if is_individual(thing):
        return trace(getattr(thing, "genome", None)), _facts(thing), _elements(thing)
    if isinstance(thing, Tensor):
        return _checksum(thing)
    if isinstance(thing, np.ndarray):
        return thing.shape, zlib.crc32(np.ascontiguousarray(thing).view(np.uint8).data)
    return _elements(thing)


def alike(things: Sequence[Any]) -> bool:
    """Return whether things are individuals, at least one, whose genomes fit into one tensor."""
    if not all(isinstance(one, Individual) and isinstance(one.genome, Tensor) for one in things):
        return False
    return len({(one.genome.shape, one.genome.dtype) for one in things}) == 1


def _elements(thing: object) -> object:
    if isinstance(thing, Graph):
        return hash(thing)
    if isinstance(thing, Mapping):
        return [(key, trace(value)) for key, value in thing.items()]
    if isinstance(thing, list | tuple | Population):
        return [trace(one) for one in thing]
    if is_dataclass(thing) and not isinstance(thing, type):
        return [trace(getattr(thing, one.name)) for one in fields(thing)]
    return repr(thing) if isinstance(thing, bool | int | float | str | bytes) else id(thing)


def _facts(one: Any) -> object:
    if isinstance(one, Individual):
        # Its weighted values hold no NaN, which would differ from itself.
        return one.id, one.parents, one.generation, one.fitness.wvalues
    return repr(one.fitness.wvalues)


def _checksum(tensor: Tensor) -> object:
    if tensor.device.type == "meta" or not tensor.numel():
        return tensor.shape, tensor.dtype
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return tensor.shape, tensor.dtype, zlib.crc32(flat.view(torch.uint8).numpy().data)


def tensors_in(thing: object) -> Iterator[Tensor]:
    """Yield the tensors in sequences, mappings, dataclasses and genomes."""
    if isinstance(thing, Individual):
        thing = thing.genome
    if isinstance(thing, Tensor):
        yield thing
        return
    for part in _parts(thing):
        yield from tensors_in(part)


def _parts(thing: object) -> Iterable[object]:
    if isinstance(thing, Mapping):
        return thing.values()
    if isinstance(thing, list | tuple | Population):
        return thing
    if is_dataclass(thing) and not isinstance(thing, type | Graph):
        return [getattr(thing, one.name) for one in fields(thing)]
    return ()


def spans(tensors: Iterable[Tensor]) -> list[Span]:
    """Return the memory of tensors that have any, in ascending order."""
    found = (tensor for tensor in tensors if tensor.numel() and tensor.device.type != "meta")
    return sorted((tensor.data_ptr(), tensor.data_ptr() + _reach(tensor) - 1) for tensor in found)


def _reach(tensor: Tensor) -> int:
    """Return the number of bytes from the first element to the end of the last one."""
    if tensor.is_contiguous():
        return tensor.numel() * tensor.element_size()
    steps = sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return (1 + steps) * tensor.element_size()


def overlap(first: list[Span], second: list[Span]) -> bool:
    """Return whether two ascending lists of spans have an address in common."""
    place = 0
    for start, end in first:
        while place < len(second) and second[place][1] < start:
            place += 1
        if place < len(second) and second[place][0] <= end:
            return True
    return False

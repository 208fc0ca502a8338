"""The report of an inheritance."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Inheritance:
    """What an heir inherited.

    Attributes:
        weights: The heir's tensors by name, with the inherited slices written in.
        slots: Per group the channels of the heir that hold genes, int64, in the order of the learngene's channels;
            none in groups that got no genes.
        full: Tensors that were inherited completely.
        part: Tensors that were inherited in part.
        untouched: Tensors that were not inherited at all (the head, counters of batches, and what a partial learngene
            lacks).
        share: Inherited parameters as a share of the heir's (without its head).
        frozen: Tensors that the heir's training must leave as they are.
        filled: Tensors of surplus layers that pass the genes on unchanged or add nothing to them.
        notes: What was dropped, narrowed, adapted or added for another structure, one sentence each.
    """

    weights: dict[str, Tensor]
    slots: dict[str, Tensor]
    full: tuple[str, ...]
    part: tuple[str, ...]
    untouched: tuple[str, ...]
    share: float
    frozen: frozenset[str] = frozenset()
    filled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

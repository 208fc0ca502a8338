"""Channel groups: which axes of a network's tensors must share one index set."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from math import prod

Axes = tuple[str | None, ...]


@dataclass(frozen=True)
class Layout:
    """The channel groups of a backbone and the tensors that they cut.

    A learngene keeps one index set per group and reads every tensor at those indices, so each kept channel reads
    kept channels only: a closed circuit. The classifier head is not listed.

    Attributes:
        groups: Channels of each group, in the order from input to output.
        axes: For each tensor the group of each of its axes, the output axis first; None marks an axis that is always
            kept whole (input channels, kernel height and width).
        shapes: For each tensor its full shape.
        buffers: The tensors that are no parameters (running statistics).
    """

    groups: Mapping[str, int]
    axes: Mapping[str, Axes]
    shapes: Mapping[str, tuple[int, ...]]
    buffers: frozenset[str] = frozenset()

    @property
    def features(self) -> str:
        """The group whose channels are the features that the head reads: the last one."""
        return [*self.groups][-1]

    def parameters(self, counts: Mapping[str, int] | None = None, *, tensors: Container[str] | None = None) -> int:
        """Return the number of parameters of a circuit.

        Args:
            counts: Channels per group; default all of them.
            tensors: Names of the tensors that count; default all of them.
        """
        counts = self.groups if counts is None else counts
        tensors = self.axes if tensors is None else tensors
        return sum(
            prod(
                length if group is None else counts[group]
                for length, group in zip(self.shapes[name], axes, strict=True)
            )
            for name, axes in self.axes.items()
            if name in tensors and name not in self.buffers
        )

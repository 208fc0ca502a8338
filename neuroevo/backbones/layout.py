"""Channel groups: which axes of a network's tensors must share one index set."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    # Type checkers do not accept a cached property where a protocol has a property.
    from builtins import property as cached_property
else:
    from functools import cached_property

__all__ = ["Axes", "Layer", "Layout", "Segment", "cached_property", "length"]

Axes = tuple[str | tuple[str | None, ...] | None, ...]

Segment = tuple[str | None, int]
"""A stretch of an axis: the group whose channels lie there one behind the other, and the neighbouring places of each.

Without a group it is a stretch that is always kept whole, and the number is its length.
"""


class Layer(NamedTuple):
    """Modules that are inherited together, for example a convolution and the norm that follows it.

    Attributes:
        modules: Their names, or names of bare tensors; the first one's `weight` is the layer's.
        branch: Whether the layer is on a branch that is added to the main path (a shortcut, or a residual block with
            an identity around it). If it inherits nothing, it adds nothing to gene channels; a layer of the main path
            passes them on unchanged.
    """

    modules: tuple[str, ...]
    branch: bool = False


@dataclass(frozen=True)
class Layout:
    """The channel groups of a backbone and the tensors that they slice.

    A learngene keeps one index set per group and reads every tensor at those indices, so each kept channel reads
    kept channels only: a closed circuit. The classifier head is not listed.

    Attributes:
        groups: Channels of each group, in the order from input to output.
        axes: For each tensor the group of each of its axes, the output axis first; None marks an axis that is always
            kept whole (input channels, kernel height and width), and a tuple one that is a concatenation.
        shapes: For each tensor its full shape.
        buffers: The tensors that are not parameters (running statistics).
        blocks: For each tensor with an axis on which a channel has several neighbouring places (the rows of an
            attention head, the pixels of a flattened map) the places per channel on each of its axes; for a
            concatenation a tuple, with the length of each stretch that is kept whole.
        stages: The layers of each stage, from input to output, for inheritance by another depth or architecture;
            none if the backbone does not define them.
        pixels: Number of neighbouring features per channel of the last group, as read by the head.
        head: The segments of the features that the head reads; by default those of the last group.
        outputs: The number of the output axis of tensors where it is not the first one (a table of positions).
    """

    groups: Mapping[str, int]
    axes: Mapping[str, Axes]
    shapes: Mapping[str, tuple[int, ...]]
    buffers: frozenset[str] = frozenset()
    blocks: Mapping[str, tuple[int | tuple[int, ...], ...]] = field(default_factory=dict)
    stages: tuple[tuple[Layer, ...], ...] = ()
    pixels: int = 1
    head: tuple[Segment, ...] = ()
    outputs: Mapping[str, int] = field(default_factory=dict)

    @property
    def features(self) -> tuple[Segment, ...]:
        """The segments of the features that the head reads."""
        return self.head or (([*self.groups][-1], self.pixels),)

    def segments(self, name: str) -> tuple[tuple[Segment, ...], ...]:
        """Return the segments of each axis of a tensor."""
        axes, shape = self.axes[name], self.shapes[name]
        blocks = self.blocks.get(name) or (1,) * len(axes)
        return tuple(
            tuple(zip(group, block, strict=True))
            if isinstance(group, tuple) and isinstance(block, tuple)
            else ((None, whole),)
            if group is None
            else ((str(group), int(block)),)  # type: ignore[arg-type]
            for group, block, whole in zip(axes, blocks, shape, strict=True)
        )

    def output(self, name: str) -> int:
        """Return the number of a tensor's output axis."""
        return self.outputs.get(name, 0)

    def shape(self, name: str, counts: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape of a tensor's slice with `counts` channels per group."""
        return tuple(length(segments, counts) for segments in self.segments(name))

    def parameters(self, counts: Mapping[str, int] | None = None, *, tensors: Container[str] | None = None) -> int:
        """Return the number of parameters of a circuit.

        Args:
            counts: Channels per group; default all of them.
            tensors: Names of the tensors to count; default all of them.
        """
        counts = self.groups if counts is None else counts
        tensors = self.axes if tensors is None else tensors
        return sum(prod(self.shape(name, counts)) for name in self.axes if name in tensors and name not in self.buffers)

    def tensors(self, layer: Layer) -> dict[tuple[int, str], str]:
        """Return a layer's tensors by the number of their module and their name in it."""
        return {
            (number, name[len(module) :]): name
            for number, module in enumerate(layer.modules)
            for name in self.axes
            if name == module or name.startswith(f"{module}.")
        }


def length(segments: tuple[Segment, ...], counts: Mapping[str, int]) -> int:
    """Return the length of an axis with `counts` channels per group."""
    return sum(block if group is None else counts[group] * block for group, block in segments)

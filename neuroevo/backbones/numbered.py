"""The numbers that say to which channel each element of a tensor belongs, and how operations tie channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor

Node = Any
"""A node of torch.fx, by whose own types every argument could be any of twenty."""

WHOLE = 0
"""The number of elements that belong to no channel: images, constants."""

PADDING = -1
"""The number of elements that may belong to any channel: the zeros of a padding."""

FIRST = 1 << 40
"""The first number of a channel. Smaller positive ones are elements of parameters, which belong to the channels that
they meet and tie nothing."""


@dataclass(frozen=True, eq=False)
class Numbered:
    """A tensor of the graph.

    Attributes:
        numbers: The channel of each element, int64 of the tensor's shape; expanded along axes where it does not change.
        parameter: The name of the module's parameter or buffer, if it is one as it is.
    """

    numbers: Tensor
    parameter: str = ""


@dataclass
class Followed:
    """What is known of a graph when all of it has been followed.

    Attributes:
        values: The value of each node: a `Numbered`, a constant tensor or a number.
        ties: Pairs of numbers that belong together, int64 [2, n] each.
        channels: How many channels have numbers.
        elements: How many elements of parameters have numbers.
        weights: For each weight of a convolution or linear layer the channels on its first two axes.
        beside: Pairs of tensors, of which the second is broadcast to the first.
        fixed: Tensors with the number of an axis that can't be cut, because it is read by position.
    """

    values: dict[Node, Any] = field(default_factory=dict)
    ties: list[Tensor] = field(default_factory=list)
    channels: int = 0
    elements: int = 0
    weights: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    beside: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    fixed: list[tuple[Tensor, int]] = field(default_factory=list)

    def new_channels(self, count: int) -> Tensor:
        """Return numbers of channels that were not given yet."""
        self.channels += count
        return FIRST + torch.arange(self.channels - count, self.channels)

    def new_elements(self, shape: tuple[int, ...]) -> Tensor:
        """Return numbers of elements that were not given yet."""
        self.elements += prod(shape)
        return 1 + torch.arange(self.elements - prod(shape), self.elements).reshape(shape)

    def tie(self, one: Tensor, other: Tensor) -> None:
        """Tie the channels at the same places of two tensors, after broadcasting."""
        one, other = torch.broadcast_tensors(one, other)
        for axis in range(one.ndim):
            if one.stride(axis) == 0 and other.stride(axis) == 0 and one.shape[axis] > 1:
                one, other = one.narrow(axis, 0, 1), other.narrow(axis, 0, 1)
        both = (one > 0) & (other > 0) & (one != other)
        if both.any():
            self.ties.append(torch.stack([one[both], other[both]]))

    def gathered(self, numbers: Tensor, axes: list[int]) -> Tensor:
        """Tie the channels along some axes, and return the numbers with these axes of length 1."""
        axes = [axis for axis in axes if numbers.shape[axis] > 1]
        for axis in axes:
            if numbers.stride(axis) == 0:
                numbers = numbers.narrow(axis, 0, 1)
        rest = [axis for axis in axes if numbers.shape[axis] > 1]
        if not rest:
            return numbers
        first = numbers.amax(rest, keepdim=True)
        self.tie(first, numbers)
        return first


class Refusal(Exception):
    """An operation that can't be followed."""


def compact(numbers: Tensor) -> Tensor:
    """Return the same numbers, expanded along axes where they do not change, so that they need little memory."""
    small = numbers
    for axis, length in enumerate(numbers.shape):
        if length > 1 and (small.stride(axis) == 0 or bool((small == small.narrow(axis, 0, 1)).all())):
            small = small.narrow(axis, 0, 1)
    if small.numel() < small.untyped_storage().nbytes() // 8:
        small = small.clone()
    return small.expand(numbers.shape)


def numbers_of(value: Any) -> Tensor:
    """Return the numbers of a value's elements; those of a constant belong to no channel."""
    if isinstance(value, Numbered):
        return value.numbers
    return torch.zeros((), dtype=torch.int64).expand(value.shape)


def pointwise(found: Followed, values: list[Any]) -> Numbered:
    """Return the numbers of a result of which each element comes from those at its place in these tensors."""
    tensors = [one for one in values if isinstance(one, Numbered | Tensor)]
    every = torch.broadcast_tensors(*(numbers_of(one) for one in tensors))
    result = every[0]
    for one in every[1:]:
        found.tie(result, one)
        result = compact(torch.maximum(result, one))
    if len(tensors) > 1:
        found.beside.extend((result, numbers_of(one)) for one in tensors)
    return Numbered(result)

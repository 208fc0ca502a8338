"""The places of channels in tensors, one by one (`neuroevo.operators.places`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.backbones.layout import Segment
from neuroevo.testing.references.inheritance import kept_places

Places = NDArray[np.int64]


def expanded(channels: Tensor, block: int) -> Places:
    """List the places of each channel."""
    return np.array(
        [channel * block + place for channel in channels.tolist() for place in range(block)], dtype=np.int64
    )


def along(segments: tuple[Segment, ...], layout: Layout, indices: Mapping[str, Tensor]) -> Places:
    """List the places of the channels of each segment; a segment without a group has one place of its whole length."""
    places, start = [], 0
    for group, block in segments:
        channels = [0] if group is None else indices[group].tolist()
        places += [start + channel * block + place for channel in channels for place in range(block)]
        start += block * (1 if group is None else layout.groups[group])
    return np.array(places, dtype=np.int64)


def features_of(layout: Layout, slots: Mapping[str, Tensor]) -> Places:
    """List the places of the features; they are those of the last group unless the layout has others."""
    return along(layout.head or (([*layout.groups][-1], layout.pixels),), layout, slots)


def cut(layout: Layout, name: str, indices: Mapping[str, Tensor], tensor: Tensor) -> NDArray[np.float32]:
    """Return the part of a tensor that is addressed."""
    part: NDArray[np.float32] = tensor.numpy()[np.ix_(*kept_places(layout, name, indices))]
    return part


def per_channel(
    segments: tuple[Segment, ...], values: Tensor, counts: Mapping[str, int]
) -> dict[str, NDArray[np.float32]]:
    """Add each value to its channel."""
    sums = {group: np.zeros(counts[group], dtype=np.float32) for group, _ in segments if group is not None}
    numbers = iter(values.tolist())
    for group, block in segments:
        for channel in range(1 if group is None else counts[group]):
            for _ in range(block):
                value = next(numbers)
                if group is not None:
                    sums[group][channel] += value
    return sums

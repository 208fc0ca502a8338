"""The places of a circuit's channels in the tensors of a network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.backbones.layout import Segment, length


def expanded(channels: Tensor, block: int) -> Tensor:
    """Return the places, int64, of channels on an axis where each channel has `block` neighbouring ones."""
    return channels if block == 1 else (channels.unsqueeze(1) * block + torch.arange(block)).flatten()


def along(segments: tuple[Segment, ...], layout: Layout, indices: Mapping[str, Tensor]) -> Tensor:
    """Return the places, int64, of the channels at `indices` on an axis of these segments."""
    places, start = [], 0
    for group, block in segments:
        channels = torch.arange(1) if group is None else indices[group]
        places.append(start + expanded(channels, block))
        start += block if group is None else layout.groups[group] * block
    return places[0] if len(places) == 1 else torch.cat(places)


def features_of(layout: Layout, slots: Mapping[str, Tensor]) -> Tensor:
    """Return the indices, int64, of the features of the channels at `slots`: the head's columns."""
    return along(layout.features, layout, slots)


def grid(layout: Layout, name: str, indices: Mapping[str, Tensor], tensor: Tensor) -> tuple[Tensor, ...]:
    """Return index tensors that together address the part of a tensor at the indices of its groups."""
    return outer([along(segments, layout, indices) for segments in layout.segments(name)], tensor)


def per_channel(segments: tuple[Segment, ...], values: Tensor, counts: Mapping[str, int]) -> dict[str, Tensor]:
    """Return the sums of values [n] along an axis of these segments per channel of each group, [counts[group]]."""
    sums: dict[str, Tensor] = {}
    parts = values.split([length((segment,), counts) for segment in segments])
    for (group, block), part in zip(segments, parts, strict=True):
        if group is not None:
            sums[group] = part.reshape(-1, block).sum(1) + sums.get(group, 0)
    return sums


def places_per_channel(layout: Layout) -> dict[str, int]:
    """Return how many features a channel of each group gives: the width of a head, or 1 of a filter."""
    places: dict[str, int] = {}
    for name in layout.axes:
        for group, block in layout.segments(name)[layout.output(name)]:
            if group is not None:
                # Where a map is flattened, what reads it has a place for each of a channel's pixels.
                places[group] = min(block, places.get(group, block))
    return places


def outer(places: list[Tensor], tensor: Tensor) -> tuple[Tensor, ...]:
    """Return one index tensor per axis, shaped so that together they address the outer product of the places."""
    grid = []
    for axis, index in enumerate(places):
        shape = [1] * tensor.ndim
        shape[axis] = -1
        grid.append(index.to(tensor.device).reshape(shape))
    return tuple(grid)


def cross_masks(layout: Layout, slots: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return per tensor a bool mask of its cross weights (non-gene input channel -> gene output channel).

    Tensors without cross weights (biases, norms, the first layer, whole circuits) have no entry. What is always kept
    whole belongs to the genes.
    """
    masks = {}
    for name, axes in layout.axes.items():
        genes = [_genes(segments, layout, slots) for segments in layout.segments(name)]
        rows = layout.output(name)
        crossing = [axis for axis in range(len(axes)) if axis != rows and not genes[axis].all()]
        if crossing:
            outside = torch.zeros(layout.shapes[name], dtype=torch.bool)
            for axis in crossing:
                outside |= _lying(~genes[axis], axis, len(axes))
            masks[name] = outside & _lying(genes[rows], rows, len(axes))
    return masks


def _genes(segments: tuple[Segment, ...], layout: Layout, slots: Mapping[str, Tensor]) -> Tensor:
    """Return which places of an axis belong to genes, bool."""
    genes = torch.zeros(length(segments, layout.groups), dtype=torch.bool)
    return genes.index_fill_(0, along(segments, layout, slots), True)


def _lying(vector: Tensor, axis: int, axes: int) -> Tensor:
    """Return a vector as a tensor that has its entries along one of several axes."""
    return vector.reshape([-1 if each == axis else 1 for each in range(axes)])

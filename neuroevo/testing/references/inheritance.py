"""Reading a learngene from a network and writing it into another one, place by place.

For `neuroevo.operators.inheritance` (after GTL, arXiv 2401.08139): an axis of a tensor is a list of channels, and what
happens to a weight follows from the channels that it lies between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.backbones import Backbone, Layout
from neuroevo.learngene import Learngene
from neuroevo.operators.inherited import Inheritance
from neuroevo.testing.references.circuits import channel_places

Weights = Mapping[str, Tensor]
Mask = NDArray[np.bool_]


def kept_places(layout: Layout, name: str, indices: Mapping[str, Tensor]) -> list[list[int]]:
    """Return for each axis of a tensor the places of the channels at the indices, and of what is kept whole."""
    found = []
    for axis in channel_places(layout, name):
        kept = {(None, 0), *((group, channel) for group in indices for channel in indices[group].tolist())}
        found.append([place for place, channel in enumerate(axis) if channel in kept])
    return found


def cut_out(
    weights: Weights,
    indices: Mapping[str, Tensor],
    *,
    backbone: Backbone,
    provenance: Mapping[str, Tensor],
    tensors: Collection[str] | None = None,
) -> Learngene:
    """Read what lies between kept channels."""
    layout = backbone.layout
    wanted = [name for name in layout.axes if tensors is None or name in tensors]
    arrays = {name: weights[name].detach().numpy()[np.ix_(*kept_places(layout, name, indices))] for name in wanted}
    return Learngene(
        backbone, dict(indices), {name: torch.from_numpy(array) for name, array in arrays.items()}, dict(provenance)
    )


def crossing(layout: Layout, name: str, slots: Mapping[str, Tensor]) -> Mask:
    """Return which weights lead from a channel that is no gene to one that is, bool, shaped as the tensor."""
    kept = zip(layout.shapes[name], kept_places(layout, name, slots), strict=True)
    genes = [np.isin(range(length), places) for length, places in kept]
    inside = np.zeros(layout.shapes[name], dtype=bool)
    inside[np.ix_(*genes)] = True
    reached = np.zeros(layout.shapes[name], dtype=bool)
    rows: list[Mask] = [np.ones(len(gene), dtype=bool) for gene in genes]
    output = layout.outputs.get(name, 0)
    rows[output] = genes[output]
    reached[np.ix_(*rows)] = True
    return reached & ~inside


def _axes(
    layout: Layout, name: str, slots: Mapping[str, Tensor]
) -> list[tuple[list[tuple[str | None, int]], list[int]]]:
    return [*zip(channel_places(layout, name), kept_places(layout, name, slots), strict=True)]


def cross_masks(layout: Layout, slots: Mapping[str, Tensor]) -> dict[str, Mask]:
    """Return the masks of the tensors that read anything outside of the circuit."""
    masks = {}
    for name in layout.axes:
        reads = [axis for axis in range(len(layout.axes[name])) if axis != layout.outputs.get(name, 0)]
        lengths = [len(kept) for kept in kept_places(layout, name, slots)]
        if any(lengths[axis] < layout.shapes[name][axis] for axis in reads):
            masks[name] = crossing(layout, name, slots)
    return masks


def fits(learngene: Learngene, layout: Layout) -> bool:
    """Return whether all tensors have the same axes, in pieces of the same length, and room for all genes."""
    ancestor = learngene.backbone.layout
    return (
        {**ancestor.axes} == {**layout.axes}
        and not any(len(indices) > layout.groups[group] for group, indices in learngene.indices.items())
        and all(ancestor.segments(name) == layout.segments(name) for name in layout.axes)
    )


def gene_slots(learngene: Learngene, layout: Layout) -> dict[str, Tensor]:
    """Keep the places of genes if the group is as wide as the ancestor's, else take the first ones."""
    widths = learngene.backbone.layout.groups
    return {
        group: indices if widths[group] == layout.groups[group] else torch.arange(len(indices))
        for group, indices in learngene.indices.items()
    }


def inherit_whole(learngene: Learngene, weights: Weights, *, layout: Layout, cross: str = "zero") -> Inheritance:
    """Write a learngene into a network of the same structure that it fits."""
    slots = gene_slots(learngene, layout)
    heir = {name: tensor.detach().clone() for name, tensor in weights.items()}
    for name, part in learngene.slices.items():
        array = heir[name].numpy()
        if cross == "zero":
            array[crossing(layout, name, slots)] = 0
        places = kept_places(layout, name, slots)
        array[np.ix_(*places)] = part.numpy()
    held = [name for name in layout.axes if name in learngene.slices]
    written = {name: learngene.slices[name].numel() for name in held}
    return Inheritance(
        weights=heir,
        slots=slots,
        full=tuple(name for name in held if written[name] == heir[name].numel()),
        part=tuple(name for name in held if written[name] < heir[name].numel()),
        untouched=tuple(name for name in weights if name not in held),
        share=share_of(written, layout),
    )


def share_of(written: Mapping[str, int], layout: Layout) -> float:
    """Return the written parameters as a share of the network's, both without head and statistics."""
    counted = [name for name in layout.axes if name not in layout.buffers]
    return sum(written.get(name, 0) for name in counted) / sum(int(np.prod(layout.shapes[name])) for name in counted)

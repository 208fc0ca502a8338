"""The places of a circuit's channels in the tensors of a network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neuroevo.backbones import Layout


def expanded(channels: Tensor, block: int) -> Tensor:
    """Return the places, int64, of channels on an axis where each channel has `block` neighbouring ones."""
    return channels if block == 1 else (channels.unsqueeze(1) * block + torch.arange(block)).flatten()


def features_of(layout: Layout, slots: Mapping[str, Tensor]) -> Tensor:
    """Return the indices, int64, of the features of the channels at `slots`: the head's columns."""
    return expanded(slots[layout.features], layout.pixels)


def grid(layout: Layout, name: str, indices: Mapping[str, Tensor], tensor: Tensor) -> tuple[Tensor, ...]:
    """Return index tensors that together address the part of a tensor at the indices of its groups."""
    axes = zip(layout.axes[name], layout.block(name), tensor.shape, strict=True)
    each = [torch.arange(length) if group is None else expanded(indices[group], block) for group, block, length in axes]
    return outer(each, tensor)


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

    Tensors without cross weights (biases, norms, the first layer, whole circuits) have no entry.
    """
    genes = {
        group: torch.zeros(channels, dtype=torch.bool).index_fill_(0, slots[group], True)
        for group, channels in layout.groups.items()
    }
    masks = {}
    for name, (output, *inputs) in layout.axes.items():
        source = next((group for group in inputs if group is not None), None)
        if output is None or source is None or genes[source].all():
            continue
        axis = 1 + inputs.index(source)
        shape = [1] * len(layout.shapes[name])
        blocks = layout.block(name)
        rows = _repeated(genes[output], blocks[0]).reshape([-1, *shape[1:]])
        columns = _repeated(genes[source], blocks[axis]).reshape([*shape[:axis], -1, *shape[axis + 1 :]])
        masks[name] = (rows & ~columns).expand(layout.shapes[name]).clone()
    return masks


def _repeated(channels: Tensor, block: int) -> Tensor:
    return channels if block == 1 else channels.repeat_interleave(block)

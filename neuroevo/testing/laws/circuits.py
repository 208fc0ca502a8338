"""Naive implementations to widen, read, isolate and run circuits, for the laws of learngenes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import Backbone, Layout, Network
from neuroevo.backbones.layout import Segment
from neuroevo.testing.laws.law import Breach
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import CONVNET_SIZE

Weights = Mapping[str, Tensor]
Indices = Mapping[str, Tensor]

TOLERANCE = 1e-4
"""Relative and absolute tolerance for outputs that are summed in another order, in single precision."""


@st.composite
def wider(draw: DrawFn, backbone: Backbone) -> Backbone:
    """Draw the same structure with equally many channels in each group or a few more."""
    return backbone.resized(
        {group: channels + draw(st.integers(0, 3)) for group, channels in backbone.layout.groups.items()}
    )


def places(channels: Tensor, block: int) -> Tensor:
    """Return the places of channels with `block` neighbouring places each."""
    return torch.tensor([channel * block + place for channel in channels.tolist() for place in range(block)]).long()


def on_axis(segments: tuple[Segment, ...], layout: Layout, indices: Indices) -> Tensor:
    """Return the places of channels on an axis of these segments."""
    found, start = [], 0
    for group, block in segments:
        found.append(start + places(torch.arange(1) if group is None else indices[group], block))
        start += block if group is None else block * layout.groups[group]
    return torch.cat(found)


def taken(tensor: Tensor, layout: Layout, name: str, indices: Indices) -> Tensor:
    """Return the part of a tensor at the indices of its groups, axis by axis."""
    for axis, segments in enumerate(layout.segments(name)):
        tensor = tensor.index_select(axis, on_axis(segments, layout, indices))
    return tensor


def cross_weights(layout: Layout, name: str, indices: Indices) -> Tensor:
    """Return a mask of the weights from channels outside the circuit to channels inside, bool, shaped as the tensor."""
    output = layout.output(name)
    mask = torch.zeros(layout.shapes[name], dtype=torch.bool)
    inside = on_axis(layout.segments(name)[output], layout, indices)
    for axis, segments in enumerate(layout.segments(name)):
        if axis != output:
            outside = torch.ones(mask.shape[axis], dtype=torch.bool)
            outside.index_fill_(0, on_axis(segments, layout, indices), False)
            rows = mask.index_select(output, inside)
            rows |= outside.reshape([-1 if each == axis else 1 for each in range(mask.ndim)])
            mask.index_copy_(output, inside, rows)
    return mask


def isolated(weights: Weights, layout: Layout, indices: Indices) -> dict[str, Tensor]:
    """Return a network's tensors with zero weights into the circuit from outside."""
    return {
        name: tensor.masked_fill(cross_weights(layout, name, indices), 0) if name in layout.axes else tensor
        for name, tensor in weights.items()
    }


def images_for(backbone: Backbone, *, seed: int) -> Tensor:
    """Return random images, float32 [3, C, H, W], of a shape that fits the backbone's first tensor.

    They follow from a seed, which is readable in a message; drawn images would not be.
    """
    _, inputs, *kernel = next(iter(backbone.layout.shapes.values()))
    shape = (3, inputs, CONVNET_SIZE, CONVNET_SIZE) if kernel else (3, 1, 1, inputs)
    return torch.randn(shape, generator=seeded(seed))


@torch.no_grad()
def compare_features(network: Network, layout: Layout, indices: Indices, circuit: Network, images: Tensor) -> None:
    """Raise Breach unless the last group's channels at the indices compute in the network what the circuit computes."""
    inside = network.eval().features(images)[:, on_axis(layout.features, layout, indices)]
    alone = circuit.eval().features(images)
    if not torch.allclose(inside, alone, rtol=TOLERANCE, atol=TOLERANCE):
        worst = float((inside - alone).abs().max())
        raise Breach(
            f"the features of {layout.features[-1][0]} differ by up to {worst:.3g} from those of the circuit alone"
        )

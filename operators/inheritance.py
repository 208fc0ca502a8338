"""Inheritance: reading a learngene from a network's weights and writing it into another's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from neuroevo.backbones import Backbone, Layout
from neuroevo.learngene import Learngene

Weights = Mapping[str, Tensor]
Cross = Literal["zero", "random"]


@dataclass(frozen=True)
class Inheritance:
    """What an heir received.

    Attributes:
        weights: The heir's tensors by name, the inherited slices written in.
        slots: Per group the channels of the heir that hold genes, int64, in the order of the learngene's channels.
        full: Tensors that were inherited whole.
        part: Tensors that were inherited in part.
        untouched: Tensors that were not inherited at all (the head, counters of batches, and what a partial learngene
            lacks).
        share: Inherited parameters as a share of the heir's (without its head).
        frozen: Tensors that the heir's training must leave as they are.
    """

    weights: dict[str, Tensor]
    slots: dict[str, Tensor]
    full: tuple[str, ...]
    part: tuple[str, ...]
    untouched: tuple[str, ...]
    share: float
    frozen: frozenset[str] = frozenset()


def extract(
    weights: Weights,
    indices: Mapping[str, Tensor],
    *,
    backbone: Backbone,
    provenance: Mapping[str, Tensor],
    tensors: Collection[str] | None = None,
) -> Learngene:
    """Read the circuit at `indices` from a network's weights.

    Args:
        weights: Tensors of the network by name (`state_dict()`), on any device.
        indices: Per group the channels to keep, int64, sorted.
        backbone: The network's architecture.
        provenance: Per group one id for each kept channel, int64.
        tensors: Names of the tensors that a partial learngene holds; default all of the layout.
    """
    slices = {
        name: weights[name].detach()[_grid(axes, indices, weights[name])].cpu().contiguous()
        for name, axes in backbone.layout.axes.items()
        if tensors is None or name in tensors
    }
    return Learngene(
        backbone,
        {group: kept.clone() for group, kept in indices.items()},
        slices,
        {group: ids.clone() for group, ids in provenance.items()},
    )


def inherit(learngene: Learngene, weights: Weights, *, layout: Layout, cross: Cross = "zero") -> Inheritance:
    """Write a learngene into the weights of a fresh network.

    Genes sit in their own slots where the group is as wide as the ancestor's and in the first slots elsewhere.
    Other weights keep their values, except the cross weights (non-gene channel -> gene channel). Tensors that a
    partial learngene lacks stay as they are.

    Args:
        learngene: What is inherited.
        weights: The fresh network's tensors by name (`state_dict()`); they are left unchanged.
        layout: The fresh network's channel groups, the same ones as the learngene's and at least as wide as its
            circuit.
        cross: "zero" sets the cross weights to zero, so that the circuit computes exactly what it did;
            "random" leaves their random values.

    Raises:
        ValueError: The heir has other groups, other tensors or a group narrower than the circuit.
    """
    check_cross(cross)
    slots = gene_slots(learngene, layout)
    heir = {name: tensor.detach().clone() for name, tensor in weights.items()}
    if cross == "zero":
        for name, mask in cross_masks(layout, slots).items():
            if name in learngene.slices:
                heir[name].masked_fill_(mask.to(heir[name].device), 0)
    for name, part in learngene.slices.items():
        heir[name][_grid(layout.axes[name], slots, heir[name])] = part.to(heir[name])
    inherited = [name for name in layout.axes if name in learngene.slices]
    whole = {name for name in inherited if learngene.slices[name].shape == heir[name].shape}
    return Inheritance(
        weights=heir,
        slots=slots,
        full=tuple(name for name in inherited if name in whole),
        part=tuple(name for name in inherited if name not in whole),
        untouched=tuple(name for name in weights if name not in learngene.slices),
        share=learngene.parameters / layout.parameters(),
    )


def check_cross(cross: str) -> None:
    """Raise ValueError unless `cross` is one of the two ways with cross weights."""
    if cross not in ("zero", "random"):
        raise ValueError(f'cross must be "zero" or "random", but it is {cross!r}.')


def gene_slots(learngene: Learngene, layout: Layout) -> dict[str, Tensor]:
    """Return per group the slots of an heir that hold the genes, int64.

    Raises:
        ValueError: The heir has other groups, other tensors or a group narrower than the circuit.
    """
    ancestor = learngene.backbone.layout
    if dict(ancestor.axes) != dict(layout.axes):
        raise ValueError(
            f"a learngene of a {learngene.backbone.describe()['kind']} with the groups {', '.join(ancestor.groups)} "
            f"can't be inherited by a network with the groups {', '.join(layout.groups)}."
        )
    for name, axes in layout.axes.items():
        lengths = zip(axes, ancestor.shapes[name], layout.shapes[name], strict=True)
        if any(group is None and theirs != ours for group, theirs, ours in lengths):
            raise ValueError(
                f"{name} has the shape {ancestor.shapes[name]} in the learngene's backbone and {layout.shapes[name]} "
                "in the heir: axes without a group (inputs, kernels) must be equal."
            )
    slots = {}
    for group, indices in learngene.indices.items():
        if len(indices) > layout.groups[group]:
            raise ValueError(
                f"the learngene keeps {len(indices)} channels of {group}, but the heir has {layout.groups[group]}: "
                "choose a wider heir or a smaller share."
            )
        equal = layout.groups[group] == ancestor.groups[group]
        slots[group] = indices.clone() if equal else torch.arange(len(indices))
    return slots


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
        rows = genes[output].reshape([-1, *shape[1:]])
        columns = genes[source].reshape([*shape[:axis], -1, *shape[axis + 1 :]])
        masks[name] = (rows & ~columns).expand(layout.shapes[name]).clone()
    return masks


def _grid(axes: tuple[str | None, ...], indices: Mapping[str, Tensor], tensor: Tensor) -> tuple[Tensor, ...]:
    """Return one index tensor per axis, shaped so that together they address the outer product of the axes."""
    grid = []
    for axis, (group, length) in enumerate(zip(axes, tensor.shape, strict=True)):
        index = torch.arange(length) if group is None else indices[group]
        shape = [1] * tensor.ndim
        shape[axis] = -1
        grid.append(index.to(tensor.device).reshape(shape))
    return tuple(grid)

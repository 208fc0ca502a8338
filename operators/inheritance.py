"""Inheritance: reading a learngene from a network's weights and writing it into another's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import torch
from torch import Tensor

from neuroevo.backbones import Backbone, Layout
from neuroevo.learngene import Learngene
from neuroevo.operators.inherited import Inheritance
from neuroevo.operators.places import cross_masks, grid
from neuroevo.operators.transplant import transplant
from neuroevo.spelling import listed

__all__ = ["Cross", "Inheritance", "Weights", "check_cross", "cross_masks", "extract", "fits", "gene_slots", "inherit"]

Weights = Mapping[str, Tensor]
Cross = Literal["zero", "random"]


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
        tensors: Names of the tensors of a partial learngene; default all of the layout.
    """
    slices = {
        name: weights[name].detach()[grid(backbone.layout, name, indices, weights[name])].cpu().contiguous()
        for name in backbone.layout.axes
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

    Genes keep their slots in groups as wide as the ancestor's and take the first slots in others. Other weights keep
    their values, except the cross weights (non-gene channel -> gene channel). Tensors that a partial learngene lacks
    stay as they are. The head is always new.

    The network's structure may differ from the learngene's backbone; the report's `notes` say what was adapted. These
    rules are ours, the paper's are unknown:

    - narrower than the circuit: the gene channels with the largest norms are kept;
    - deeper: the k-th layer of a stage takes the k-th of the same stage; a surplus layer passes genes on unchanged
      (identity kernel, identity norm), and a surplus branch adds nothing to them. In evaluation mode the circuit then
      computes what it did if its activations are non-negative there (ReLU), or the branches are residual;
    - shallower: the surplus layers of a stage are dropped, and a warning is logged, because the circuit is broken;
    - another architecture: by stage and position, if kernels have the same size;
    - other input channels: the first kernels are summed over colour channels, or repeated for them; other image sizes:
      maps over the image are interpolated.

    Args:
        learngene: The learngene to inherit.
        weights: The fresh network's tensors by name (`state_dict()`); they are left unchanged.
        layout: The fresh network's channel groups.
        cross: "zero" sets the cross weights to zero, so that the circuit computes exactly what it did;
            "random" leaves their random values.

    Raises:
        ValueError: No rule covers inheritance from the learngene's backbone by such a network, or weights are missing.
    """
    check_cross(cross)
    if missing := [name for name in layout.axes if name not in weights]:
        raise ValueError(
            f"weights must hold every tensor of the layout, but they lack {listed(missing)}; give those of a network "
            "that the layout's backbone built."
        )
    heir = {name: tensor.detach().clone() for name, tensor in weights.items()}
    if not fits(learngene, layout):
        return transplant(learngene, heir, layout=layout, zero_cross=cross == "zero")
    slots = gene_slots(learngene, layout)
    if cross == "zero":
        for name, mask in cross_masks(layout, slots).items():
            if name in learngene.slices:
                heir[name].masked_fill_(mask.to(heir[name].device), 0)
    for name, part in learngene.slices.items():
        heir[name][grid(layout, name, slots, heir[name])] = part.to(heir[name])
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
    """Raise ValueError unless `cross` is one of the two treatments of cross weights."""
    if cross not in ("zero", "random"):
        raise ValueError(f'cross must be "zero" or "random", but it is {cross!r}.')


def fits(learngene: Learngene, layout: Layout) -> bool:
    """Return whether a network has the structure of a learngene's backbone and room for the whole circuit."""
    ancestor = learngene.backbone.layout
    return (
        dict(ancestor.axes) == dict(layout.axes)
        and all(len(indices) <= layout.groups[group] for group, indices in learngene.indices.items())
        and all(ancestor.segments(name) == layout.segments(name) for name in layout.axes)
    )


def gene_slots(learngene: Learngene, layout: Layout) -> dict[str, Tensor]:
    """Return per group the slots, int64, that hold the genes in an heir that the whole circuit fits."""
    ancestor = learngene.backbone.layout
    return {
        group: indices.clone() if layout.groups[group] == ancestor.groups[group] else torch.arange(len(indices))
        for group, indices in learngene.indices.items()
    }


OPERATORS = {"inheritance.extract": extract, "inheritance.inherit": inherit}

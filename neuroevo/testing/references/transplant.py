"""Inheritance by a network of another structure, place by place (the rules are in `neuroevo.operators.inheritance`)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import Layout
from neuroevo.learngene import Learngene
from neuroevo.operators.correspondence import Correspondence
from neuroevo.operators.inherited import Inheritance
from neuroevo.testing.references.circuits import channel_places
from neuroevo.testing.references.correspondence import correspond
from neuroevo.testing.references.inheritance import Weights, crossing, fits, inherit_whole, kept_places, share_of

Array = NDArray[np.float32]
Holds = dict[str, dict[int, int]]
"""Per group of the heir, the channel of the learngene that a channel of the heir holds."""


def inherit(learngene: Learngene, weights: Weights, *, layout: Layout, cross: str = "zero") -> Inheritance:
    """Write a learngene into a network of any structure; each note is the first word of the sentence."""
    if cross not in ("zero", "random"):
        raise ValueError("cross")
    if fits(learngene, layout):
        return inherit_whole(learngene, weights, layout=layout, cross=cross)
    plan = correspond(learngene, layout)
    whole, notes = len(learngene.slices) == len(learngene.backbone.layout.axes), [*plan.dropped]
    parts = {name: learngene.slices[own] for name, own in plan.tensors.items() if own in learngene.slices}
    adapted = {name: _adapted(part, name, layout, notes) for name, part in parts.items()}
    holds = {group: _holds(learngene, layout, group, plan, notes) for group in layout.groups}
    slots = {group: torch.tensor([*held], dtype=torch.int64) for group, held in holds.items()}
    filled = [*plan.identity, *plan.silent] if whole else []
    heir = {name: tensor.detach().clone() for name, tensor in weights.items()}
    arrays = {name: tensor.numpy() for name, tensor in heir.items()}
    for name in [*parts, *filled]:
        if cross == "zero":
            arrays[name][crossing(layout, name, slots)] = 0
        shifts = arrays[name].ndim > 1 or name.split(".")[-1] in ("bias", "running_mean")
        if shifts and (cross == "zero" or name in filled):
            arrays[name][np.ix_(*kept_places(layout, name, slots))] = 0
    for name in plan.identity if whole else []:
        _identity(arrays[name], name, layout, holds)
    written = {
        name: _write(arrays[name], adapted[name].numpy(), name, learngene, layout, plan, holds) for name in parts
    }
    return Inheritance(
        weights=heir,
        slots=slots,
        full=tuple(name for name in parts if written[name] == heir[name].numel()),
        part=tuple(name for name in parts if 0 < written[name] < heir[name].numel()),
        untouched=tuple(name for name in weights if not written.get(name, 0) and name not in filled),
        share=share_of(written, layout),
        filled=tuple(filled),
        notes=(*notes, *(plan.added if whole else ())),
    )


def _holds(learngene: Learngene, layout: Layout, group: str, plan: Correspondence, notes: list[str]) -> dict[int, int]:
    """Keep the slots in a group as wide as the ancestor's, else fill the first; too many genes leave by their norms."""
    if group not in plan.genes:
        return {}
    source = plan.genes[group]
    channels, width = learngene.indices[source].tolist(), layout.groups[group]
    if width == learngene.backbone.layout.groups[source]:
        return {channel: number for number, channel in enumerate(channels)}
    kept = [*range(len(channels))]
    if width < len(channels):
        norms = _norms(learngene, source)
        kept = sorted(sorted(kept, key=lambda gene: (-norms[gene], gene))[:width])
        notes.append(group)
    return dict(enumerate(kept))


def _norms(learngene: Learngene, group: str) -> list[float]:
    """Return the sum of the squared weights into each gene of a group."""
    layout, sums = learngene.backbone.resized(learngene.counts).layout, [0.0] * learngene.counts[group]
    for name, part in learngene.slices.items():
        if part.ndim > 1:
            output = layout.outputs.get(name, 0)
            rows = np.moveaxis(part.numpy(), output, 0)
            for row, (own, gene) in zip(rows, channel_places(layout, name)[output], strict=True):
                if own == group:
                    sums[gene] += float((row.astype(np.float64) ** 2).sum())
    return sums


def _adapted(part: Tensor, name: str, layout: Layout, notes: list[str]) -> Tensor:
    """Sum kernels over colours or spread them equally, and interpolate maps over the image."""
    axes, shape = layout.axes[name], layout.shapes[name]
    if all(group is not None or own == wanted for group, own, wanted in zip(axes, part.shape, shape, strict=True)):
        return part
    notes.append(name)
    if part.ndim == 4 and part.shape[2:] == shape[2:] and (part.shape[1] == 1 or shape[1] == 1):
        return torch.stack([part.sum(1) / shape[1]] * shape[1], 1)
    if part.ndim == 3:
        return F.interpolate(part[None], shape[1:], mode="bilinear", align_corners=False)[0]
    raise ValueError(name)


def _identity(array: Array, name: str, layout: Layout, holds: Holds) -> None:
    """Let each gene be passed on by one weight of 1, in the middle of a kernel, and by a norm that does nothing."""
    output = str(layout.axes[name][0])
    if array.ndim == 1:
        entry = {"bias": 0.0, "running_mean": 0.0, "running_var": 1.0, "weight": np.sqrt(1 + 1e-5)}[name.split(".")[-1]]
        array[[*holds[output]]] = entry
        return
    middle = tuple(size // 2 for size in array.shape[2:])
    for slot, gene in holds[output].items():
        for source, other in holds[str(layout.axes[name][1])].items():
            if gene == other:
                array[(slot, source, *middle)] = 1


def _write(
    array: Array, part: Array, name: str, learngene: Learngene, layout: Layout, plan: Correspondence, holds: Holds
) -> int:
    """Write a slice, and return how many numbers were written."""
    ancestor, put, take = learngene.backbone.layout, [], []
    segments = zip(layout.segments(name), ancestor.segments(plan.tensors[name]), strict=True)
    for ours, theirs in segments:
        if [b for g, b in ours if g is not None] != [b for g, b in theirs if g is not None]:
            raise ValueError(name)
        here, there, begin, start = [], [], 0, 0
        for (group, block), (own, _) in zip(ours, theirs, strict=True):
            pairs = _pairs(group, own, learngene, plan, holds) if group is not None else {0: 0}
            here += [begin + slot * block + i for slot in pairs for i in range(block)]
            there += [start + gene * block + i for gene in pairs.values() for i in range(block)]
            begin += block * (1 if group is None else layout.groups[group])
            start += block * (1 if own is None else learngene.counts[own])
        put.append(here)
        take.append(there)
    array[np.ix_(*put)] = part[np.ix_(*take)]
    return len(array[np.ix_(*put)].flatten())


def _pairs(group: str, own: str | None, learngene: Learngene, plan: Correspondence, holds: Holds) -> dict[int, int]:
    """Return the gene for each slot; of layers that were not consecutive in the ancestor by their position."""
    if plan.genes.get(group) == own:
        return holds[group]
    count = learngene.counts[str(own)]
    return {slot: number for number, slot in enumerate([*holds[group]][:count])}

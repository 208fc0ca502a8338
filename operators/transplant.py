"""Inheritance by networks of another structure: narrower, deeper, shallower, of another kind, for other images."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import Layout
from neuroevo.backbones.layout import Segment
from neuroevo.learngene import Learngene
from neuroevo.operators.correspondence import Correspondence, correspond
from neuroevo.operators.inherited import Inheritance
from neuroevo.operators.places import cross_masks, expanded, grid, outer, per_channel

log = logging.getLogger(__name__)

EPSILON = 1e-5
"""The epsilon that a batch norm adds to the variance, PyTorch's default."""

PASSING = {"running_mean": 0.0, "running_var": 1.0, "bias": 0.0, "weight": (1 + EPSILON) ** 0.5}
"""The entries of a norm that is the identity in evaluation mode."""


class Placement(NamedTuple):
    """The genes in a group of an heir: the heir's channels, and the learngene's channels that they hold."""

    slots: Tensor
    kept: Tensor


class Places(NamedTuple):
    """Places in a segment of an axis, and the length of the segment."""

    places: Tensor
    length: int


def transplant(learngene: Learngene, heir: dict[str, Tensor], *, layout: Layout, zero_cross: bool) -> Inheritance:
    """Write a learngene into the weights of an heir of another structure.

    Args:
        learngene: The learngene to inherit.
        heir: The heir's tensors by name; changed in place.
        layout: The heir's channel groups.
        zero_cross: Whether weights from non-gene channels into gene channels become zero.

    Raises:
        ValueError: The learngene can't be inherited by such a network.
    """
    plan = correspond(learngene, layout)
    whole = len(learngene.slices) == len(learngene.backbone.layout.axes)
    notes = list(plan.dropped)
    parts = {name: source for name, source in plan.tensors.items() if source in learngene.slices}
    slices = {name: _adapted(learngene.slices[source], name, layout, notes) for name, source in parts.items()}
    placements = {group: _placement(learngene, layout, group, plan.genes.get(group), notes) for group in layout.groups}
    slots = {group: one.slots for group, one in placements.items()}
    # Without the other layers of its circuit, a partial learngene has nothing to pass on.
    filled = [*plan.identity, *plan.silent] if whole else []
    masks = cross_masks(layout, slots) if zero_cross else {}
    for name in [*parts, *filled]:
        if name in masks:
            heir[name].masked_fill_(masks[name].to(heir[name].device), 0)
        if zero_cross or name in filled:
            # Genes of layers that were not consecutive in the ancestor would be noise to each other.
            _silence(heir[name], name, layout, slots)
    for name in plan.identity if whole else ():
        _pass_on(heir[name], name, layout, placements)
    write = partial(_write, learngene=learngene, layout=layout, plan=plan, placements=placements)
    written = {name: write(heir[name], slices[name], name, source) for name, source in parts.items()}
    if plan.dropped:
        log.warning("The heir lacks layers of the circuit, which is broken there: %s", " ".join(plan.dropped))
    return Inheritance(
        weights=heir,
        slots=slots,
        full=tuple(name for name in parts if written[name] == heir[name].numel()),
        part=tuple(name for name in parts if 0 < written[name] < heir[name].numel()),
        untouched=tuple(name for name in heir if not written.get(name) and name not in filled),
        share=sum(count for name, count in written.items() if name not in layout.buffers) / layout.parameters(),
        filled=tuple(filled),
        notes=(*notes, *plan.added) if whole else tuple(notes),
    )


def _placement(learngene: Learngene, layout: Layout, group: str, source: str | None, notes: list[str]) -> Placement:
    """Return where a group holds genes: in the learngene's slots if it is as wide as the ancestor's, else the first.

    If the heir has fewer channels than the circuit, the gene channels with the largest norms stay.
    """
    if source is None:
        return Placement(torch.arange(0), torch.arange(0))
    indices, width = learngene.indices[source], layout.groups[group]
    if width == learngene.backbone.layout.groups[source]:
        return Placement(indices.clone(), torch.arange(len(indices)))
    kept = torch.arange(len(indices))
    if width < len(indices):
        kept = _norms(learngene, source).argsort(descending=True, stable=True)[:width].sort().values
        notes.append(
            f"{group} of the heir has room for {width} of {len(indices)} gene channels, those with the largest norms."
        )
    return Placement(torch.arange(len(kept)), kept)


def _norms(learngene: Learngene, group: str) -> Tensor:
    """Return the Euclidean norm of the weights into each gene channel of a group, float32 [n]."""
    layout, squares = learngene.backbone.layout, torch.zeros(len(learngene.indices[group]))
    for name, part in learngene.slices.items():
        if part.ndim > 1:
            output = layout.output(name)
            sums = part.square().movedim(output, 0).flatten(1).sum(1)
            squares += per_channel(layout.segments(name)[output], sums, learngene.counts).get(group, 0)
    return squares.sqrt()


def _adapted(part: Tensor, name: str, layout: Layout, notes: list[str]) -> Tensor:
    """Return a slice adapted to the colours and the size of the heir's images.

    Kernels are summed over colours for images with one channel, and repeated and scaled for colour images, so that a
    grey image in colour gives what it gave. Maps over the image are interpolated.
    """
    axes, shape = layout.axes[name], layout.shapes[name]
    wanted = [length if group is None else own for group, length, own in zip(axes, shape, part.shape, strict=True)]
    if wanted == list(part.shape):
        return part
    if part.ndim == 4 and wanted[2:] == list(part.shape[2:]) and 1 in (wanted[1], part.shape[1]):
        notes.append(f"{name} reads {wanted[1]} input channels instead of {part.shape[1]}.")
        return part.sum(1, keepdim=True).expand(wanted) / wanted[1]
    if part.ndim == 3:
        notes.append(f"{name} was interpolated from {part.shape[1]}x{part.shape[2]} to {wanted[1]}x{wanted[2]}.")
        return F.interpolate(part.unsqueeze(0), wanted[1:], mode="bilinear", align_corners=False)[0]
    raise ValueError(
        f"{name} has the shape {tuple(part.shape)} in the learngene and {tuple(shape)} in the heir: axes without a "
        "group (inputs, kernels) must be equal; there is a rule only between grey and colour images."
    )


def _silence(tensor: Tensor, name: str, layout: Layout, slots: dict[str, Tensor]) -> None:
    """Zero the weights from genes or the image into genes."""
    if tensor.ndim > 1 or name.endswith(("bias", "running_mean")):
        tensor[grid(layout, name, slots, tensor)] = 0


def _pass_on(tensor: Tensor, name: str, layout: Layout, placements: dict[str, Placement]) -> None:
    """Let a surplus layer pass its gene channels on unchanged."""
    if tensor.ndim == 1:
        (group,) = layout.axes[name]
        tensor[placements[str(group)].slots] = PASSING[name.rpartition(".")[2]]
        return
    (output, kept), (source, known) = (placements[str(group)] for group in layout.axes[name][:2])
    row, column = (kept.unsqueeze(1) == known).nonzero().unbind(1)
    # One number per channel, or the centre of a kernel.
    centres = tensor.reshape(*tensor.shape[:2], -1)[:, :, prod(tensor.shape[2:]) // 2]
    centres[output[row].to(tensor.device), source[column].to(tensor.device)] = 1


def _write(
    tensor: Tensor,
    part: Tensor,
    name: str,
    source: str,
    *,
    learngene: Learngene,
    layout: Layout,
    plan: Correspondence,
    placements: dict[str, Placement],
) -> int:
    """Write a slice into a tensor of the heir, and return how many numbers were written."""
    ancestor = learngene.backbone.layout
    ours, theirs = _blocks(layout, name), _blocks(ancestor, source)
    if ours != theirs:
        raise ValueError(
            f"{name} has blocks of {_sizes(ours)} in the heir and of {_sizes(theirs)} in the learngene's backbone: a "
            "group norm or a grouped convolution must have as many channels per group in both (widen it by more "
            "groups), and layers that read whole maps need images of the same size."
        )
    put, take = [], []
    for segments, others in zip(layout.segments(name), ancestor.segments(source), strict=True):
        pairs = [
            _segment(one, own, learngene, layout, plan, placements)
            for one, (own, _) in zip(segments, others, strict=True)
        ]
        put.append(_chained([place for place, _ in pairs]))
        take.append(_chained([place for _, place in pairs]))
    chosen = part[outer(take, part)]
    tensor[outer(put, tensor)] = chosen.to(tensor)
    return chosen.numel()


def _blocks(layout: Layout, name: str) -> list[int]:
    return [block for segments in layout.segments(name) for group, block in segments if group is not None]


def _sizes(blocks: list[int]) -> str:
    return " x ".join(map(str, blocks))


def _segment(
    segment: Segment,
    own: str | None,
    learngene: Learngene,
    layout: Layout,
    plan: Correspondence,
    placements: dict[str, Placement],
) -> tuple[Places, Places]:
    """Return the places of genes in a segment of the heir, and their places in the learngene's segment."""
    group, block = segment
    if group is None or own is None:
        whole = Places(torch.arange(block), block)
        return whole, whole
    slots, kept = placements[group]
    if plan.genes.get(group) != own:
        # The two layers were not consecutive in the ancestor: channels are matched by position.
        slots = slots[: len(learngene.indices[own])]
        kept = torch.arange(len(slots))
    return (
        Places(expanded(slots, block), layout.groups[group] * block),
        Places(expanded(kept, block), learngene.counts[own] * block),
    )


def _chained(segments: Sequence[Places]) -> Tensor:
    """Return the places in segments as places on their common axis."""
    starts = accumulate([one.length for one in segments[:-1]], initial=0)
    return torch.cat([start + one.places for start, one in zip(starts, segments, strict=True)])

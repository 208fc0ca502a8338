"""Whole layers of a backbone (`neuroevo.operators.layers`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.learngene import Learngene
from neuroevo.testing.references.circuits import channel_places

Layers = tuple[str, ...]


def layers(layout: Layout) -> dict[str, Layers]:
    """Give each tensor to the group that it writes, and tensors without a group to the next one that has one."""
    names = [*layout.axes]
    writes = [_writes(layout, name) for name in names]
    last = next((group for group in reversed(writes) if group is not None), [*layout.groups][-1])
    owners = [next((group for group in writes[place:] if group is not None), last) for place, _ in enumerate(names)]
    found = {
        group: tuple(name for name, owner in zip(names, owners, strict=True) if owner == group)
        for group in layout.groups
    }
    return {group: tensors for group, tensors in found.items() if tensors}


def _writes(layout: Layout, name: str) -> str | None:
    """Return the first group on the output axis, or else on the others."""
    axes, output = channel_places(layout, name), layout.outputs.get(name, 0)
    order = [output, *(axis for axis in range(len(axes)) if axis != output)]
    return next((group for axis in order for group, _ in axes[axis] if group is not None), None)


def tensors_of(layout: Layout, chosen: Iterable[str]) -> Layers:
    """List the tensors of one layer after the other."""
    return tuple(name for layer in chosen for name in layers(layout)[layer])


def layers_held(learngene: Learngene) -> Layers:
    """List the layers that a slice belongs to."""
    owned = layers(learngene.backbone.layout)
    return tuple(layer for layer, names in owned.items() if {*names} & {*learngene.slices})


def _shares(layout: Layout) -> dict[str, float]:
    sizes = {name: 0 if name in layout.buffers else int(np.prod(layout.shapes[name])) for name in layout.axes}
    whole = sum(sizes.values())
    return {layer: sum(sizes[name] for name in names) / whole for layer, names in layers(layout).items()}


def random_layers(layout: Layout, *, share: float, generator: torch.Generator) -> Layers:
    """Visit the layers in a random order, and take each one that brings the sum closer to the share."""
    draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    shares, waiting, chosen, total = _shares(layout), [*_shares(layout)], set(), 0.0
    while waiting:
        layer = waiting.pop(int(draws.integers(len(waiting))))
        if abs(total + shares[layer] - share) < abs(total - share):
            chosen.add(layer)
            total += shares[layer]
    if not chosen:
        closest = min(abs(one - share) for one in shares.values())
        chosen = {next(layer for layer, one in shares.items() if abs(one - share) == closest)}
    return tuple(layer for layer in shares if layer in chosen)


def last_layers(layout: Layout, *, share: float) -> Layers:
    """Try each number of last layers; of two that are equally close take the smaller one."""
    shares, best, error = _shares(layout), 0, float("inf")
    for count in range(1, len(shares) + 1):
        off = abs(sum([*shares.values()][-count:]) - share)
        if off < error:
            best, error = count, off
    return tuple([*shares][-best:])


def layer_overlap(layout: Layout, first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Divide the share of the common layers by that of the union."""
    shares = _shares(layout)
    common = {layer for layer in first if layer in second and first[layer].tolist() == second[layer].tolist()}
    ours, theirs, both = (sum(shares[layer] for layer in each) for each in (first, second, common))
    return both / (ours + theirs - both)

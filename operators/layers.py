"""Whole layers of a backbone: the choice of layers for learngenes that hold layers instead of channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.learngene import Learngene

Layers = tuple[str, ...]
"""Names of layers, in the order from input to output."""


def layers(layout: Layout) -> dict[str, Layers]:
    """Return the tensors of each layer, in the order from input to output.

    A layer consists of all tensors that produce the channels of one group, and has its name: the weights and the norm
    that follows. If a shortcut ties two convolutions to one group, both belong to one layer. Tensors that are kept
    whole belong to the layer that follows them, or to the last one.
    """
    found: dict[str, list[str]] = {group: [] for group in layout.groups}
    waiting: list[str] = []
    last = [*layout.groups][-1]
    for name in layout.axes:
        waiting.append(name)
        group = _writes(layout, name)
        if group is not None:
            found[group].extend(waiting)
            waiting, last = [], group
    found[last].extend(waiting)
    return {layer: tuple(tensors) for layer, tensors in found.items() if tensors}


def _writes(layout: Layout, name: str) -> str | None:
    """Return the first group on a tensor's axes, its output axis first."""
    axes = sorted(enumerate(layout.segments(name)), key=lambda each: each[0] != layout.output(name))
    return next((group for _, segments in axes for group, _ in segments if group is not None), None)


def tensors_of(layout: Layout, chosen: Iterable[str]) -> Layers:
    """Return the tensors of the chosen layers."""
    tensors = layers(layout)
    return tuple(name for layer in chosen for name in tensors[layer])


def layers_held(learngene: Learngene) -> Layers:
    """Return the layers of which a learngene holds any tensor."""
    tensors = layers(learngene.backbone.layout)
    return tuple(layer for layer, names in tensors.items() if any(name in learngene.slices for name in names))


def random_layers(layout: Layout, *, share: float, generator: torch.Generator) -> Layers:
    """Return random layers with a share of the backbone's parameters close to the wanted one.

    Layers are visited in a random order, and each one that brings the sum closer to `share` is added. If none does, the
    layer with the closest share is taken.

    Args:
        layout: The backbone's channel groups.
        share: Wanted share of the backbone's parameters without the head.
        generator: Source of the order.
    """
    shares = _shares(layout)
    names = [*shares]
    total, chosen = 0.0, set()
    for place in torch.randperm(len(names), generator=generator).tolist():
        if abs(total + shares[names[place]] - share) < abs(total - share):
            total += shares[names[place]]
            chosen.add(names[place])
    chosen = chosen or {min(names, key=lambda name: abs(shares[name] - share))}
    return tuple(name for name in names if name in chosen)


def last_layers(layout: Layout, *, share: float) -> Layers:
    """Return the last layers, at least one, with parameters closest to a share of the backbone's."""
    shares = _shares(layout)
    names = [*shares]
    totals = {count: sum(shares[name] for name in names[-count:]) for count in range(1, len(names) + 1)}
    return tuple(names[-min(totals, key=lambda count: abs(totals[count] - share)) :])


def layer_overlap(layout: Layout, first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Return the parameter-weighted Jaccard overlap of two sets of layers by provenance, in [0, 1].

    It is params(common layers) / params(union), after GRL (arXiv 2306.10225), which weights layers by the square root
    of their numbers of weights.

    Args:
        layout: The channel groups of the backbone that both were taken from.
        first: Provenance ids of the channels of each layer that is held, int64; layers are common if all ids are.
        second: The same for the other.
    """
    shares = _shares(layout)
    common = sum(shares[layer] for layer, ids in first.items() if layer in second and torch.equal(ids, second[layer]))
    return common / (sum(shares[layer] for layer in [*first, *second]) - common)


def _shares(layout: Layout) -> dict[str, float]:
    """Return each layer's share of the backbone's parameters."""
    whole = layout.parameters()
    return {layer: layout.parameters(tensors=names) / whole for layer, names in layers(layout).items()}


OPERATORS = {"layers.random_layers": random_layers, "layers.last_layers": last_layers}

"""Choosing circuits: which channels of a backbone a learngene keeps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.operators.places import per_channel

Circuit = dict[str, Tensor]


def circuit_counts(layout: Layout, *, share: float) -> dict[str, int]:
    """Return the number of channels of each group in a circuit of the given share.

    All groups get about the same ratio, and the circuit's parameters come as close as possible to `share` of the
    backbone's without exceeding it (but at least one channel per group is kept).

    Args:
        layout: The backbone's channel groups.
        share: Share of the backbone's parameters without the head, in (0, 1].

    Raises:
        ValueError: The share lies outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], but it is {share}.")
    budget = share * layout.parameters()
    counts = dict.fromkeys(layout.groups, 1)
    growing = list(counts)
    while growing:
        group = min(growing, key=lambda name: (counts[name] + 1) / layout.groups[name])
        grown = {**counts, group: counts[group] + 1}
        if grown[group] <= layout.groups[group] and layout.parameters(grown) <= budget:
            counts = grown
        else:
            growing.remove(group)
    return counts


def random_circuit(layout: Layout, *, share: float, generator: torch.Generator) -> Circuit:
    """Return a random index set per group, sorted, int64, with the counts of `circuit_counts`."""
    return {
        group: torch.randperm(layout.groups[group], generator=generator)[:count].sort().values
        for group, count in circuit_counts(layout, share=share).items()
    }


def strongest_circuit(layout: Layout, weights: Mapping[str, Tensor], *, share: float) -> Circuit:
    """Return per group the channels with the largest L1 norms, sorted, int64, with the counts of `circuit_counts`.

    A channel's norm is the sum of its absolute input weights, without biases and norm layers; of equal channels the
    first is kept.

    Args:
        layout: The backbone's channel groups.
        weights: A network's tensors by name.
        share: Share of the backbone's parameters, as for `circuit_counts`.
    """
    norms = {group: torch.zeros(channels, dtype=torch.float64) for group, channels in layout.groups.items()}
    for name, axes in layout.axes.items():
        output = layout.output(name)
        if len(axes) > 1:
            strengths = weights[name].detach().cpu().double().abs().movedim(output, 0).flatten(1).sum(1)
            for group, sums in per_channel(layout.segments(name)[output], strengths, layout.groups).items():
                norms[group] += sums
    return {
        group: norms[group].argsort(descending=True, stable=True)[:count].sort().values
        for group, count in circuit_counts(layout, share=share).items()
    }


def whole_circuit(layout: Layout) -> Circuit:
    """Return the index sets that keep every channel."""
    return {group: torch.arange(channels) for group, channels in layout.groups.items()}


OPERATORS = {"circuits.random_circuit": random_circuit, "circuits.strongest_circuit": strongest_circuit}

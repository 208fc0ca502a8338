"""Choosing circuits: which channels of a backbone a learngene keeps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.operators.places import per_channel, places_per_channel
from neuroevo.structure import Structure, check_structure

Circuit = dict[str, Tensor]


def circuit_counts(layout: Layout, *, share: float, structure: Structure = "equal-widths") -> dict[str, int]:
    """Return the number of channels of each group in a circuit of the given share.

    The groups' numbers relate as `structure` says, and the circuit's parameters come as close as possible to `share` of
    the backbone's without exceeding it. A group has one channel at least, and one that has all of its own stays behind.

    Args:
        layout: The backbone's channel groups.
        share: Share of the backbone's parameters without the head, in (0, 1].
        structure: How wide the groups are beside each other; see `Structure`.

    Raises:
        ValueError: The share lies outside (0, 1], or the structure is no positive number for each group.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], but it is {share}.")
    budget, widths = share * layout.parameters(), relative_widths(layout, structure)
    counts = dict.fromkeys(layout.groups, 1)
    growing = list(counts)
    while growing:
        group = min(growing, key=lambda name: (counts[name] + 1) / widths[name])
        grown = {**counts, group: counts[group] + 1}
        if grown[group] <= layout.groups[group] and layout.parameters(grown) <= budget:
            counts = grown
        else:
            growing.remove(group)
    return counts


def relative_widths(layout: Layout, structure: Structure) -> dict[str, float]:
    """Return how wide the groups are beside each other, in a unit of its own.

    Raises:
        ValueError: The structure is neither a name nor a positive number for each group.
    """
    if structure == "equal-ratios":
        return {group: float(channels) for group, channels in layout.groups.items()}
    if structure == "equal-widths":
        return {group: 1.0 / places for group, places in places_per_channel(layout).items()}
    check_structure(structure)
    if len(structure) != len(layout.groups):
        raise ValueError(
            f"structure must have a number for each of the {len(layout.groups)} channel groups "
            f"({', '.join(layout.groups)}), but it has {len(structure)}."
        )
    return dict(zip(layout.groups, map(float, structure), strict=True))


def random_circuit(
    layout: Layout, *, share: float, generator: torch.Generator, structure: Structure = "equal-widths"
) -> Circuit:
    """Return a random index set per group, sorted, int64, with the counts of `circuit_counts`."""
    return {
        group: torch.randperm(layout.groups[group], generator=generator)[:count].sort().values
        for group, count in circuit_counts(layout, share=share, structure=structure).items()
    }


def strongest_circuit(
    layout: Layout, weights: Mapping[str, Tensor], *, share: float, structure: Structure = "equal-widths"
) -> Circuit:
    """Return per group the channels with the largest L1 norms, sorted, int64, with the counts of `circuit_counts`.

    A channel's norm is the sum of its absolute input weights, without biases and norm layers; of equal channels the
    first is kept.

    Args:
        layout: The backbone's channel groups.
        weights: A network's tensors by name.
        share: Share of the backbone's parameters, as for `circuit_counts`.
        structure: How wide the groups are beside each other.
    """
    return top_circuit(layout, weight_norms(layout, weights), share=share, structure=structure)


def weight_norms(layout: Layout, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the sum of the absolute input weights of each channel of each group, float64 [channels].

    Biases and norm layers don't count.

    Args:
        layout: The backbone's channel groups.
        weights: A network's tensors by name, or other tensors of their shapes, such as products with gradients.
    """
    norms = {group: torch.zeros(channels, dtype=torch.float64) for group, channels in layout.groups.items()}
    for name, axes in layout.axes.items():
        output = layout.output(name)
        if len(axes) > 1:
            strengths = weights[name].detach().cpu().double().abs().movedim(output, 0).flatten(1).sum(1)
            for group, sums in per_channel(layout.segments(name)[output], strengths, layout.groups).items():
                norms[group] += sums
    return norms


def top_circuit(
    layout: Layout, importance: Mapping[str, Tensor], *, share: float, structure: Structure = "equal-widths"
) -> Circuit:
    """Return per group the most important channels, sorted, int64, with the counts of `circuit_counts`.

    Args:
        layout: The backbone's channel groups.
        importance: A number for each channel of each group, [channels]; of equal channels the first is kept.
        share: Share of the backbone's parameters, as for `circuit_counts`.
        structure: How wide the groups are beside each other.
    """
    return {
        group: importance[group].argsort(descending=True, stable=True)[:count].sort().values
        for group, count in circuit_counts(layout, share=share, structure=structure).items()
    }


def whole_circuit(layout: Layout) -> Circuit:
    """Return the index sets that keep every channel."""
    return {group: torch.arange(channels) for group, channels in layout.groups.items()}


OPERATORS = {"circuits.random_circuit": random_circuit, "circuits.strongest_circuit": strongest_circuit}

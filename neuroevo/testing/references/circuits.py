"""Circuits, chosen channel by channel (`neuroevo.operators.circuits`; after GTL, arXiv 2401.08139)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise, product
from math import prod

import numpy as np
import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.structure import Structure

Circuit = dict[str, Tensor]


def channel_places(layout: Layout, name: str) -> list[list[tuple[str | None, int]]]:
    """Return for each axis of a tensor the group and the channel at each place; no group if it is kept whole."""
    return [
        [place for group, block in segments for place in _stretch(layout, group, block)]
        for segments in layout.segments(name)
    ]


def _stretch(layout: Layout, group: str | None, block: int) -> list[tuple[str | None, int]]:
    if group is None:
        return [(None, 0)] * block
    return [(group, channel) for channel in range(layout.groups[group]) for _ in range(block)]


def parameters(layout: Layout, counts: Mapping[str, int]) -> int:
    """Return the number of parameters that lie between the first channels of each group, by counting them."""
    total = 0
    for name in layout.axes:
        if name not in layout.buffers:
            axes = channel_places(layout, name)
            total += prod(sum(group is None or channel < counts[group] for group, channel in axis) for axis in axes)
    return total


def widths_of(layout: Layout, structure: Structure) -> dict[str, float]:
    """Return what a group's channels are divided by to compare it with others."""
    if structure == "equal-ratios":
        return dict(layout.groups)
    if structure == "equal-widths":
        return {group: 1 / min(_blocks(layout, group)) for group in layout.groups}
    numbers = np.array([*structure])
    if numbers.dtype.kind not in "if" or len(numbers) != len(layout.groups):
        raise ValueError("structure")
    if not (numbers > 0).all() or not np.isfinite(numbers).all():
        raise ValueError("structure")
    return dict(zip(layout.groups, structure, strict=True))


def _blocks(layout: Layout, group: str) -> list[int]:
    """Return how many features a channel has in each tensor that makes them."""
    made = [layout.segments(name)[layout.output(name)] for name in layout.axes]
    return [block for segments in made for each, block in segments if each == group]


def circuit_counts(layout: Layout, *, share: float, structure: Structure = "equal-widths") -> dict[str, int]:
    """Grow the group that is narrowest for the structure, as long as a group can grow within the share."""
    if not 0 < share <= 1:
        raise ValueError("share")
    widths = widths_of(layout, structure)
    counts, budget = dict.fromkeys(layout.groups, 1), share * parameters(layout, layout.groups)
    while True:
        grown = [{**counts, group: counts[group] + 1} for group in counts]
        fitting = [
            (grow[group] / widths[group], place)
            for place, (group, grow) in enumerate(zip(counts, grown, strict=True))
            if grow[group] <= layout.groups[group] and parameters(layout, grow) <= budget
        ]
        if not fitting:
            return counts
        counts = grown[min(fitting)[1]]


def random_circuit(
    layout: Layout, *, share: float, generator: torch.Generator, structure: Structure = "equal-widths"
) -> Circuit:
    """Choose channels of each group one after the other, each of those that are left equally likely."""
    draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    circuit = {}
    for group, count in circuit_counts(layout, share=share, structure=structure).items():
        left, chosen = [*range(layout.groups[group])], []
        for _ in range(count):
            chosen.append(left.pop(int(draws.integers(len(left)))))
        circuit[group] = torch.tensor(sorted(chosen))
    return circuit


def strongest_circuit(
    layout: Layout, weights: Mapping[str, Tensor], *, share: float, structure: Structure = "equal-widths"
) -> Circuit:
    """Add the magnitude of each weight to the channels that it leads to, and keep those with the largest sums."""
    norms = {group: [0.0] * channels for group, channels in layout.groups.items()}
    for name in layout.axes:
        axes = channel_places(layout, name)
        if len(axes) > 1:
            values = weights[name].numpy().astype(np.float64)
            for place in product(*(range(len(axis)) for axis in axes)):
                group, channel = axes[layout.outputs.get(name, 0)][place[layout.outputs.get(name, 0)]]
                if group is not None:
                    norms[group][channel] += abs(values[place])
    circuit = {}
    for group, count in circuit_counts(layout, share=share, structure=structure).items():
        ranked = sorted(range(layout.groups[group]), key=lambda channel: (-norms[group][channel], channel))
        circuit[group] = torch.tensor(sorted(ranked[:count]))
    return circuit


def whole_circuit(layout: Layout) -> Circuit:
    """Keep every channel."""
    return {group: torch.tensor([*range(channels)]) for group, channels in layout.groups.items()}


def is_circuit(layout: Layout, circuit: Mapping[str, Tensor]) -> bool:
    """Return whether there is one ascending index set within the width of each group, and no other."""
    return circuit.keys() == layout.groups.keys() and all(
        kept.dtype == torch.int64
        and kept.ndim == 1
        and len(kept) > 0
        and int(kept[0]) >= 0
        and int(kept[-1]) < layout.groups[group]
        and all(one < other for one, other in pairwise(kept.tolist()))
        for group, kept in circuit.items()
    )

"""Variation of learngenes, channel by channel (`neuroevo.operators.learngenes`; after GTL, arXiv 2401.08139)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.learngene import Learngene
from neuroevo.testing.references.circuits import parameters
from neuroevo.testing.references.inheritance import Weights, cut_out

NewIds = Callable[[int], Tensor]
Channels = dict[str, dict[int, int]]
"""Per group the id of each channel that is kept."""


def exchange(
    learngene: Learngene, weights: Weights, *, rate: float, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Replace each channel with a probability by one outside the set, while there are any."""
    _check_rate(rate)
    draws, channels = _numpy(generator), _channels(learngene)
    for group, kept in channels.items():
        outside = [one for one in range(learngene.backbone.layout.groups[group]) if one not in kept]
        for channel in [*kept]:
            if draws.random() < rate and outside:
                comes = outside.pop(int(draws.integers(len(outside))))
                del kept[channel]
                kept[comes] = int(new_ids(1))
    return _read(learngene, weights, channels)


def resize(
    learngene: Learngene, weights: Weights, *, rate: float, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """With a probability let one group gain a channel, and others lose some until the budget is kept."""
    _check_rate(rate)
    draws, layout, channels = _numpy(generator), learngene.backbone.layout, _channels(learngene)
    growing = [group for group in channels if len(channels[group]) < layout.groups[group]]
    if not (draws.random() < rate and growing):
        return replace(learngene)
    winner = growing[int(draws.integers(len(growing)))]
    counts = {group: len(kept) + (group == winner) for group, kept in channels.items()}
    while _held(learngene, counts) > _held(learngene, learngene.counts):
        payers = [group for group in counts if group != winner and counts[group] > 1]
        if not payers:
            return replace(learngene)
        counts[payers[int(draws.integers(len(payers)))]] -= 1
    for group, kept in channels.items():
        while len(kept) > counts[group]:
            del kept[[*kept][int(draws.integers(len(kept)))]]
        while len(kept) < counts[group]:
            outside = [one for one in range(layout.groups[group]) if one not in learngene.indices[group].tolist()]
            kept[outside[int(draws.integers(len(outside)))]] = int(new_ids(1))
    return _read(learngene, weights, channels)


def noise(learngene: Learngene, *, sigma: float, generator: torch.Generator) -> Learngene:
    """Add a normally distributed number to every parameter, and nothing to statistics."""
    draws = _numpy(generator)
    slices = {
        name: part if name in learngene.backbone.layout.buffers else part + sigma * _normal(part, draws)
        for name, part in learngene.slices.items()
    }
    return replace(learngene, slices=slices)


def average(siblings: Sequence[Learngene]) -> Learngene:
    """Return the first of the siblings with the mean of all in every tensor."""
    if not siblings or any(not same_channels(siblings[0], other) for other in siblings):
        raise ValueError("siblings")
    means = {}
    for name in siblings[0].slices:
        arrays = [sibling.slices[name].double().numpy() for sibling in siblings]
        means[name] = torch.from_numpy(sum(arrays[1:], arrays[0]) / len(arrays)).float()
    return replace(siblings[0], slices=means)


def move(learngene: Learngene, target: Learngene, *, step: float) -> Learngene:
    """Go a part of the way to the target in every tensor."""
    if not same_channels(learngene, target):
        raise ValueError("target")
    slices = {name: part + step * (target.slices[name] - part) for name, part in learngene.slices.items()}
    return replace(learngene, slices=slices)


def same_channels(first: Learngene, second: Learngene) -> bool:
    """Compare backbones, names of tensors and kept channels."""
    return (
        first.backbone == second.backbone
        and {*first.slices} == {*second.slices}
        and all(first.indices[group].tolist() == second.indices[group].tolist() for group in first.indices)
    )


def overlap(layout: Layout, first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Divide the parameters between common channels by those of the union."""
    ours, theirs = ({group: {*ids.tolist()} for group, ids in each.items()} for each in (first, second))
    common, one, other = (
        parameters(layout, {group: len(ids) for group, ids in each.items()})
        for each in ({group: ours[group] & theirs[group] for group in ours}, ours, theirs)
    )
    return common / (one + other - common)


def _read(learngene: Learngene, weights: Weights, channels: Channels) -> Learngene:
    """Read the slices of other channels, in ascending order."""
    ordered = {group: sorted(kept.items()) for group, kept in channels.items()}
    mutant = cut_out(
        weights,
        {group: torch.tensor([channel for channel, _ in kept]) for group, kept in ordered.items()},
        backbone=learngene.backbone,
        provenance={group: torch.tensor([one for _, one in kept]) for group, kept in ordered.items()},
        tensors=learngene.slices,
    )
    return replace(mutant, notes=learngene.notes)


def _channels(learngene: Learngene) -> Channels:
    return {
        group: dict(zip(indices.tolist(), learngene.provenance[group].tolist(), strict=True))
        for group, indices in learngene.indices.items()
    }


def _held(learngene: Learngene, counts: Mapping[str, int]) -> int:
    """Return the parameters of the tensors that the learngene holds."""
    layout = learngene.backbone.layout
    without = {name for name in layout.axes if name not in learngene.slices}
    return parameters(replace(layout, buffers=layout.buffers | without), counts)


def _normal(part: Tensor, draws: np.random.Generator) -> Tensor:
    return torch.from_numpy(draws.normal(size=tuple(part.shape))).float()


def _check_rate(rate: float) -> None:
    if not 0 <= rate <= 1:
        raise ValueError("rate")


def _numpy(generator: torch.Generator) -> np.random.Generator:
    return np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))

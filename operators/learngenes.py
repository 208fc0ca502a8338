"""Variation of learngenes: other channels, budget moved between groups, weight noise, averages and steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import Weights, extract
from neuroevo.operators.mutation import gaussian

NewIds = Callable[[int], Tensor]


def mutate(
    learngene: Learngene, weights: Weights, *, rate: float, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Replace gene channels by other channels of the network that the learngene was extracted from.

    Per group each gene channel is replaced with probability `rate` by a channel outside the set, as long as there are
    any. Sizes stay the same, and all slices are read again, so the circuit stays closed (after GTL, arXiv 2401.08139).

    Args:
        learngene: The learngene; its index sets address channels of the network.
        weights: The network's tensors by name, of the learngene's backbone.
        rate: Probability for each channel, in [0, 1].
        generator: Source of the draws.
        new_ids: Called with a number n, returns n provenance ids, int64 [n], never used before.

    Raises:
        ValueError: The rate lies outside [0, 1].
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1], but it is {rate}.")
    indices, provenance = {}, {}
    for group, channels in learngene.backbone.layout.groups.items():
        kept, ids = learngene.indices[group].clone(), learngene.provenance[group].clone()
        leaving = torch.rand(len(kept), generator=generator) < rate
        others = _shuffled_complement(kept, channels, generator)
        # Wide circuits can have fewer channels outside than are to be replaced: then only the first ones are.
        positions = leaving.nonzero().flatten()[: len(others)]
        kept[positions] = others[: len(positions)]
        ids[positions] = new_ids(len(positions))
        order = kept.argsort()
        indices[group], provenance[group] = kept[order], ids[order]
    mutant = extract(
        weights, indices, backbone=learngene.backbone, provenance=provenance, tensors=learngene.slices.keys()
    )
    return replace(mutant, notes=learngene.notes)


def resize(
    learngene: Learngene, weights: Weights, *, rate: float, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Move budget between groups: with probability `rate` one group gains a channel and others lose some.

    The gaining group is drawn at random; random channels of the other groups are removed until the circuit has no more
    parameters than before. A group keeps at least one channel; if that is not possible, nothing changes.
    Arguments as for `mutate`.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1], but it is {rate}.")
    layout = learngene.backbone.layout
    growable = [group for group, count in learngene.counts.items() if count < layout.groups[group]]
    if float(torch.rand((), generator=generator)) >= rate or not growable:
        return _copy(learngene)
    winner = growable[_below(len(growable), generator)]
    counts = {**learngene.counts, winner: learngene.counts[winner] + 1}
    while layout.parameters(counts, tensors=learngene.slices) > learngene.parameters:
        payers = [group for group, count in counts.items() if group != winner and count > 1]
        if not payers:
            return _copy(learngene)
        counts[payers[_below(len(payers), generator)]] -= 1
    indices, provenance = _resample(learngene, counts, layout, generator, new_ids)
    resized = extract(
        weights, indices, backbone=learngene.backbone, provenance=provenance, tensors=learngene.slices.keys()
    )
    return replace(resized, notes=learngene.notes)


def noise(learngene: Learngene, *, sigma: float, generator: torch.Generator) -> Learngene:
    """Add Gaussian noise of standard deviation `sigma` to every parameter of the circuit, not to its statistics."""
    buffers = learngene.backbone.layout.buffers
    slices = {
        name: tensor.clone() if name in buffers else gaussian(tensor, sigma=sigma, generator=generator)
        for name, tensor in learngene.slices.items()
    }
    return replace(_copy(learngene), slices=slices)


def average(siblings: Sequence[Learngene]) -> Learngene:
    """Return the mean of learngenes that hold the same channels of one parent (ours, not in the paper).

    Their weights share an origin, so the mean of what they learned is one larger step.

    Raises:
        ValueError: There are no siblings, or their index sets or tensors differ.
    """
    if not siblings:
        raise ValueError("average needs at least one learngene, but it got none.")
    first = siblings[0]
    if any(not same_channels(first, other) for other in siblings[1:]):
        raise ValueError(
            "only siblings that keep the same channels of the same tensors can be averaged, but theirs differ."
        )
    slices = {name: torch.stack([sibling.slices[name] for sibling in siblings]).mean(0) for name in first.slices}
    return replace(_copy(first), slices=slices)


def move(learngene: Learngene, target: Learngene, *, step: float) -> Learngene:
    """Return a learngene moved towards another one with the same channels: w + step * (target's w - w).

    Raises:
        ValueError: The two differ in channels or tensors.
    """
    if not same_channels(learngene, target):
        raise ValueError("a learngene can only move towards one that keeps the same channels, but theirs differ.")
    slices = {name: torch.lerp(tensor, target.slices[name], step) for name, tensor in learngene.slices.items()}
    return replace(_copy(learngene), slices=slices)


def same_channels(first: Learngene, second: Learngene) -> bool:
    """Return whether two learngenes keep the same channels of the same tensors of the same backbone."""
    return (
        first.backbone == second.backbone
        and first.slices.keys() == second.slices.keys()
        and all(torch.equal(indices, second.indices[group]) for group, indices in first.indices.items())
    )


def overlap(layout: Layout, first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Return the parameter-weighted Jaccard overlap of two circuits by provenance, in [0, 1].

    It is params(common channels, as a closed circuit) / params(union), after GRL (arXiv 2306.10225).

    Args:
        layout: The channel groups of the backbone that both were cut from.
        first: Per group the provenance ids of one circuit, int64.
        second: The same for the other.
    """
    common = layout.parameters({group: int(torch.isin(ids, second[group]).sum()) for group, ids in first.items()})
    one = layout.parameters({group: len(ids) for group, ids in first.items()})
    other = layout.parameters({group: len(ids) for group, ids in second.items()})
    return common / (one + other - common)


def _copy(learngene: Learngene) -> Learngene:
    """Return the same learngene with tensors of its own."""
    parts = (learngene.indices, learngene.slices, learngene.provenance)
    indices, slices, provenance = ({name: tensor.clone() for name, tensor in part.items()} for part in parts)
    return replace(learngene, indices=indices, slices=slices, provenance=provenance)


def _resample(
    learngene: Learngene,
    counts: Mapping[str, int],
    layout: Layout,
    generator: torch.Generator,
    new_ids: NewIds,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return index sets and provenance with the given counts: random channels are removed, random others added."""
    indices, provenance = {}, {}
    for group, count in counts.items():
        kept, ids = learngene.indices[group], learngene.provenance[group]
        staying = torch.randperm(len(kept), generator=generator)[:count]
        others = _shuffled_complement(kept, layout.groups[group], generator)[: count - len(staying)]
        kept = torch.cat([kept[staying], others])
        ids = torch.cat([ids[staying], new_ids(len(others))])
        order = kept.argsort()
        indices[group], provenance[group] = kept[order], ids[order]
    return indices, provenance


def _shuffled_complement(kept: Tensor, channels: int, generator: torch.Generator) -> Tensor:
    shuffled = torch.randperm(channels, generator=generator)
    return shuffled[~torch.isin(shuffled, kept)]


def _below(limit: int, generator: torch.Generator) -> int:
    return int(torch.randint(limit, (), generator=generator))


OPERATORS = {
    "learngenes.mutate": mutate,
    "learngenes.resize": resize,
    "learngenes.noise": noise,
    "learngenes.average": average,
    "learngenes.move": move,
}

"""Choices of circuits, inheritances, mutations and averages of learngenes that compute something else than they should.

Each row of `PLANTED` has a name, what is wrong, the law that has to notice, and the subject with all laws of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.learngene import Learngene
from neuroevo.operators import circuits, learngenes
from neuroevo.operators.inheritance import Inheritance, extract, inherit
from neuroevo.testing.laws import (
    Law,
    averaging_laws,
    circuit_laws,
    extraction_laws,
    inheritance_laws,
    learngene_mutation_laws,
)

Weights = Mapping[str, Tensor]
Circuit = dict[str, Tensor]


# Choices of circuits.


def by_rank(layout: Layout, weights: Weights, *, share: float) -> Circuit:
    """Return channels from the strongest to the weakest."""
    chosen = circuits.strongest_circuit(layout, weights, share=share)
    return {group: kept.flip(0) for group, kept in chosen.items()}


def half_of_each(layout: Layout, weights: Weights, *, share: float) -> Circuit:
    """Keep a share of the channels, which have fewer than that share of the parameters."""
    return {group: torch.arange(max(1, round(share * channels))) for group, channels in layout.groups.items()}


def signed_sums(layout: Layout, weights: Weights, *, share: float) -> Circuit:
    """Choose by sums in which weights of both signs cancel."""
    positive = {name: tensor.clamp(min=0) for name, tensor in weights.items()}
    return circuits.strongest_circuit(layout, positive, share=share)


def squared_norms(layout: Layout, weights: Weights, *, share: float) -> Circuit:
    """Choose by Euclidean norms."""
    return circuits.strongest_circuit(layout, {name: each.square() for name, each in weights.items()}, share=share)


def first_half_first(layout: Layout, *, share: float, generator: torch.Generator) -> Circuit:
    """Shuffle all channels but the last, which never comes before others."""
    counts = circuits.circuit_counts(layout, share=share)
    orders = {
        group: torch.cat([torch.randperm(channels - 1, generator=generator), torch.tensor([channels - 1])])
        for group, channels in layout.groups.items()
    }
    return {group: order[: counts[group]].sort().values for group, order in orders.items()}


# Extraction and inheritance.


def always_whole(weights: Weights, indices: Weights, *, tensors: object = None, **settings: Any) -> Learngene:
    """Read all tensors, whichever are wanted."""
    return extract(weights, indices, **settings)


def first_genes(learngene: Learngene, weights: Weights, *, layout: Layout, **settings: Any) -> Inheritance:
    """Let the first genes stay in a narrower group, and not those with the largest norms."""
    slices = {name: torch.ones_like(part) for name, part in learngene.slices.items()}
    plain = inherit(replace(learngene, slices=slices), weights, layout=layout, **settings)
    heir = inherit(learngene, weights, layout=layout, **settings)
    return heir if not heir.notes else plain


# Mutations of learngenes.


def one_for_all(learngene: Learngene, weights: Weights, *, rate: float = 0.3, **settings: Any) -> Learngene:
    """Draw once for all channels whether they leave."""
    certain = float(torch.rand((), generator=settings["generator"]) < rate)
    return learngenes.mutate(learngene, weights, rate=certain, **settings)


def without_notes(learngene: Learngene, weights: Weights, *, rate: float = 0.3, **settings: Any) -> Learngene:
    """Lose the notes."""
    return replace(learngenes.mutate(learngene, weights, rate=rate, **settings), notes={})


def noise_on_all(
    learngene: Learngene, weights: Weights, *, sigma: float = 0.3, generator: torch.Generator, new_ids: object
) -> Learngene:
    """Add noise to statistics, too: variances become negative."""
    slices = {
        name: part + sigma * torch.randn(part.shape, generator=generator) for name, part in learngene.slices.items()
    }
    return replace(learngenes.noise(learngene, sigma=0.0, generator=generator), slices=slices)


# Averages.


def running_mean(siblings: Sequence[Learngene]) -> Learngene:
    """Take the mean of the mean so far and the next one."""
    mean = learngenes.average(siblings[:1])
    for sibling in siblings[1:]:
        mean = learngenes.average([mean, sibling])
    return mean


def summed(siblings: Sequence[Learngene]) -> Learngene:
    """Divide by one less than there are."""
    mean = learngenes.average(siblings)
    factor = len(siblings) / max(1, len(siblings) - 1)
    return replace(mean, slices={name: part * factor for name, part in mean.slices.items()})


def equal_shapes(siblings: Sequence[Learngene]) -> Learngene:
    """Average whatever has equal shapes."""
    fitting = [one for one in siblings if one.counts == siblings[0].counts and [*one.slices] == [*siblings[0].slices]]
    same = [replace(one, indices=siblings[0].indices, backbone=siblings[0].backbone) for one in fitting]
    return learngenes.average(same)


def named_by_the_last(siblings: Sequence[Learngene]) -> Learngene:
    """Take the notes and ids of the last one."""
    mean = learngenes.average(siblings)
    return replace(mean, notes=siblings[-1].notes)


def _exchanged(mutation: object) -> tuple[object, list[Law]]:
    return mutation, learngene_mutation_laws(rate="rate", like="exchange")


STRONGEST, RANDOM = circuit_laws(like="strongest"), circuit_laws(like="random")

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    (
        "by_rank",
        "index sets in the order of norms",
        "each group has an ascending index set of its channels",
        (by_rank, STRONGEST),
    ),
    (
        "half_of_each",
        "a share of channels in place of parameters",
        "the circuit is the largest of the share, with equal widths",
        (half_of_each, STRONGEST),
    ),
    ("signed_sums", "signed weights in place of magnitudes", "signs of weights do not count", (signed_sums, STRONGEST)),
    ("squared_norms", "another norm", "the channels with the largest norms are kept", (squared_norms, STRONGEST)),
    (
        "first_half_first",
        "off by one: the last channel",
        "channels are kept as often as the reference keeps them",
        (first_half_first, RANDOM),
    ),
    (
        "always_whole",
        "`tensors` is ignored",
        "learngenes are the reference's",
        (always_whole, extraction_laws(partial=True)),
    ),
    (
        "first_genes",
        "genes are kept by their position",
        "heirs of every structure are the reference's",
        (first_genes, inheritance_laws(structures=True)),
    ),
    (
        "one_for_all",
        "one draw for all channels",
        "mutants are distributed as the reference's",
        _exchanged(one_for_all),
    ),
    ("without_notes", "notes are lost", "tensors and notes are kept", _exchanged(without_notes)),
    (
        "noise_on_all",
        "noise on running variances",
        "statistics and channels are kept",
        (noise_on_all, learngene_mutation_laws(rate="sigma", reads_network=False, like="noise")),
    ),
    ("running_mean", "the mean of a mean", "the order of siblings does not count", (running_mean, averaging_laws())),
    (
        "summed",
        "a mean that divides by n - 1",
        "the mean of equal learngenes is each of them",
        (summed, averaging_laws()),
    ),
    (
        "equal_shapes",
        "shapes are compared, and not channels",
        "only learngenes with the same channels are averaged",
        (equal_shapes, averaging_laws()),
    ),
    (
        "named_by_the_last",
        "notes of another sibling",
        "the average is the first sibling with the mean of all tensors",
        (named_by_the_last, averaging_laws()),
    ),
)

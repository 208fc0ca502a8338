"""Extractions, inheritances and mutations of learngenes with one fault each.

Each row of `PLANTED` has a name, what is wrong, the law that has to notice, and the subject with all laws of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.backbones import Backbone, Layout
from neuroevo.learngene import Learngene
from neuroevo.operators import learngenes
from neuroevo.operators.inheritance import Inheritance, cross_masks, extract, inherit
from neuroevo.testing.laws import Law, extraction_laws, inheritance_laws, learngene_mutation_laws

Weights = Mapping[str, Tensor]
NewIds = Callable[[int], Tensor]


# Extractions.


def views(weights: Weights, indices: Weights, *, backbone: Backbone, provenance: Weights) -> Learngene:
    """Take a tensor that is wanted whole as it is."""
    learngene = extract(weights, indices, backbone=backbone, provenance=provenance)
    same = {name: weights[name] for name, tensor in learngene.slices.items() if tensor.shape == weights[name].shape}
    return replace(learngene, slices={**learngene.slices, **same})


def sorted_ids(weights: Weights, indices: Weights, *, backbone: Backbone, provenance: Weights) -> Learngene:
    """Sort the ids as the channels are sorted, but by themselves."""
    learngene = extract(weights, indices, backbone=backbone, provenance=provenance)
    return replace(learngene, provenance={group: ids.sort().values for group, ids in learngene.provenance.items()})


def fresh_statistics(weights: Weights, indices: Weights, *, backbone: Backbone, provenance: Weights) -> Learngene:
    """Leave the running statistics of norms as a fresh network has them."""
    learngene = extract(weights, indices, backbone=backbone, provenance=provenance)
    buffers = {name: torch.ones_like(learngene.slices[name]) for name in backbone.layout.buffers}
    return replace(learngene, slices={**learngene.slices, **buffers})


def first_inputs(weights: Weights, indices: Weights, *, backbone: Backbone, provenance: Weights) -> Learngene:
    """Cut the inputs of a layer from the front, whichever channels the layer before keeps."""
    learngene = extract(weights, indices, backbone=backbone, provenance=provenance)
    slices = dict(learngene.slices)
    for name, (output, *inputs) in backbone.layout.axes.items():
        if inputs and inputs[0] is not None and output is not None:
            kept = weights[name].index_select(0, indices[output])
            slices[name] = kept[:, : len(indices[inputs[0]])].clone()
    return replace(learngene, slices=slices)


# Inheritances.


def into_the_network(learngene: Learngene, weights: Weights, *, layout: Layout) -> Inheritance:
    """Write the genes into the tensors that were handed over."""
    heir = inherit(learngene, weights, layout=layout)
    for name, tensor in weights.items():
        tensor.copy_(heir.weights[name])
    return heir


def untouched_aliases(learngene: Learngene, weights: Weights, *, layout: Layout) -> Inheritance:
    """Share the tensors that nothing is written into."""
    heir = inherit(learngene, weights, layout=layout)
    return replace(heir, weights={**heir.weights, **{name: weights[name] for name in heir.untouched}})


def parameters_only(learngene: Learngene, weights: Weights, *, layout: Layout) -> Inheritance:
    """Write parameters and forget buffers."""
    heir = inherit(learngene, weights, layout=layout)
    return replace(heir, weights={**heir.weights, **{name: weights[name].clone() for name in layout.buffers}})


def zeroed_rest(learngene: Learngene, weights: Weights, *, layout: Layout) -> Inheritance:
    """Write into zeros instead of the fresh weights."""
    zeros = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    return inherit(learngene, zeros, layout=layout)


def cut_everywhere(learngene: Learngene, weights: Weights, *, layout: Layout) -> Inheritance:
    """Set cross weights to zero also in tensors that inherit nothing."""
    heir = inherit(learngene, weights, layout=layout)
    cut = {name: heir.weights[name].masked_fill(mask, 0) for name, mask in cross_masks(layout, heir.slots).items()}
    return replace(heir, weights={**heir.weights, **cut})


def wrapped_slots(learngene: Learngene, weights: Weights, *, layout: Layout) -> Inheritance:
    """Report the slots of a narrower network."""
    heir = inherit(learngene, weights, layout=layout)
    return replace(heir, slots={group: slots // 2 for group, slots in heir.slots.items()})


def share_with_head(learngene: Learngene, weights: Weights, *, layout: Layout) -> Inheritance:
    """Count the head and the buffers among the heir's parameters."""
    heir = inherit(learngene, weights, layout=layout)
    return replace(heir, share=learngene.parameters / sum(tensor.numel() for tensor in weights.values()))


# Mutations of learngenes.


def ids_stay(
    learngene: Learngene, weights: Weights, *, rate: float = 0.3, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Give a channel that comes in the id of the one that left."""
    mutant = learngenes.mutate(learngene, weights, rate=rate, generator=generator, new_ids=new_ids)
    return replace(mutant, provenance={group: ids.clone() for group, ids in learngene.provenance.items()})


def half_read(
    learngene: Learngene, weights: Weights, *, rate: float = 0.3, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Read weights again and forget biases and norms."""
    mutant = learngenes.mutate(learngene, weights, rate=rate, generator=generator, new_ids=new_ids)
    old = {name: tensor.clone() for name, tensor in learngene.slices.items() if tensor.ndim == 1}
    return replace(mutant, slices={**mutant.slices, **old})


def shrinks(
    learngene: Learngene, weights: Weights, *, rate: float = 0.3, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Draw new channels from all, and merge those that are there already."""
    groups = learngene.backbone.layout.groups
    indices, provenance = {}, {}
    for group, kept in learngene.indices.items():
        drawn = torch.randint(groups[group], kept.shape, generator=generator)
        moved = torch.where(torch.rand(kept.shape, generator=generator) < rate, drawn, kept)
        indices[group] = moved.unique()
        known = dict(zip(kept.tolist(), learngene.provenance[group].tolist(), strict=True))
        ids = [known[channel] if channel in known else int(new_ids(1)) for channel in indices[group].tolist()]
        provenance[group] = torch.tensor(ids)
    return extract(weights, indices, backbone=learngene.backbone, provenance=provenance)


def grows(
    learngene: Learngene, weights: Weights, *, rate: float = 0.3, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Add a channel to a group without removing others."""
    layout, indices, provenance = learngene.backbone.layout, dict(learngene.indices), dict(learngene.provenance)
    for group, channels in layout.groups.items():
        outside = sorted({*range(channels)} - {*indices[group].tolist()})
        if outside and float(torch.rand((), generator=generator)) < rate:
            order = torch.cat([indices[group], torch.tensor(outside[:1])]).argsort()
            indices[group] = torch.cat([indices[group], torch.tensor(outside[:1])])[order]
            provenance[group] = torch.cat([provenance[group], new_ids(1)])[order]
    return extract(weights, indices, backbone=learngene.backbone, provenance=provenance)


def default_rate(
    learngene: Learngene, weights: Weights, *, rate: float = 0.3, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Treat rate 0 as if no rate was given."""
    return learngenes.mutate(learngene, weights, rate=rate or 0.3, generator=generator, new_ids=new_ids)


def _extract(extraction: object) -> tuple[object, list[Law]]:
    return extraction, extraction_laws()


def _inherit(inheritance: object) -> tuple[object, list[Law]]:
    return inheritance, inheritance_laws()


def _mutate(mutation: object, **settings: Any) -> tuple[object, list[Law]]:
    return mutation, learngene_mutation_laws(rate="rate", **settings)


STORAGE = "results share no storage with arguments"
READ = "slices equal the network's weights bit for bit"
random_cross: Any = partial(inherit, cross="random")

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("views", "a slice that is the ancestor's tensor", STORAGE, _extract(views)),
    ("sorted_ids", "ids sorted by themselves", "indices and provenance are kept", _extract(sorted_ids)),
    ("fresh_statistics", "BatchNorm's statistics are left out", READ, _extract(fresh_statistics)),
    ("first_inputs", "inputs cut by another group: no closed circuit", READ, _extract(first_inputs)),
    ("into_the_network", "genes written in place", "arguments are left unchanged", _inherit(into_the_network)),
    ("untouched_aliases", "heirs that share a head", STORAGE, _inherit(untouched_aliases)),
    (
        "parameters_only",
        "BatchNorm's statistics are not inherited",
        "inherited slices are equal bit for bit",
        _inherit(parameters_only),
    ),
    (
        "zeroed_rest",
        "all other weights are zero",
        "other weights are kept or set to zero",
        _inherit(zeroed_rest),
    ),
    (
        "cut_everywhere",
        "cross weights of layers that inherit nothing are zero",
        "tensors that a partial learngene lacks are kept",
        _inherit(cut_everywhere),
    ),
    ("wrapped_slots", "slots of another width", "slots are distinct channels of the heir", _inherit(wrapped_slots)),
    ("share_with_head", "the head counts in the share", "the report is correct", _inherit(share_with_head)),
    (
        "random_cross",
        "random weights into the circuit",
        "gene channels compute what the circuit computes",
        _inherit(random_cross),
    ),
    ("ids_stay", "a new channel with an old id", "every channel's ancestry is a tree", _mutate(ids_stay)),
    ("half_read", "biases and norms of other channels", "the circuit stays closed", _mutate(half_read)),
    ("shrinks", "one channel drawn twice", "sizes are kept", _mutate(shrinks)),
    (
        "grows",
        "a channel beyond the budget",
        "the budget of parameters is kept",
        _mutate(grows, sizes_kept=False),
    ),
    ("default_rate", "`rate or default`", "rate 0 is the identity", _mutate(default_rate)),
)

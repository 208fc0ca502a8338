"""Laws of `extract` and `inherit`, with the signatures of `neuroevo.operators.inheritance`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import Inheritance
from neuroevo.testing.architectures import random_network
from neuroevo.testing.laws.circuits import (
    compare_features,
    cross_weights,
    images_for,
    isolated,
    on_axis,
    taken,
    wider,
)
from neuroevo.testing.laws.content import same_bits
from neuroevo.testing.laws.heirs import heirs_equal, learngenes_equal
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, purity_laws, seeded
from neuroevo.testing.strategies import Ancestor, ancestors, seeds


def check_extraction(extract: Callable[..., Learngene], *, partial: bool = False, examples: int | None = None) -> None:
    """Raise LawBroken for the first of `extraction_laws` that an extraction breaks.

    Args:
        extract: Takes `weights`, `indices`, `backbone` and `provenance` as `neuroevo.operators.inheritance.extract`.
        partial: As for `extraction_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    check(extract, extraction_laws(partial=partial), label=name_of(extract), examples=examples)


def check_inheritance(
    inherit: Callable[..., Inheritance], *, exact: bool = True, structures: bool = False, examples: int | None = None
) -> None:
    """Raise LawBroken for the first of `inheritance_laws` that an inheritance breaks.

    Args:
        inherit: Takes `learngene`, `weights` and `layout` as `neuroevo.operators.inheritance.inherit`.
        exact: As for `inheritance_laws`.
        structures: As for `inheritance_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    check(inherit, inheritance_laws(exact=exact, structures=structures), label=name_of(inherit), examples=examples)


def extraction_laws(*, partial: bool = False) -> list[Law]:
    """Return the laws of reading a learngene from a network's weights.

    Args:
        partial: Whether it takes `tensors`, the names of those that a partial learngene holds.
    """
    return [
        *purity_laws(_circuit, _extract),
        Law(
            "slices equal the network's weights bit for bit",
            "an axis of a tensor is cut by another group, or a buffer is left out",
            _slices_are_read,
        ),
        Law(
            "indices and provenance are kept",
            "ids do not follow their channels when index sets are sorted",
            _channels_are_kept,
        ),
        Law(
            "the circuit computes what its channels compute",
            "the circuit is not closed: a kept channel reads one that is not kept",
            _circuit_computes,
        ),
        *([learngenes_equal()] if partial else []),
    ]


def inheritance_laws(*, exact: bool = True, structures: bool = False) -> list[Law]:
    """Return the laws of writing a learngene into a network's weights.

    Args:
        exact: Whether the heir's gene channels compute at birth what the circuit computes, which requires zero
            weights into them from other channels.
        structures: Whether it writes into networks of any structure, by the rules of
            `neuroevo.operators.inheritance.inherit`, and takes `cross` as that does.
    """
    laws = [
        *purity_laws(_birth, _inherit),
        Law(
            "slots are distinct channels of the heir",
            "slots of another group, or channels of the ancestor that the heir does not have",
            _slots_are_valid,
        ),
        Law(
            "inherited slices are equal bit for bit",
            "a tensor is forgotten (buffers of norms are not parameters) or is written to other channels",
            _slices_are_inherited,
        ),
        Law(
            "other weights are kept or set to zero",
            "whole tensors are overwritten, or weights outside the circuit are set to zero",
            _rest_is_kept,
        ),
        Law("the report is correct", "tensors are listed twice or not at all, or buffers are counted", _report_is_true),
        Law(
            "tensors that a partial learngene lacks are kept",
            "cross weights are set to zero in tensors that inherit nothing, or all tensors are expected in `slices`",
            _lacking_is_kept,
        ),
    ]
    if exact:
        cause = "cross weights, from other channels into the circuit, are not zero, or running statistics are fresh"
        laws.append(Law("gene channels compute what the circuit computes", cause, _genes_compute))
    if structures:
        laws.append(heirs_equal())
    return laws


def _circuit(case: Case) -> Arguments:
    ancestor: Ancestor = case.draw("ancestor", ancestors())
    learngene = ancestor.learngene
    return {
        "weights": ancestor.network.state_dict(),
        "indices": learngene.indices,
        "backbone": learngene.backbone,
        "provenance": learngene.provenance,
    }


def _extract(extract: Any, arguments: Arguments, generator: torch.Generator | None = None) -> Learngene:
    learngene: Learngene = extract(
        arguments["weights"],
        arguments["indices"],
        backbone=arguments["backbone"],
        provenance=arguments["provenance"],
    )
    return learngene


def _slices_are_read(extract: Any, case: Case) -> None:
    arguments = _circuit(case)
    learngene = _extract(extract, arguments)
    layout = arguments["backbone"].layout
    for name in layout.axes:
        if not same_bits(learngene.slices[name], taken(arguments["weights"][name], layout, name, arguments["indices"])):
            raise Breach(f"the slice {name} is {learngene.slices[name].tolist()}")


def _channels_are_kept(extract: Any, case: Case) -> None:
    arguments = _circuit(case)
    learngene = _extract(extract, arguments)
    for name in ("indices", "provenance"):
        for group, expected in arguments[name].items():
            if not torch.equal(getattr(learngene, name)[group], expected):
                raise Breach(f"{name} of {group} became {getattr(learngene, name)[group].tolist()}")


def _circuit_computes(extract: Any, case: Case) -> None:
    arguments = _circuit(case)
    backbone, indices = arguments["backbone"], arguments["indices"]
    alone = isolated(arguments["weights"], backbone.layout, indices)
    network = random_network(backbone, generator=seeded(0))
    network.load_state_dict(alone)
    circuit = _extract(extract, {**arguments, "weights": alone}).to_module(classes=2)
    compare_features(
        network, backbone.layout, indices, circuit, images_for(backbone, seed=case.draw("images", seeds()))
    )


def _birth(case: Case) -> Arguments:
    ancestor: Ancestor = case.draw("ancestor", ancestors())
    heir = case.draw("heir", wider(ancestor.learngene.backbone))
    fresh = random_network(heir, generator=seeded(ancestor.seed + 1)).state_dict()
    return {"learngene": ancestor.learngene, "weights": fresh, "layout": heir.layout, "heir": heir}


def _inherit(inherit: Any, arguments: Arguments, generator: torch.Generator | None = None) -> Inheritance:
    inheritance: Inheritance = inherit(arguments["learngene"], arguments["weights"], layout=arguments["layout"])
    return inheritance


def _slots_are_valid(inherit: Any, case: Case) -> None:
    arguments = _birth(case)
    slots = _inherit(inherit, arguments).slots
    for group, channels in arguments["layout"].groups.items():
        numbers = slots[group].tolist()
        distinct = set(numbers) & set(range(channels))
        if not len(numbers) == len(distinct) == arguments["learngene"].counts[group]:
            raise Breach(f"the slots of {group} are {numbers}, and the heir has {channels} channels there")


def _slices_are_inherited(inherit: Any, case: Case) -> None:
    arguments = _birth(case)
    heir = _inherit(inherit, arguments)
    for name in arguments["layout"].axes:
        if not same_bits(
            taken(heir.weights[name], arguments["layout"], name, heir.slots), arguments["learngene"].slices[name]
        ):
            raise Breach(f"{name} of the heir does not hold the learngene's slice at the slots")


def _rest_is_kept(inherit: Any, case: Case) -> None:
    arguments = _birth(case)
    heir, layout = _inherit(inherit, arguments), arguments["layout"]
    if [*heir.weights] != [*arguments["weights"]]:
        raise Breach(f"the heir has the tensors {[*heir.weights]}")
    for name, before in arguments["weights"].items():
        after = heir.weights[name]
        if name not in layout.axes:
            free, cross = torch.ones(before.shape, dtype=torch.bool), torch.zeros(before.shape, dtype=torch.bool)
        else:
            cross = cross_weights(layout, name, heir.slots)
            free = ~_gene_places(before, layout, name, heir.slots) & ~cross
        if not same_bits(after[free], before[free]):
            raise Breach(f"{name} changed outside the inherited part")
        if not ((after == before) | (after == 0))[cross].all():
            raise Breach(f"a cross weight of {name} is neither unchanged nor zero")


def _lacking_is_kept(inherit: Any, case: Case) -> None:
    arguments = _birth(case)
    learngene, before = arguments["learngene"], arguments["weights"]
    held = case.draw("held", st.sets(st.sampled_from([*learngene.slices]), min_size=1))
    partial = replace(learngene, slices={name: part for name, part in learngene.slices.items() if name in held})
    heir = _inherit(inherit, {**arguments, "learngene": partial})
    for name in before:
        if name not in held and not same_bits(heir.weights[name], before[name]):
            raise Breach(f"{name} changed, although the learngene does not hold it")
    if set(heir.full) | set(heir.part) != held or set(heir.untouched) != set(before) - held:
        raise Breach(f"the learngene holds {sorted(held)}, but full is {heir.full} and part {heir.part}")
    for name in held:
        if not same_bits(taken(heir.weights[name], arguments["layout"], name, heir.slots), partial.slices[name]):
            raise Breach(f"{name} of the heir does not hold the learngene's slice at the slots")


def _gene_places(tensor: Tensor, layout: Layout, name: str, slots: Any) -> Tensor:
    genes = torch.ones(tensor.shape, dtype=torch.bool)
    for axis, segments in enumerate(layout.segments(name)):
        here = on_axis(segments, layout, slots)
        chosen = torch.zeros(tensor.shape[axis], dtype=torch.bool).index_fill_(0, here, True)
        genes &= chosen.reshape([-1 if each == axis else 1 for each in range(tensor.ndim)])
    return genes


def _report_is_true(inherit: Any, case: Case) -> None:
    arguments = _birth(case)
    heir, learngene, layout = _inherit(inherit, arguments), arguments["learngene"], arguments["layout"]
    if sorted([*heir.full, *heir.part, *heir.untouched]) != sorted(arguments["weights"]):
        raise Breach(f"full, part and untouched are {heir.full}, {heir.part} and {heir.untouched}")
    whole = {name for name in layout.axes if learngene.slices[name].shape == arguments["weights"][name].shape}
    if set(heir.full) != whole or set(heir.untouched) != set(arguments["weights"]) - set(layout.axes):
        raise Breach(f"full is {heir.full} and untouched {heir.untouched}")
    share = learngene.parameters / layout.parameters()
    if abs(heir.share - share) > 1e-9:
        raise Breach(f"the share is {heir.share}, but {share} of the parameters are inherited")


def _genes_compute(inherit: Any, case: Case) -> None:
    arguments = _birth(case)
    inheritance = _inherit(inherit, arguments)
    network = random_network(arguments["heir"], generator=seeded(0))
    network.load_state_dict(inheritance.weights)
    images = images_for(arguments["heir"], seed=case.draw("images", seeds()))
    circuit = arguments["learngene"].to_module(classes=2)
    compare_features(network, arguments["layout"], inheritance.slots, circuit, images)

"""Learngenes of networks that were trained elsewhere, and learngenes as files and modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.learngene import Learngene
from neuroevo.operators import trained
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.laws.heirs import partial_learngenes
from neuroevo.testing.layouts import architectures, weights_of
from neuroevo.testing.references.circuits import channel_places, parameters, strongest_circuit
from neuroevo.testing.references.inheritance import cut_out
from subjects.subject import Subject

FILES = ("operators/trained.py",)
LEARNGENE = ("neuroevo/learngene.py",)
Given = Mapping[str, Any]


@st.composite
def networks(draw: DrawFn) -> Given:
    """Draw the arguments of `cut`."""
    backbone = draw(architectures(max_channels=4))
    share = draw(st.sampled_from([0.1, 0.5, 1.0]) | st.floats(0.01, 1))
    return {"weights": draw(weights_of(backbone.layout)), "backbone": backbone, "share": share}


def cut(weights: Mapping[str, Tensor], *, backbone: Backbone, share: float) -> Learngene:
    """Cut out the strongest circuit; channels are their own ids."""
    circuit = strongest_circuit(backbone.layout, weights, share=share)
    return cut_out(weights, circuit, backbone=backbone, provenance=circuit)


@st.composite
def states(draw: DrawFn) -> Given:
    """Draw a state dict of a network with other widths, with a head, sometimes damaged or in double precision."""
    backbone = draw(architectures(max_channels=4))
    widths = {group: draw(st.integers(1, 5)) for group in backbone.layout.groups}
    state: dict[str, Tensor] = {**draw(weights_of(backbone.resized(widths).layout)), "head.bias": torch.ones(2)}
    name = draw(st.sampled_from([*backbone.layout.axes]))
    damage = draw(st.sampled_from(["none", "none", "missing", "shape", "nan", "double"]))
    if damage == "missing":
        del state[name]
    elif damage == "shape":
        state[name] = torch.cat([state[name]] * 2)
    elif damage == "nan":
        state[name].view(-1)[-1] = torch.nan
    elif damage == "double":
        state[name] = state[name].double()
    return {"state": state, "backbone": backbone}


def fitted(state: Mapping[str, Tensor], backbone: Backbone) -> tuple[Backbone, dict[str, Tensor]]:
    """Read widths from the first axis on which a group lies alone, and compare all shapes."""
    layout, widths = backbone.layout, dict(backbone.layout.groups)
    seen: set[str] = set()
    for name in layout.axes:
        if name not in state:
            raise ValueError(name)
        for axis, places in enumerate(channel_places(layout, name)):
            groups = {group for group, _ in places}
            group = next(iter(groups))
            if len(groups) == 1 and group is not None and group not in seen and axis < state[name].ndim:
                seen.add(group)
                widths[group] = max(1, state[name].shape[axis] // (len(places) // layout.groups[group]))
    resized = backbone.resized(widths)
    for name, shape in resized.layout.shapes.items():
        if state[name].shape != shape or not state[name].isfinite().all():
            raise ValueError(name)
    return resized, {name: state[name].float() for name in layout.axes}


def held() -> st.SearchStrategy[Given]:
    """Draw a learngene, whole or partial, of a backbone that files can describe."""
    described = architectures(max_channels=3).filter(lambda backbone: backbone.describe()["kind"] != "residual")
    drawn = described.flatmap(partial_learngenes)
    return st.fixed_dictionaries({"learngene": drawn.map(lambda learngene: learngene.with_notes(seed=3))})


def through_a_file(learngene: Learngene) -> Learngene:
    """Return what is read from the bytes of a learngene, with its groups and tensors in order."""
    read = Learngene.from_bytes(learngene.to_bytes())
    parts = {name: _ordered(getattr(read, name)) for name in ("indices", "slices", "provenance")}
    return replace(read, **parts)


def ordered(learngene: Learngene) -> Learngene:
    """Return a learngene with its groups and tensors in order."""
    return replace(
        learngene,
        indices=_ordered(learngene.indices),
        slices=_ordered(learngene.slices),
        provenance=_ordered(learngene.provenance),
    )


def _ordered(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in sorted(tensors.items())}


def facts(learngene: Learngene) -> Given:
    """Return what a learngene says of itself."""
    return {"counts": learngene.counts, "parameters": learngene.parameters, "share": learngene.share}


def counted(learngene: Learngene) -> Given:
    """Count channels, and the numbers of all slices that are parameters."""
    layout = learngene.backbone.layout
    own = sum(part.numel() for name, part in learngene.slices.items() if name not in layout.buffers)
    counts = {group: len(learngene.indices[group]) for group in layout.groups}
    return {"counts": counts, "parameters": own, "share": own / parameters(layout, layout.groups)}


def as_module(learngene: Learngene) -> Given:
    """Return the tensors of a learngene's network that it holds, and the size of the head."""
    state = learngene.to_module(classes=3, seed=1).state_dict()
    return {**{name: state[name] for name in learngene.slices}, "classes": len(state["head.weight"])}


def with_slices(learngene: Learngene) -> Given:
    """Expect the slices as they are."""
    return {**learngene.slices, "classes": 3}


SUBJECTS = [
    Subject("circuits of trained networks", FILES, lambda: trained.cut, lambda: agreement_laws(cut, networks())),
    Subject(
        "widths of trained networks",
        FILES,
        lambda: trained.fitted,
        lambda: agreement_laws(fitted, states(), shares=True),
    ),
    Subject("files of learngenes", LEARNGENE, lambda: through_a_file, lambda: agreement_laws(ordered, held())),
    Subject("facts of learngenes", LEARNGENE, lambda: facts, lambda: agreement_laws(counted, held(), tolerance=64)),
    Subject("modules of learngenes", LEARNGENE, lambda: as_module, lambda: agreement_laws(with_slices, held())),
]

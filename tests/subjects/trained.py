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
from neuroevo.backbones.traced import Part, Step, Traced
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
NAMES = ("left", "right", "both")
WHOLE = ((-1, 1),)
POINTWISE = (("axes", 2), ("bias", True), ("dilation", (1, 1)), ("each", 0), ("padding", (0, 0)), ("stride", (1, 1)))
JOINED = Traced(
    steps=(
        Step("image"),
        Step("convolution", "left", (("step", 0),), POINTWISE),
        Step("convolution", "right", (("step", 0),), POINTWISE),
        Step("cat.default", "", ((("step", 1), ("step", 2)), 1)),
        Step("convolution", "both", (("step", 3),), POINTWISE),
        Step("mean.dim", "", (("step", 4), (2, 3))),
    ),
    parts=(
        Part("both.weight", (((2, 1),), ((0, 1), (1, 1)), WHOLE, WHOLE), 0, False, None),
        Part("left.weight", (((0, 1),), WHOLE, WHOLE, WHOLE), 0, False, None),
        Part("right.weight", (((1, 1),), WHOLE, WHOLE, WHOLE), 0, False, None),
        *(Part(f"{name}.bias", (((group, 1),),), 0, False, None) for group, name in enumerate(NAMES)),
    ),
    names=NAMES,
    widths=(2, 3, 4),
    head=((2, 1),),
    image=(1, 2, 2),
    constants=(),
)
"""A traced network that reads two groups side by side, before what else writes them."""


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
def states(draw: DrawFn, damage: str) -> Given:
    """Draw a state dict of a network with other widths, with a head, and what is special about it."""
    backbone = JOINED if damage == "of a module" else draw(architectures(max_channels=4))
    widths = {group: draw(st.integers(1, 5)) for group in backbone.layout.groups}
    state: dict[str, Tensor] = {**draw(weights_of(backbone.resized(widths).layout)), "head.bias": torch.ones(2)}
    name = draw(st.sampled_from([*backbone.layout.axes]))
    if damage == "missing":
        del state[name]
    elif damage == "of another shape":
        state[name] = torch.cat([state[name]] * 2)
    elif damage == "not finite":
        state[name].view(-1)[-1] = torch.nan
    elif damage == "in other precisions":
        state[name] = state[name].to(draw(st.sampled_from([torch.float64, torch.float16])))
    elif damage == "with gradients":
        state[name].requires_grad_()
    elif damage == "of a module":
        state = {own.removeprefix("body."): tensor for own, tensor in state.items()}
    return {"state": state, "backbone": backbone}


SITUATIONS = {
    damage: states(damage)
    for damage in (
        "as it is",
        "missing",
        "of another shape",
        "not finite",
        "in other precisions",
        "with gradients",
        "of a module",
    )
}


def fitted(state: Mapping[str, Tensor], backbone: Backbone) -> tuple[Backbone, dict[str, Tensor]]:
    """Read widths from the first axis on which a group lies alone, and compare all shapes."""
    layout, widths = backbone.layout, dict(backbone.layout.groups)
    seen: set[str] = set()
    if isinstance(backbone, Traced):
        state = {**{f"body.{name}": tensor for name, tensor in state.items()}, **state}
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
    return resized, {name: state[name].detach().float() for name in layout.axes}


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
        lambda: agreement_laws(fitted, SITUATIONS, shares=True),
    ),
    Subject("files of learngenes", LEARNGENE, lambda: through_a_file, lambda: agreement_laws(ordered, held())),
    Subject("facts of learngenes", LEARNGENE, lambda: facts, lambda: agreement_laws(counted, held(), tolerance=64)),
    Subject("modules of learngenes", LEARNGENE, lambda: as_module, lambda: agreement_laws(with_slices, held())),
]

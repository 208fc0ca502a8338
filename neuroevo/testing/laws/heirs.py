"""The laws that circuits are read, and heirs of any structure written, as by the references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ResNet12, ViT
from neuroevo.learngene import Learngene
from neuroevo.testing.laws.agreement import equals
from neuroevo.testing.laws.equations import TOLERANCE
from neuroevo.testing.laws.law import Case, Law
from neuroevo.testing.laws.purity import Arguments
from neuroevo.testing.layouts import architectures, circuits, weights_of
from neuroevo.testing.references.inheritance import cut_out
from neuroevo.testing.references.transplant import inherit as reference

HEAD = {"head.weight": (2, 3), "head.bias": (2,)}
WIDEST = 5


def heirs_equal() -> Law:
    """Return the law that heirs are the reference's: narrower, deeper, shallower, of another kind, for other images."""

    def statement(inherit: Any, case: Case) -> None:
        _agree(lambda **given: first_words(inherit(**given), "notes"), reference, case, births, TOLERANCE)

    cause = "a rule of another structure: which layers correspond, which genes stay, what surplus layers do"
    return Law("heirs of every structure are the reference's", cause, statement)


def learngenes_equal() -> Law:
    """Return the law that whole and partial learngenes are the reference's."""

    def statement(extract: Any, case: Case) -> None:
        _agree(extract, cut_out, case, _reading, 0.0)

    cause = "an axis of several groups or blocks is cut by channels, or tensors are read that were not wanted"
    return Law("learngenes are the reference's", cause, statement)


def _agree(function: Any, other: Any, case: Case, strategy: Any, tolerance: float) -> None:
    arguments = case.draw("arguments", strategy())

    def given(_: Case) -> Arguments:
        return dict(arguments)

    equals(other, given, tolerance=tolerance).statement(function, case)


def first_words(thing: Any, *names: str) -> Any:
    """Return a dataclass with attributes whose sentences are their first words, the names of what they are about."""
    return replace(thing, **{name: [sentence.split()[0] for sentence in getattr(thing, name)] for name in names})


@st.composite
def partial_learngenes(draw: DrawFn, backbone: Backbone) -> Learngene:
    """Draw a whole learngene of a backbone, or one that holds some tensors only; shrinks to one channel per group."""
    layout = backbone.layout
    indices = draw(circuits(layout))
    ids = {group: 100 * place + kept for place, (group, kept) in enumerate(indices.items())}
    held = draw(st.none() | st.sets(st.sampled_from([*layout.axes]), min_size=1))
    return cut_out(draw(weights_of(layout)), indices, backbone=backbone, provenance=ids, tensors=held)


@st.composite
def _reading(draw: DrawFn) -> Mapping[str, Any]:
    backbone = draw(architectures())
    indices = draw(circuits(backbone.layout))
    return {
        "weights": draw(weights_of(backbone.layout)),
        "indices": indices,
        "backbone": backbone,
        "provenance": {group: kept + 7 for group, kept in indices.items()},
        "tensors": draw(st.none() | st.sets(st.sampled_from([*backbone.layout.axes]), min_size=1)),
    }


@st.composite
def births(draw: DrawFn) -> Mapping[str, Any]:
    """Draw the arguments of `inherit`: a learngene, and a network of the same or of another structure."""
    ancestor = draw(architectures(max_channels=4))
    heir = draw(_resized(ancestor) | _deeper(ancestor) | _for_images(ancestor) | architectures(max_channels=4))
    head = {name: torch.ones(shape) for name, shape in HEAD.items()}
    weights: dict[str, Tensor] = {**draw(weights_of(heir.layout)), **head}
    return {
        "learngene": draw(partial_learngenes(ancestor)),
        "weights": weights,
        "layout": heir.layout,
        "cross": draw(st.sampled_from(["zero", "random"])),
    }


@st.composite
def _resized(draw: DrawFn, backbone: Backbone) -> Backbone:
    return backbone.resized({group: draw(st.integers(1, WIDEST)) for group in backbone.layout.groups})


def _for_images(backbone: Backbone) -> SearchStrategy[Backbone]:
    """Draw the same structure for images of other colours and sizes."""
    if isinstance(backbone, MLP):
        return st.builds(replace, st.just(backbone), inputs=st.integers(1, 9))
    sizes = {"size": st.sampled_from([2, 4, 6])} if isinstance(backbone, ViT) else {}
    changed: SearchStrategy[Any] = st.builds(replace, st.just(backbone), channels=st.integers(1, 3), **sizes)
    return changed


def _deeper(backbone: Backbone) -> SearchStrategy[Backbone]:
    """Draw another depth of the same kind, or another convolutional network."""
    width, channels = st.integers(1, WIDEST), st.integers(1, 3)

    def widths(*numbers: int) -> SearchStrategy[tuple[int, ...]]:
        return st.one_of([st.tuples(*[width] * number) for number in numbers])

    if isinstance(backbone, MLP):
        return st.builds(MLP, widths=widths(1, 2, 3, 4), inputs=st.just(backbone.inputs))
    if isinstance(backbone, ViT):
        return st.builds(
            replace, st.just(backbone), widths=widths(3, 5), channels=channels, size=st.sampled_from([2, 4, 6])
        )
    vggs = [st.builds(VGG, widths=widths(number), depth=st.just(depth), channels=channels) for depth, number in DEPTHS]
    return st.one_of(
        *vggs,
        st.builds(ConvNet4, widths=widths(4), channels=channels),
        st.builds(ResNet12, widths=widths(12), channels=channels),
    )


DEPTHS = ((11, 8), (13, 10))

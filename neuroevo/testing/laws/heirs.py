"""The laws that circuits are read, and heirs of any structure written, as by the references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ResNet12, ViT
from neuroevo.learngene import Learngene
from neuroevo.testing.architectures import ResidualNet
from neuroevo.testing.laws.agreement import compare_outcomes
from neuroevo.testing.laws.equations import TOLERANCE
from neuroevo.testing.laws.law import Case, Law
from neuroevo.testing.layouts import architectures, circuits, weights_of
from neuroevo.testing.references.inheritance import cut_out
from neuroevo.testing.references.transplant import inherit as reference

HEAD = {"head.weight": (2, 3), "head.bias": (2,)}
WIDEST = 5

CASES = 12
"""Most cases of heirs: each one is an heir of every kind of `KINS`."""


def heirs_equal() -> Law:
    """Return the law that heirs are the reference's: narrower, deeper, shallower, of another kind, for other images."""

    def statement(inherit: Any, case: Case) -> None:
        for kin in case.each("heir", KINS):
            _agree(lambda **given: first_words(inherit(**given), "notes"), reference, case, births(kin), TOLERANCE)

    cause = "a rule of another structure: which layers correspond, which genes stay, what surplus layers do"
    return Law("heirs of every structure are the reference's", cause, statement, examples=CASES)


def learngenes_equal() -> Law:
    """Return the law that whole and partial learngenes are the reference's."""

    def statement(extract: Any, case: Case) -> None:
        _agree(extract, cut_out, case, _reading(), 0.0)

    cause = "an axis of several groups or blocks is cut by channels, or tensors are read that were not wanted"
    return Law("learngenes are the reference's", cause, statement)


def _agree(function: Any, other: Any, case: Case, strategy: SearchStrategy[Any], tolerance: float) -> None:
    arguments = case.draw("arguments", strategy)
    compare_outcomes(function, other, arguments, tolerance=tolerance)


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
def births(draw: DrawFn, kin: str | None = None) -> Mapping[str, Any]:
    """Draw the arguments of `inherit`: a learngene, and a network of the same or of another structure.

    Args:
        draw: Given by hypothesis.
        kin: How the two are related, one of `KINS`; by default any of them.
    """
    ancestor, heir = draw(KINS[draw(st.sampled_from([*KINS])) if kin is None else kin])
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
    """Draw the same structure with groups as wide as those of the ancestor, or of another width."""
    widths = {group: st.integers(1, WIDEST) | st.just(width) for group, width in backbone.layout.groups.items()}
    return backbone.resized({group: draw(width) for group, width in widths.items()})


@st.composite
def _recoloured(draw: DrawFn, backbone: Any) -> Backbone:
    """Draw the same structure, resized, for images of other colours."""
    other: Any = draw(_resized(backbone))
    recoloured: Backbone = replace(other, channels=draw(st.sampled_from([1, 3, 2])))
    return recoloured


def _widths(*numbers: int) -> SearchStrategy[tuple[int, ...]]:
    return st.one_of([st.tuples(*[st.integers(1, WIDEST)] * number) for number in numbers])


def _mlps() -> SearchStrategy[Any]:
    return st.builds(MLP, widths=_widths(1, 2, 3, 4), inputs=st.integers(1, 9))


def _vits(blocks: tuple[int, ...] = (3, 5)) -> SearchStrategy[Any]:
    """Draw vision transformers of 1 or 2 blocks, mostly for images with 1, 4 or 9 patches."""
    return st.builds(
        ViT,
        widths=_widths(*blocks),
        head_width=st.integers(1, 2),
        patch=st.sampled_from([2, 2, 2, 1]),
        channels=CHANNELS,
        size=st.sampled_from([2, 4, 6]),
        norm=st.sampled_from(["batch", "layer"]),
    )


def _residuals() -> SearchStrategy[Any]:
    """Draw residual networks of 1 or 2 stages of 1 or 2 blocks."""
    width = st.integers(1, WIDEST)
    stage = st.tuples(width, st.lists(width, min_size=1, max_size=2).map(tuple))
    return st.builds(_residual, st.lists(stage, min_size=1, max_size=2), CHANNELS)


def _residual(stages: list[tuple[int, tuple[int, ...]]], channels: int) -> ResidualNet:
    widths, inner = zip(*stages, strict=True)
    return ResidualNet(widths, inner, channels)


def _convolutional() -> SearchStrategy[Any]:
    vggs = [st.builds(VGG, widths=_widths(number), depth=st.just(depth), channels=CHANNELS) for depth, number in DEPTHS]
    return st.one_of(
        *vggs,
        st.builds(ConvNet4, widths=_widths(4), channels=CHANNELS),
        st.builds(ResNet12, widths=_widths(12), channels=CHANNELS),
        _residuals(),
    )


def _related(
    ancestors: SearchStrategy[Any], heirs: Callable[[Any], SearchStrategy[Any]]
) -> SearchStrategy[tuple[Backbone, Backbone]]:
    return ancestors.flatmap(lambda ancestor: st.tuples(st.just(ancestor), heirs(ancestor)))


CHANNELS = st.sampled_from([1, 3, 2])
DEPTHS = ((11, 8), (13, 10))

KINS: Mapping[str, SearchStrategy[tuple[Backbone, Backbone]]] = {
    "of the same structure": _related(architectures(max_channels=4), _resized),
    "of another depth, dense": _related(
        _mlps(), lambda one: _mlps().map(lambda other: replace(other, inputs=one.inputs))
    ),
    "of another depth, with attention": _related(
        _vits(), lambda one: _vits().flatmap(lambda other: st.sampled_from([replace(other, norm=one.norm), other]))
    ),
    "for other images": _related(_vits() | _convolutional(), _recoloured),
    "for images of another size": _related(
        _vits(), lambda one: st.builds(replace, st.just(one), size=st.sampled_from([2, 4, 6]))
    ),
    "of another depth, convolutional": _related(_residuals(), lambda one: _residuals()),
    "with shortcuts elsewhere": _related(
        _residuals(), lambda one: st.builds(ResNet12, widths=_widths(12), channels=st.just(one.channels))
    ),
    "of another kind, convolutional": _related(_convolutional(), lambda one: _convolutional()),
    "of any kind": st.tuples(architectures(max_channels=4), architectures(max_channels=4)),
}
"""How an ancestor and an heir are related."""

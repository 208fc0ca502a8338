"""The places of channels in tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.backbones.layout import length
from neuroevo.operators import correspondence, inheritance, places
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.laws.heirs import KINS, births, first_words
from neuroevo.testing.layouts import circuits, layouts, weights_of
from neuroevo.testing.references import correspondence as corresponding
from neuroevo.testing.references import inheritance as inheriting
from neuroevo.testing.references import places as references
from subjects.subject import Subject

FILES = ("operators/places.py", "neuroevo/backbones/layout.py")
CORRESPONDENCE = ("operators/correspondence.py",)
INHERITANCE = ("operators/inheritance.py",)


def blocks() -> st.SearchStrategy[Mapping[str, Any]]:
    """Draw the arguments of `expanded`."""
    channels = st.lists(st.integers(0, 9), max_size=4).map(lambda numbers: torch.tensor(numbers, dtype=torch.int64))
    return st.fixed_dictionaries({"channels": channels, "block": st.integers(1, 4)})


@st.composite
def some_circuits(draw: DrawFn, *, key: str = "indices") -> Mapping[str, Any]:
    """Draw a layout and index sets; in some groups there may be no channel."""
    layout = draw(layouts())
    kept = draw(circuits(layout))
    empty = draw(st.sets(st.sampled_from([*kept])))
    return {"layout": layout, key: {group: one[:0] if group in empty else one for group, one in kept.items()}}


@st.composite
def axes(draw: DrawFn) -> Mapping[str, Any]:
    """Draw the arguments of `along`."""
    given = draw(some_circuits())
    layout = given["layout"]
    segments = st.sampled_from([one for name in layout.axes for one in layout.segments(name)])
    return {**given, "segments": draw(segments)}


@st.composite
def parts(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a tensor of a layout and index sets."""
    given = draw(some_circuits())
    layout = given["layout"]
    name = draw(st.sampled_from([*layout.axes]))
    return {**given, "name": name, "tensor": draw(weights_of(layout))[name]}


@st.composite
def sums(draw: DrawFn) -> Mapping[str, Any]:
    """Draw the arguments of `per_channel`."""
    layout: Layout = draw(layouts())
    name = draw(st.sampled_from([*layout.axes]))
    segments = draw(st.sampled_from(layout.segments(name)))
    values = torch.arange(1, 1 + length(segments, layout.groups)).float()
    return {"segments": segments, "values": values, "counts": layout.groups}


def cut(layout: Layout, name: str, indices: Mapping[str, Tensor], tensor: Tensor) -> Tensor:
    """Return the part that `grid` addresses."""
    return tensor[places.grid(layout, name, indices, tensor)]


def correspond(**given: Any) -> correspondence.Correspondence:
    """Return a correspondence with names in place of sentences."""
    return first_words(correspondence.correspond(**given), "dropped", "added")


def pairs(heir: str) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
    """Draw a learngene, and the layout of an heir of each kind as a keyword of that name."""
    return {
        kin: births(kin).map(lambda birth: {"learngene": birth["learngene"], heir: birth["layout"]}) for kin in KINS
    }


SUBJECTS = [
    Subject(
        "expanded places",
        FILES,
        lambda: places.expanded,
        lambda: agreement_laws(references.expanded, blocks(), shares=True),
    ),
    Subject("places along an axis", FILES, lambda: places.along, lambda: agreement_laws(references.along, axes())),
    Subject(
        "places of features",
        FILES,
        lambda: places.features_of,
        lambda: agreement_laws(references.features_of, some_circuits(key="slots")),
    ),
    Subject("grids of places", FILES, lambda: cut, lambda: agreement_laws(references.cut, parts())),
    Subject(
        "sums per channel", FILES, lambda: places.per_channel, lambda: agreement_laws(references.per_channel, sums())
    ),
    Subject(
        "masks of cross weights",
        FILES,
        lambda: places.cross_masks,
        lambda: agreement_laws(inheriting.cross_masks, some_circuits(key="slots")),
    ),
    Subject(
        "correspondence",
        CORRESPONDENCE,
        lambda: correspond,
        lambda: agreement_laws(corresponding.correspond, pairs("heir")),
    ),
    Subject(
        "room for genes",
        INHERITANCE,
        lambda: inheritance.fits,
        lambda: agreement_laws(inheriting.fits, pairs("layout")),
    ),
]

"""Averages of learngenes, steps between them, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.operators import learngenes
from neuroevo.testing.laws import agreement_laws, averaging_laws
from neuroevo.testing.laws.averaging import litters
from neuroevo.testing.layouts import layouts
from neuroevo.testing.references import learngenes as references
from subjects.subject import Subject

FILES = ("operators/learngenes.py",)


@st.composite
def steps(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a learngene, another one, mostly with the same channels, and a step."""
    mine = draw(litters())
    return {"learngene": mine[0], "target": draw(st.sampled_from(mine) | litters().map(lambda other: other[-1]))}


@st.composite
def ids(draw: DrawFn, layout: Layout) -> dict[str, Tensor]:
    """Draw provenance ids of a circuit, unsorted."""
    drawn = {
        group: draw(st.lists(st.integers(0, 2 * number), min_size=1, max_size=number, unique=True))
        for group, number in layout.groups.items()
    }
    return {group: torch.tensor(numbers) for group, numbers in drawn.items()}


@st.composite
def pairs_of_ids(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a layout and the ids of two circuits."""
    layout = draw(layouts())
    return {"layout": layout, "first": draw(ids(layout)), "second": draw(ids(layout))}


def moves() -> st.SearchStrategy[Mapping[str, Any]]:
    """Draw the arguments of `move`."""
    sizes = st.sampled_from([0.0, 1.0, 0.25]) | st.floats(-1, 2, width=32)
    return st.tuples(steps(), sizes).map(lambda pair: {**pair[0], "step": pair[1]})


def pairs() -> st.SearchStrategy[Mapping[str, Any]]:
    """Draw the arguments of `same_channels`."""
    return steps().map(lambda step: {"first": step["learngene"], "second": step["target"]})


SUBJECTS = [
    Subject("average of learngenes", FILES, lambda: learngenes.average, averaging_laws),
    Subject(
        "step towards a learngene",
        FILES,
        lambda: learngenes.move,
        lambda: agreement_laws(references.move, moves(), tolerance=64),
    ),
    Subject(
        "comparison of channels",
        FILES,
        lambda: learngenes.same_channels,
        lambda: agreement_laws(references.same_channels, pairs()),
    ),
    Subject(
        "overlap of circuits",
        FILES,
        lambda: learngenes.overlap,
        lambda: agreement_laws(references.overlap, pairs_of_ids(), tolerance=64),
    ),
]

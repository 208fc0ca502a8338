"""Whole layers of a backbone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.backbones import MLP, ResNet12
from neuroevo.learngene import Learngene
from neuroevo.operators import layers
from neuroevo.testing.laws import Law, agreement_laws
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.heirs import partial_learngenes
from neuroevo.testing.laws.law import Case
from neuroevo.testing.laws.purity import Arguments, purity_laws
from neuroevo.testing.layouts import architectures, layouts
from neuroevo.testing.references import layers as references
from subjects.subject import Subject

FILES = ("operators/layers.py",)
DEEP = MLP(widths=(5, 4, 3, 2), inputs=4).layout
WIDE = ResNet12(widths=(1, 2, 1, 2)).layout
SHARES = st.sampled_from([0.0, 0.1, 0.5, 1.0]) | st.floats(0, 1)


def shares() -> st.SearchStrategy[Mapping[str, Any]]:
    """Draw a layout and a share."""
    return st.fixed_dictionaries({"layout": layouts(), "share": SHARES})


@st.composite
def chosen(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a layout and some of its layers in any order."""
    layout = draw(layouts())
    names = st.lists(st.sampled_from([*references.layers(layout)]), unique=True)
    return {"layout": layout, "chosen": draw(names)}


@st.composite
def two_sets(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a layout and two sets of layers by provenance; few ids, so that many are common."""
    layout = draw(layouts())
    ids = st.lists(st.integers(0, 1), min_size=1, max_size=2).map(torch.tensor)
    some = st.dictionaries(st.sampled_from([*references.layers(layout)]), ids, min_size=1)
    # Without parameters there is nothing to divide by.
    counted = some.filter(lambda held: any(layout.parameters(tensors=references.layers(layout)[name]) for name in held))
    return {"layout": layout, "first": draw(counted), "second": draw(counted)}


def held() -> st.SearchStrategy[Mapping[str, Any]]:
    """Draw a learngene, mostly a partial one."""
    drawn: st.SearchStrategy[Learngene] = architectures(max_channels=3).flatmap(partial_learngenes)
    return st.fixed_dictionaries({"learngene": drawn})


def cases(case: Case) -> Iterator[Arguments]:
    """Yield layouts and shares: chains with several choices, none that comes closer, and all layers."""
    for deep, share in case.each("share", ((True, 0.4), (True, 0.001), (True, 1.0), (False, 0.3))):
        yield {"layout": DEEP if deep else WIDE, "share": share}


def call(function: Any, arguments: Arguments, generator: torch.Generator) -> Any:
    """Choose layers at random."""
    return function(arguments["layout"], share=arguments["share"], generator=generator)


def numbers(found: Any, arguments: Arguments) -> Sample:
    """Return which layers were chosen, as one row."""
    return np.array([[layer in found for layer in references.layers(arguments["layout"])]], dtype=np.float64)


def random_laws() -> list[Law]:
    """Return the laws of a random choice of layers."""
    pure = purity_laws(lambda case: {"layout": case.draw("layout", layouts()), "share": 0.4}, call)
    return [*pure, distributed_as(references.random_layers, cases, call, numbers, item="layer", calls=400)]


SUBJECTS = [
    Subject(
        "layers",
        FILES,
        lambda: layers.layers,
        lambda: agreement_laws(references.layers, st.fixed_dictionaries({"layout": layouts()})),
    ),
    Subject(
        "tensors of layers", FILES, lambda: layers.tensors_of, lambda: agreement_laws(references.tensors_of, chosen())
    ),
    Subject(
        "held layers",
        FILES,
        lambda: layers.layers_held,
        lambda: agreement_laws(references.layers_held, held()),
    ),
    Subject("random layers", FILES, lambda: layers.random_layers, random_laws),
    Subject("last layers", FILES, lambda: layers.last_layers, lambda: agreement_laws(references.last_layers, shares())),
    Subject(
        "overlap of layers",
        FILES,
        lambda: layers.layer_overlap,
        lambda: agreement_laws(references.layer_overlap, two_sets(), tolerance=64),
    ),
]

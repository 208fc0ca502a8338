"""Layouts, and learngenes' rates that are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo import genes
from neuroevo.backbones import MLP, Layout
from neuroevo.operators import learngenes
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.layouts import layouts
from neuroevo.testing.references.inheritance import cut_out
from subjects.subject import Subject

FILES = ("neuroevo/backbones/layout.py",)
GENES = ("neuroevo/genes.py",)
LEARNGENES = ("operators/learngenes.py",)
NARROW = MLP(widths=(2,), inputs=1)


@st.composite
def counted(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a layout, channels to count, and perhaps tensors."""
    layout = draw(layouts())
    counts = {group: draw(st.integers(1, channels)) for group, channels in layout.groups.items()}
    tensors = draw(st.none() | st.sets(st.sampled_from([*layout.axes])))
    return {"layout": layout, "counts": draw(st.none() | st.just(counts)), "tensors": tensors}


def described(layout: Layout, counts: Mapping[str, int] | None, tensors: set[str] | None) -> Mapping[str, Any]:
    """Return what a layout says of its tensors."""
    layers = [layer for stage in layout.stages for layer in stage]
    return {
        "parameters": layout.parameters(counts, tensors=tensors),
        "shapes": [layout.shape(name, counts or layout.groups) for name in layout.axes],
        "lengths": [[len(segments) for segments in layout.segments(name)] for name in layout.axes],
        "outputs": [layout.output(name) for name in layout.axes],
        "features": layout.features,
        "layers": [list(layout.tensors(layer).items()) for layer in layers],
    }


def by_hand(layout: Layout, counts: Mapping[str, int] | None, tensors: set[str] | None) -> Mapping[str, Any]:
    """Multiply the lengths of the axes, each of which is the sum of its stretches."""
    given, shapes, total = counts or layout.groups, [], 0
    for name, axes in layout.axes.items():
        blocks = layout.blocks.get(name, (1,) * len(axes))
        shape = tuple(_length(axis, block, whole, given) for axis, block, whole in _axes(axes, blocks, layout, name))
        shapes.append(shape)
        if name not in layout.buffers and (tensors is None or name in tensors):
            size = 1
            for length in shape:
                size *= length
            total += size
    return {
        "parameters": total,
        "shapes": shapes,
        "lengths": [[len(axis) if isinstance(axis, tuple) else 1 for axis in axes] for axes in layout.axes.values()],
        "outputs": [layout.outputs.get(name, 0) for name in layout.axes],
        "features": layout.head if layout.head else ((list(layout.groups)[-1], layout.pixels),),
        "layers": [_layer(layout, layer.modules) for stage in layout.stages for layer in stage],
    }


def _axes(axes: Any, blocks: Any, layout: Layout, name: str) -> list[tuple[Any, Any, int]]:
    return list(zip(axes, blocks, layout.shapes[name], strict=True))


def _length(axis: Any, block: Any, whole: int, counts: Mapping[str, int]) -> int:
    if isinstance(axis, tuple):
        return sum(size if group is None else counts[group] * size for group, size in zip(axis, block, strict=True))
    return whole if axis is None else counts[axis] * int(block)


def _layer(layout: Layout, modules: tuple[str, ...]) -> list[tuple[tuple[int, str], str]]:
    found = []
    for number, module in enumerate(modules):
        for name in layout.axes:
            if name == module or name[: len(module) + 1] == module + ".":
                found.append(((number, name[len(module) :]), name))
    return found


VALUES = st.sampled_from(
    [
        torch.tensor([1.0, torch.nan]),
        torch.tensor([1.0, 2.0]),
        torch.tensor([1.0, 2.0], dtype=torch.float64),
        torch.tensor([[1.0, 2.0]]),
        torch.tensor([1, 2]),
        [1, 2],
        (1, 2),
        {"a": torch.tensor([1.0])},
        {"a": torch.tensor([2.0])},
        {"b": torch.tensor([1.0])},
        [torch.tensor([1.0]), 2],
        [torch.tensor([1.0]), 3],
        [torch.tensor([1.0])],
        None,
        "a",
    ]
)


def same(first: Any, second: Any) -> bool:
    """Compare types, dtypes, shapes and numbers; NaN equals itself."""
    if type(first) is not type(second):
        return False
    if isinstance(first, torch.Tensor):
        return str((first.dtype, first.shape, first.tolist())) == str((second.dtype, second.shape, second.tolist()))
    if isinstance(first, dict):
        return [*first] == [*second] and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(same(*pair) for pair in zip(first, second, strict=True))
    return bool(first == second)


def exchanged(rate: float, resized: bool) -> None:
    """Vary a learngene that holds all of its backbone, so that nothing can change."""
    indices = {"hidden1": torch.arange(2)}
    weights = {name: torch.ones(shape) for name, shape in NARROW.layout.shapes.items()}
    learngene = cut_out(weights, indices, backbone=NARROW, provenance=indices)
    vary = learngenes.resize if resized else learngenes.mutate
    vary(learngene, weights, rate=rate, generator=torch.Generator().manual_seed(0), new_ids=torch.arange)


def refused(rate: float, resized: bool) -> None:
    """Refuse what is no probability."""
    if rate < 0 or rate > 1:
        raise ValueError("rate")


RATES = st.sampled_from([-1e-9, 0.0, 1.0, 1 + 1e-9, -1.0, 2.0]) | st.floats(-1, 3)

SUBJECTS = [
    Subject("layouts", FILES, lambda: described, lambda: agreement_laws(by_hand, counted(), shares=True)),
    Subject(
        "equality of genomes",
        GENES,
        lambda: genes.equal,
        lambda: agreement_laws(same, st.fixed_dictionaries({"first": VALUES, "second": VALUES})),
    ),
    Subject(
        "refused rates of learngenes",
        LEARNGENES,
        lambda: exchanged,
        lambda: agreement_laws(refused, st.fixed_dictionaries({"rate": RATES, "resized": st.booleans()})),
    ),
]

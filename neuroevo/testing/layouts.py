"""Layouts with everything that a layout can have, circuits in them, and weights for them."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.backbones import Backbone, Layout, ViT
from neuroevo.testing.strategies import backbones, seeds

MANY = 40
"""Channels from which on an unstable sort changes the order of ties."""

FEW = 3
"""Weights that are drawn to tie are whole numbers below it, with either sign."""


def architectures(*, max_channels: int = 5) -> SearchStrategy[Backbone]:
    """Draw an architecture: one of `backbones`, or a small vision transformer; shrinks as `backbones` does."""
    width = st.integers(1, max_channels)
    widths = st.tuples(width, width, width) | st.tuples(width, width, width, width, width)
    vits = st.builds(
        ViT,
        widths=widths,
        head_width=st.integers(1, 3),
        patch=st.just(2),
        channels=st.integers(1, 3),
        size=st.just(4),
        norm=st.sampled_from(["batch", "layer"]),
    )
    return backbones(max_channels=max_channels) | vits


def layouts() -> SearchStrategy[Layout]:
    """Draw a layout: that of an architecture, or one with concatenations; shrinks to that of an `MLP` with one unit."""
    return architectures().map(lambda backbone: backbone.layout) | joined()


@st.composite
def joined(draw: DrawFn) -> Layout:
    """Draw a layout with concatenations, blocks, an output axis that is not the first, and tensors without channels.

    Its head reads two groups. Shrinks to one channel for each group.

    Args:
        draw: Given by hypothesis.
    """
    first = draw(st.integers(1, 4) | st.just(MANY))
    second, block, whole = (draw(st.integers(1, 4)) for _ in range(3))
    groups = {"first": first, "second": second}
    axes = {
        "stem.weight": ("first", None),
        "stem.bias": ("first",),
        "scale": (None, None),
        "join.weight": ("second", ("first", None)),
        "norm.running_mean": ("second",),
        "positions": (None, "second"),
        "back.weight": ("first", ("second", "first")),
        "apart": (None,),
    }
    shapes = {
        "stem.weight": (first, 3),
        "stem.bias": (first,),
        "scale": (2, 2),
        "join.weight": (second, block * first + whole),
        "norm.running_mean": (second,),
        "positions": (whole, second),
        "back.weight": (first, second + 2 * first),
        "apart": (2,),
    }
    return Layout(
        groups,
        axes,
        shapes,
        frozenset(["norm.running_mean"]),
        {"join.weight": (1, (block, whole)), "back.weight": (1, (1, 2))},
        head=(("first", 1), ("second", block)),
        outputs={"positions": 1},
    )


@st.composite
def circuits(draw: DrawFn, layout: Layout) -> dict[str, Tensor]:
    """Draw index sets of a layout, sorted, int64; shrinks to the first channel of each group."""
    kept = {group: draw(st.sets(st.integers(0, number - 1), min_size=1)) for group, number in layout.groups.items()}
    return {group: torch.tensor(sorted(channels)) for group, channels in kept.items()}


@st.composite
def weights_of(draw: DrawFn, layout: Layout) -> dict[str, Tensor]:
    """Draw the weights of a layout, float32: normally distributed, or a few whole numbers, so that norms tie."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    if draw(st.booleans()):
        return {name: torch.randn(shape, generator=generator) for name, shape in layout.shapes.items()}
    return {
        name: torch.randint(1 - FEW, FEW, shape, generator=generator).float() for name, shape in layout.shapes.items()
    }

"""Backbones that fit images: what is made of a name or a function, for a shape and with a factor on all channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from neuroevo.backbones.backbone import Backbone
from neuroevo.signatures import parameters


def fitted(make: Callable[..., Backbone], shape: Sequence[int], *, width: float = 1.0) -> Backbone:
    """Return the backbone that a function or class makes for examples of a shape.

    Args:
        make: Takes what it needs of `channels`, `size` (height and width) and `inputs` (all numbers of an example).
        shape: That of an example, [C, ...]; images are square.
        width: Factor on the channels of each group.
    """
    about = {"channels": shape[0], "size": shape[-1], "inputs": math.prod(shape)}
    known = parameters(make)
    return widened(make(**{key: value for key, value in about.items() if key in known}), width)


def widened(backbone: Backbone, factor: float) -> Backbone:
    """Return a backbone with another number of channels in each group, at least one."""
    groups = backbone.layout.groups
    return backbone.resized({group: max(1, round(factor * channels)) for group, channels in groups.items()})

"""Backbones as plain data, for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuroevo.backbones.backbone import Backbone
from neuroevo.backbones.convnet4 import ConvNet4
from neuroevo.backbones.mlp import MLP
from neuroevo.backbones.resnet12 import ResNet12
from neuroevo.backbones.traced import Traced
from neuroevo.backbones.vgg import VGG
from neuroevo.backbones.vit import ViT

KINDS: dict[str, type[ConvNet4 | MLP | ResNet12 | Traced | VGG | ViT]] = {
    kind.kind: kind for kind in (ConvNet4, MLP, ResNet12, Traced, VGG, ViT)
}


def from_description(description: Mapping[str, Any]) -> Backbone:
    """Return the backbone that `describe` described.

    Raises:
        ValueError: The kind is unknown or a field is missing, of the wrong type or not known.
    """
    fields = dict(description)
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"a backbone must be one of {', '.join(sorted(KINDS))}, but it is {kind!r}.")
    try:
        return KINDS[kind](**{**fields, "widths": tuple(fields["widths"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"the description of a {kind} backbone does not fit: {error}.") from error

"""Suite `scaling`: what one ancestor's learngene brings heirs of other widths, depths and architectures.

Claim to be tested: a learngene scales: extracted once from one backbone, it beats training from scratch in networks of
half, one and a half times and twice the width, in deeper and shallower ones, and in another architecture. Every kind of
heir is compared with `scratch` of the same kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.suites.transfer import Transfer

FACTORS = (0.5, 1.0, 1.5, 2.0)
RELATIVES: Mapping[str, tuple[str, ...]] = {
    "vgg11": ("vgg13", "vgg16", "resnet12"),
    "vgg13": ("vgg11", "vgg16", "resnet12"),
    "vgg16": ("vgg11", "vgg13", "resnet12"),
    "resnet12": ("vgg11",),
}
"""Backbones of other depths and architectures that a learngene is passed to as well."""


FEW_STRATEGIES = ("scratch", "finetune", "gtl")
"""What is compared where large backbones must be done with in two minutes."""


def heirs_of(backbone: str, *, few: bool = False) -> tuple[str, ...]:
    """Return the kinds of heirs of a backbone: itself at several widths, and its relatives.

    Args:
        backbone: The backbone's name.
        few: Whether a backbone with relatives has only the narrowest and the widest heir, and two of them.
    """
    if few and backbone in RELATIVES:
        first, *_, last = *RELATIVES[backbone][:1], *RELATIVES[backbone]
        return (f"{backbone}:{FACTORS[0]:g}", f"{backbone}:{FACTORS[-1]:g}", *dict.fromkeys((first, last)))
    return (*(f"{backbone}:{factor:g}" for factor in FACTORS), *RELATIVES.get(backbone, ()))


def conditions(protocol: Transfer, heirs: Mapping[str, Backbone]) -> list[Transfer]:
    """Return the protocol with each kind of heir, by its name."""
    return [replace(protocol, backbone=backbone, names={"backbone": name}) for name, backbone in heirs.items()]

"""Suite `scaling`: what one ancestor's learngene brings heirs of other widths, depths and architectures.

Every kind of heir is compared with `scratch` of the same kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from neuroevo.benchmarks.suites import condition
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.benchmarks.suites.suite import Setup, Suite

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


def kind_of(heir: str) -> tuple[str, float]:
    """Return the backbone of a kind of heir and the factor on its channels.

    Args:
        heir: The backbone's name, with a colon and the factor behind it unless that is 1: `vgg11:0.5`.

    Raises:
        ValueError: What stands behind the colon is no number above 0.
    """
    name, colon, factor = heir.partition(":")
    try:
        value = float(factor) if colon else 1.0
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError(f"an heir must be a backbone with a width above 0, such as vgg11:0.5, but it is {heir!r}.")
    return name, value


def conditions(setup: Setup, *, heirs: tuple[str, ...] = ()) -> list[Condition]:
    """Return the protocol with each kind of heir, by its name.

    Args:
        setup: The ancestors have the backbone of its protocol.
        heirs: Kinds of heirs, such as vgg11:0.5,vgg13; by default the backbone at several widths and its relatives.
    """
    names = heirs or heirs_of(_backbone(setup), few=setup.quick)
    return condition.conditions(setup.protocol, backbone={name: setup.backbone(*kind_of(name)) for name in names})


def contestants(setup: Setup) -> tuple[str, ...]:
    """Return few strategies where large backbones must be done with in two minutes, and none otherwise."""
    return FEW_STRATEGIES if setup.quick and _backbone(setup) in RELATIVES else ()


def _backbone(setup: Setup) -> str:
    return str(setup.protocol.factors["backbone"])


SUITES = {
    "scaling": Suite(
        name="scaling",
        summary="What do heirs of other widths, depths and architectures gain?",
        claim="A learngene scales: extracted once from one backbone, it beats training from scratch in networks of "
        "half, one and a half times and twice the width, in deeper and shallower ones, and in another architecture.",
        conditions=conditions,
        contestants=contestants,
    )
}

"""Suite `scaling`: what one ancestor's learngene brings heirs of other widths, depths and architectures.

Every kind of heir is compared with `scratch` of the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence

from neuroevo.benchmarks.suites import condition
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.benchmarks.suites.suite import Setup, Suite

FACTORS = (0.5, 1.0, 1.5, 2.0)
FEW_STRATEGIES = ("scratch", "finetune", "gtl")
"""What is compared where large backbones must be done with in two minutes."""


def heirs_of(backbone: str, relatives: Sequence[str] = (), *, few: bool = False) -> tuple[str, ...]:
    """Return the kinds of heirs of a backbone: itself at several widths, and its relatives.

    Args:
        backbone: The backbone's name.
        relatives: Backbones of other depths and architectures that a learngene is passed on to as well.
        few: Whether a backbone with relatives has only the narrowest and the widest heir, and two of them.
    """
    if few and relatives:
        ends = dict.fromkeys((relatives[0], relatives[-1]))
        return (f"{backbone}:{FACTORS[0]:g}", f"{backbone}:{FACTORS[-1]:g}", *ends)
    return (*(f"{backbone}:{factor:g}" for factor in FACTORS), *relatives)


def relatives_of(setup: Setup) -> list[str]:
    """Return the relatives that a backbone's class names, without the backbone itself."""
    return [name for name in getattr(setup.protocol.backbone, "relatives", ()) if name != _backbone(setup)]


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
    names = heirs or heirs_of(_backbone(setup), relatives_of(setup), few=setup.quick)
    return condition.conditions(setup.protocol, backbone={name: setup.backbone(*kind_of(name)) for name in names})


def contestants(setup: Setup) -> tuple[str, ...]:
    """Return few strategies where large backbones must be done with in two minutes, and none otherwise."""
    return FEW_STRATEGIES if setup.quick and relatives_of(setup) else ()


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

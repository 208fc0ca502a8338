"""Suite `paper`: the questions of GTL's paper about learngenes that are evolved once (arXiv 2401.08139, abstract).

Gain over scratch, instincts, learning from few images, heirs of other widths, depths and architectures, and another
data set: what the suites `transfer`, `instinct`, `scaling` and `adaptation` ask one by one, without evolving again.
"""

from __future__ import annotations

from pathlib import Path

from neuroevo.benchmarks.suites import adaptation, condition, scaling
from neuroevo.benchmarks.suites.condition import Condition, as_conditions
from neuroevo.benchmarks.suites.suite import Setup, Suite

STRATEGIES = ("scratch", "random-circuit", "pruned-circuit", "narrow-pretraining", "finetune", "gtl")
FEW_STRATEGIES = ("scratch", "narrow-pretraining", "gtl")
"""Those of a quick run."""

UPDATES = (0, 1, 5, 10)
SHOTS = (1, 5, 10, 20)


def conditions(
    setup: Setup,
    *,
    heirs: tuple[str, ...] = (),
    target_dataset: str | None = None,
    target_data_root: Path | None = None,
) -> list[Condition]:
    """Return the protocol, and what differs from it in one way: images, updates, heirs or data set.

    Args:
        setup: The ancestors have the backbone of its protocol.
        heirs: Kinds of heirs, such as vgg11:0.5,vgg13; by default the backbone at several widths and its relatives.
        target_dataset: Another data set of descendants; by default glyphs of another look.
        target_data_root: Folder of that data set's files.
    """
    protocol = setup.protocol
    own = str(protocol.factors["backbone"])
    _, target = adaptation.conditions(setup, target_dataset=target_dataset, target_data_root=target_data_root)
    every = [
        *as_conditions(protocol),
        *condition.conditions(protocol, shots=SHOTS),
        *condition.conditions(protocol, updates=UPDATES),
        *(one for one in scaling.conditions(setup, heirs=heirs) if one.values["backbone"] != f"{own}:1"),
        *as_conditions(target),
    ]
    return [one for place, one in enumerate(every) if one.values not in [other.values for other in every[:place]]]


def contestants(setup: Setup) -> tuple[str, ...]:
    """Return the rivals that transfer as much, fine-tuning and `gtl`, or few for a quick run."""
    return FEW_STRATEGIES if setup.quick else STRATEGIES


SUITES = {
    "paper": Suite(
        name="paper",
        summary="What does the paper say of learngenes, and does it hold here?",
        claim="Heirs of a learngene beat training from scratch, after few updates, from few images, in other networks "
        "and on another data set.",
        conditions=conditions,
        contestants=contestants,
    )
}

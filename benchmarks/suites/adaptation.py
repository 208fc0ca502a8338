"""Suite `adaptation`: what a learngene from one data set brings to descendants on another.

Ancestors are trained on the source; their descendants learn novel classes of the source, as the yardstick, and of the
target. Gains can be compared between the two, accuracies can't.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Setup, Suite
from neuroevo.data.tasks import default_ways

TARGETS = ("glyphs", "colour-glyphs")
"""The target is by default the first of these that is not the source."""


def conditions(
    setup: Setup, *, target_dataset: str | None = None, target_data_root: Path | None = None
) -> list[Transfer]:
    """Return the protocol on the source and on the target.

    Args:
        setup: The source is its data set.
        target_dataset: Data set of descendants; by default glyphs of another look.
        target_data_root: Folder of that data set's files.
    """
    source = setup.protocol.factors["dataset"]
    target = target_dataset or (TARGETS[0] if source == TARGETS[1] else TARGETS[1])
    dataset = setup.dataset(target, target_data_root)
    name = str(setup.protocol.factors["backbone"])
    return [
        setup.protocol,
        replace(
            setup.protocol,
            dataset=dataset,
            backbone=setup.backbone(name, dataset=dataset),
            ways=setup.ways or default_ways(len(dataset.novel.classes)),
            names={**setup.protocol.names, "dataset": target},
        ),
    ]


SUITES = {
    "adaptation": Suite(
        name="adaptation",
        summary="What do descendants gain on another data set?",
        claim="A learngene adapts: heirs that learn classes of a data set that no ancestor saw beat training from "
        "scratch there, too.",
        conditions=conditions,
    )
}

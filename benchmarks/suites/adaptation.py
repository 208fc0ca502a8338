"""Suite `adaptation`: what a learngene from one data set brings to descendants on another.

Claim to be tested: a learngene adapts: heirs that learn classes of a data set that no ancestor saw beat training from
scratch there, too. Ancestors live on the source; their descendants learn novel classes of the source, as the yardstick,
and of the target. Gains can be compared between the two, accuracies can't.
"""

from __future__ import annotations

from dataclasses import replace

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.suites.transfer import Transfer
from neuroevo.data.images import Dataset


def conditions(
    protocol: Transfer, *, source: str, target: str, dataset: Dataset, backbone: Backbone, ways: int
) -> list[Transfer]:
    """Return the protocol on the source and on the target.

    Args:
        protocol: How descendants live on the source.
        source: The source's name.
        target: The target's name.
        dataset: The target.
        backbone: The descendants' architecture for images of the target.
        ways: Classes per task of the target.
    """
    there = replace(protocol, dataset=dataset, backbone=backbone, ways=ways, names={"dataset": target})
    return [replace(protocol, names={"dataset": source}), there]

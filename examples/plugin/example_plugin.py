"""A plug-in of neuroevo: a strategy, a backbone and a data set, which `neuroevo list` shows once this is installed."""

from typing import ClassVar

import torch

from neuroevo import ConvNet4, Dataset, Learngene, glyphs
from neuroevo.strategies import OneCandidate
from neuroevo.strategies.transfer.base import WHOLE_NETWORK


class FirstCircuit(OneCandidate):
    """Transfers the first channels of every layer of a pre-trained network."""

    name: ClassVar[str] = "first-circuit"
    pretrains: ClassVar[str] = WHOLE_NETWORK

    def candidate(self) -> Learngene:
        """Pre-train, and cut the first channels of every layer: as many as a random circuit has."""
        circuit = {group: torch.arange(len(channels)) for group, channels in self.random_circuit().items()}
        return self.cut(self.pretrain(), circuit, self.backbone)


def narrow_convnet(channels: int = 1) -> ConvNet4:
    """Return a ConvNet4 of half the usual width.

    Args:
        channels: Channels of an image.
    """
    return ConvNet4(widths=(8, 16, 32, 32), channels=channels)


def few_glyphs(*, images_per_class: int = 40) -> Dataset:
    """Make printed characters with fewer images of each class.

    Args:
        images_per_class: Images of each class.
    """
    return glyphs(images_per_class=images_per_class)

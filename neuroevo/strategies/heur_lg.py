"""Heur-LG: the last layers of a pre-trained network, the first kind of learngene.

After "Learngene: From Open-World to Your Learning Task" (Wang et al., AAAI 2022, arXiv 2106.06788), which hands on the
last three convolutions of a network that learned one task after the other, chosen by looking at gradients. Here the
ancestor is the network that all rivals of evolution pre-train, and the number of layers follows from the share.
"""

from __future__ import annotations

from typing import ClassVar

from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.layers import last_layers, tensors_of
from neuroevo.strategies.one_candidate import OneCandidate


class HeurLG(OneCandidate):
    """Hands on the last layers of a network that was trained on all `ancestry` classes.

    They are as many, one at least, as come closest to `share` of the parameters: with few layers that can be far from
    it, and the learngene says what it holds.
    """

    name: ClassVar[str] = "heur-lg"
    trains: ClassVar[bool] = True

    def candidate(self) -> Learngene:
        """Pre-train and return the last layers."""
        layout = self.backbone.layout
        tensors = tensors_of(layout, last_layers(layout, share=self.share))
        return self.cut(self.pretrain(), whole_circuit(layout), self.backbone, tensors=tensors)

"""Narrow pre-training: a network of the circuit's size, trained alone; the hardest rival of evolution."""

from __future__ import annotations

from typing import ClassVar

from neuroevo.backbones import Backbone
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import circuit_counts, whole_circuit
from neuroevo.strategies.one_candidate import OneCandidate


class NarrowPretraining(OneCandidate):
    """Hands on a network of a circuit's size that was trained alone on all `ancestry` classes."""

    name: ClassVar[str] = "narrow-pretraining"
    trains: ClassVar[bool] = True

    def pretrained_backbone(self) -> Backbone:
        """Return the backbone with as many channels per group as a circuit keeps."""
        return self.backbone.resized(circuit_counts(self.backbone.layout, share=self.share))

    def candidate(self) -> Learngene:
        """Pre-train the narrow network and return it whole."""
        narrow = self.pretrained_backbone()
        return self.cut(self.pretrain(), whole_circuit(narrow.layout), narrow)

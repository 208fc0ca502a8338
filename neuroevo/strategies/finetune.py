"""Pre-training and fine-tuning: the usual transfer of all parameters."""

from __future__ import annotations

from typing import ClassVar

from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.strategies.one_candidate import OneCandidate


class Finetune(OneCandidate):
    """Hands on all of a network that was trained on all `ancestry` classes."""

    name: ClassVar[str] = "finetune"
    trains: ClassVar[bool] = True

    def candidate(self) -> Learngene:
        """Pre-train and return the whole network as a learngene."""
        return self.cut(self.pretrain(), whole_circuit(self.backbone.layout), self.backbone)

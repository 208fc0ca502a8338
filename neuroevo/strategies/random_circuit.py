"""A random circuit of a pre-trained network: does evolution beat any cut?"""

from __future__ import annotations

from typing import ClassVar

from neuroevo.learngene import Learngene
from neuroevo.strategies.one_candidate import OneCandidate


class RandomCircuit(OneCandidate):
    """Hands on a random circuit of a network that was trained on all `ancestry` classes."""

    name: ClassVar[str] = "random-circuit"
    trains: ClassVar[bool] = True

    def candidate(self) -> Learngene:
        """Pre-train and return a random circuit."""
        return self.cut(self.pretrain(), self.random_circuit(), self.backbone)

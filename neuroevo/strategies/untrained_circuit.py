"""An untrained circuit: the control that shows what inheriting does without anything learned."""

from __future__ import annotations

from typing import ClassVar

from neuroevo.learngene import Learngene
from neuroevo.seeds import stream
from neuroevo.strategies.one_candidate import OneCandidate


class UntrainedCircuit(OneCandidate):
    """Hands on a random circuit of a random network."""

    name: ClassVar[str] = "untrained-circuit"
    trains: ClassVar[bool] = False

    def candidate(self) -> Learngene:
        """Return a random circuit of a network that never lived."""
        network = self.backbone.build(1, generator=stream(self.seed, self.generation, "untrained"))
        return self.cut(network.state_dict(), self.random_circuit(), self.backbone)

"""A pruned circuit: the strongest channels of a pre-trained network, as filter pruning keeps them."""

from __future__ import annotations

from typing import ClassVar

from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import strongest_circuit
from neuroevo.strategies.one_candidate import OneCandidate


class PrunedCircuit(OneCandidate):
    """Hands on the channels of greatest L1 norm of a network that was trained on all `ancestry` classes.

    Filters are ranked by the sum of their absolute weights (Li et al. 2017, "Pruning Filters for Efficient ConvNets",
    arXiv 1608.08710, section 3.1); unlike there, the network is not trained again after pruning: descendants are.
    """

    name: ClassVar[str] = "pruned-circuit"
    trains: ClassVar[bool] = True

    def candidate(self) -> Learngene:
        """Pre-train and return the circuit of the strongest channels."""
        weights = self.pretrain()
        return self.cut(weights, strongest_circuit(self.backbone.layout, weights, share=self.share), self.backbone)

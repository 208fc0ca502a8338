"""The rivals of evolution that transfer something of one network: what each of them transfers, and nothing else.

Those that pre-train the same network (`pretrains`) differ only in what they cut out of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from neuroevo.backbones import Backbone
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import circuit_counts, strongest_circuit, whole_circuit
from neuroevo.operators.inheritance import Inheritance, inherit
from neuroevo.operators.layers import last_layers, tensors_of
from neuroevo.seeds import stream
from neuroevo.strategies.transfer.base import WHOLE_NETWORK, OneCandidate


class Scratch(OneCandidate):
    """The control that transfers nothing: descendants start from random weights."""

    name: ClassVar[str] = "scratch"
    UNUSED: ClassVar[frozenset[str]] = frozenset({"share", "structure", "pretraining", "cross"})

    def candidate(self) -> None:
        """Return nothing."""


class UntrainedCircuit(OneCandidate):
    """The control that transfers a random circuit of a random network: what does inheriting do by itself?"""

    name: ClassVar[str] = "untrained-circuit"
    UNUSED: ClassVar[frozenset[str]] = frozenset({"pretraining"})

    def candidate(self) -> Learngene:
        """Return a random circuit of a network that was never trained."""
        network = self.backbone.build(1, generator=stream(self.seed, self.generation, "untrained"))
        return self.cut(network.state_dict(), self.random_circuit(), self.backbone)


class RandomCircuit(OneCandidate):
    """Transfers a random circuit of a network that was trained on all `ancestry` classes."""

    name: ClassVar[str] = "random-circuit"
    pretrains: ClassVar[str] = WHOLE_NETWORK

    def candidate(self) -> Learngene:
        """Pre-train and return a random circuit."""
        return self.cut(self.pretrain(), self.random_circuit(), self.backbone)


class PrunedCircuit(OneCandidate):
    """Transfers the channels of greatest L1 norm of a network that was trained on all `ancestry` classes.

    Filters are ranked by the sum of their absolute weights (Li et al. 2017, "Pruning Filters for Efficient ConvNets",
    arXiv 1608.08710, section 3.1); unlike there, the network is not trained again after pruning: descendants are.
    """

    name: ClassVar[str] = "pruned-circuit"
    pretrains: ClassVar[str] = WHOLE_NETWORK

    def candidate(self) -> Learngene:
        """Pre-train and return the circuit of the strongest channels."""
        weights = self.pretrain()
        circuit = strongest_circuit(self.backbone.layout, weights, share=self.share, structure=self.structure)
        return self.cut(weights, circuit, self.backbone)


class NarrowPretraining(OneCandidate):
    """Transfers a network of a circuit's size that was trained alone on all `ancestry` classes: the hardest rival."""

    name: ClassVar[str] = "narrow-pretraining"
    pretrains: ClassVar[str] = "narrow network"

    def pretrained_backbone(self) -> Backbone:
        """Return the backbone with as many channels per group as a circuit keeps."""
        return self.backbone.resized(circuit_counts(self.backbone.layout, share=self.share, structure=self.structure))

    def candidate(self) -> Learngene:
        """Pre-train the narrow network and return it whole."""
        narrow = self.pretrained_backbone()
        return self.cut(self.pretrain(), whole_circuit(narrow.layout), narrow)


class HeurLG(OneCandidate):
    """Transfers the last layers of a network that was trained on all `ancestry` classes.

    After "Learngene: From Open-World to Your Learning Task" (Wang et al., AAAI 2022, arXiv 2106.06788), which transfers
    the last three convolutions of a network that learned one task after the other, chosen by looking at gradients. Here
    the ancestor is the network that all rivals pre-train. The layers are as many, one at least, as come closest to
    `share` of the parameters: with few layers that can be far from it, and the learngene says what it holds.
    """

    name: ClassVar[str] = "heur-lg"
    pretrains: ClassVar[str] = WHOLE_NETWORK
    UNUSED: ClassVar[frozenset[str]] = frozenset({"structure"})

    def candidate(self) -> Learngene:
        """Pre-train and return the last layers."""
        layout = self.backbone.layout
        tensors = tensors_of(layout, last_layers(layout, share=self.share))
        return self.cut(self.pretrain(), whole_circuit(layout), self.backbone, tensors=tensors)


class Finetune(OneCandidate):
    """Transfers all of a network that was trained on all `ancestry` classes: pre-training and fine-tuning."""

    name: ClassVar[str] = "finetune"
    pretrains: ClassVar[str] = WHOLE_NETWORK
    UNUSED: ClassVar[frozenset[str]] = frozenset({"share", "structure", "cross"})

    def candidate(self) -> Learngene:
        """Pre-train and return the whole network as a learngene."""
        return self.cut(self.pretrain(), whole_circuit(self.backbone.layout), self.backbone)


def inherit_frozen(*arguments: Any, **settings: Any) -> Inheritance:
    """Write a learngene into the weights of a network as `inherit` does, and freeze all that was written."""
    inheritance = inherit(*arguments, **settings)
    return replace(inheritance, frozen=frozenset([*inheritance.full, *inheritance.part]))


class LinearProbe(Finetune):
    """Transfers all of a network that was trained on all `ancestry` classes, frozen: only heads are trained.

    The operator `inherit` names what it wrote in `Inheritance.frozen`, which the training of an heir leaves as it is.
    """

    name: ClassVar[str] = "linear-probe"
    inherit = staticmethod(inherit_frozen)


STRATEGIES = {
    "scratch": Scratch,
    "untrained-circuit": UntrainedCircuit,
    "random-circuit": RandomCircuit,
    "narrow-pretraining": NarrowPretraining,
    "finetune": Finetune,
    "linear-probe": LinearProbe,
    "heur-lg": HeurLG,
    "pruned-circuit": PrunedCircuit,
}

"""The rivals of evolution that transfer something of one network: what each of them transfers, and nothing else.

Those that pre-train the same network (`pretrains`) differ only in what they cut out of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import sample_task, smallest_class
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import circuit_counts, top_circuit, whole_circuit
from neuroevo.operators.importance import IMPORTANCE
from neuroevo.operators.inheritance import Inheritance, inherit
from neuroevo.operators.layers import last_layers, tensors_of
from neuroevo.seeds import stream
from neuroevo.strategies.transfer.base import WHOLE_NETWORK, OneCandidate

EXAMPLES = 10
"""Images of each class by which channels are ranked."""


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
    """Transfers the strongest channels of a network that was trained on all `ancestry` classes.

    Unlike in pruning, the network is not trained again afterwards: descendants are. For what is not below see
    `OneCandidate`.

    Args:
        dataset: As in `OneCandidate`.
        backbone: As in `OneCandidate`.
        importance: What channels are ranked by: the L1 norm of their "weights" (Li et al. 2017, "Pruning Filters for
            Efficient ConvNets", arXiv 1608.08710, section 3.1), or, on `ancestry` images, the means of their
            "activations" or the "gradients" of their weights (see `neuroevo.operators.importance`).
        settings: As in `OneCandidate`.

    Raises:
        ValueError: The importance is none.
    """

    name: ClassVar[str] = "pruned-circuit"
    pretrains: ClassVar[str] = WHOLE_NETWORK

    def __init__(
        self,
        dataset: Dataset,
        backbone: Backbone,
        *,
        importance: Literal["weights", "activations", "gradients"] = "weights",
        **settings: Any,
    ) -> None:
        if importance not in IMPORTANCE:
            raise ValueError(f"importance must be one of {', '.join(IMPORTANCE)}, but it is {importance!r}.")
        super().__init__(dataset, backbone, **settings)
        self.importance = IMPORTANCE[importance]

    def candidate(self) -> Learngene:
        """Pre-train and return the circuit of the strongest channels."""
        weights, layout, life = self.pretrain(), self.backbone.layout, self.life
        network = self.backbone.build(life.ways, generator=torch.Generator()).to(life.setup.device).eval()
        network.load_state_dict(weights)
        importance = self.importance(layout, network, *self._examples())
        circuit = top_circuit(layout, importance, share=self.share, structure=self.structure)
        return self.cut(weights, circuit, self.backbone)

    def _examples(self) -> tuple[Tensor, Tensor]:
        """Return some images of each class that the network was trained on, and the rows of its head."""
        life, shots = self.life, min(EXAMPLES, smallest_class(self.life.images))
        draws = stream(self.seed, "importance")
        task = sample_task(life.images, ways=life.ways, shots=shots, test_per_class=0, generator=draws)
        # The head's rows are in the order in which the training run drew its classes.
        rows = life.classes(Individual(None, id=self.generation, generation=self.generation), 0).argsort()
        images = life.setup.pixels(task.source.images[task.train])
        return images, rows[task.classes[task.train_labels]].to(images.device)


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

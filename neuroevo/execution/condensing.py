"""Condensing: during a life the circuit also learns on its own, and from the whole network around it.

After the sandwich rule and in-place distillation of slimmable networks (Yu and Huang 2019, "Universally Slimmable
Networks and Improved Training Techniques", arXiv 1903.05134, section 3): the whole network learns from the labels and
a part of it from the whole. Choosing a circuit as the part, and training it on the labels as well, is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import Network


@dataclass(frozen=True, eq=False)
class Condensing:
    """The loss of a life that condenses: cross-entropy of the whole and of the circuit, and their divergence.

    With p the class probabilities of the whole network and q those of the circuit alone, which reads its own columns of
    the head, the loss in nats is CE(p) + CE(q) + weight * KL(p || q), where no gradient flows from the last term to p.

    The circuit is not run a second time: where no cross weight (non-gene channel -> gene channel) differs from zero
    and norms are per channel, its channels compute in the whole network what they would compute alone. So an update
    costs one more pass through the head than a plain one.

    Attributes:
        channels: Indices [F] of the network's features that belong to the circuit, int64.
        weight: Weight of the distillation.
    """

    channels: Tensor
    weight: float = 1.0

    def __call__(self, network: Network, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss for images [N, C, H, W] with labels [N], a scalar."""
        head, features = network.head, network.features(images)
        channels = self.channels.to(features.device)
        whole = head(features)
        alone = F.linear(features[:, channels], head.weight[:, channels], head.bias)
        losses = F.cross_entropy(whole, labels) + F.cross_entropy(alone, labels)
        return losses + self.weight * divergence(whole.detach(), alone)


def divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence KL(teacher || student) of logits [N, K], in nats."""
    known, learned = F.log_softmax(teacher, 1), F.log_softmax(student, 1)
    # As in `F.kl_div`, which can't be stacked.
    return (known.exp() * (known - learned)).sum() / len(known)

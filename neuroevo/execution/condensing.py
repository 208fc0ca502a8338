"""Condensing: in a life the circuit also learns alone, and from the whole network around it.

After the sandwich rule and in-place distillation of slimmable networks (Yu and Huang 2019, "Universally Slimmable
Networks and Improved Training Techniques", arXiv 1903.05134, section 3): the whole network learns from the labels and
a part of it from the whole. Ours are the choice of the part, a circuit, and that it learns from the labels as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import Network


@dataclass(frozen=True, eq=False)
class Condensing:
    """The loss of a life that condenses: cross-entropy of the whole and of the circuit, and their divergence.

    With p the whole network's class probabilities and q those of the circuit by itself, which reads its own columns of
    the head, the loss in nats is CE(p) + CE(q) + weight * KL(p || q), where p does not learn from the last term.

    The circuit is not run a second time: where no cross weight (non-gene channel -> gene channel) differs from zero
    and norms are per channel, its channels compute in the whole network what they would compute alone. So an update
    costs a second reading of the head beside a plain one.

    Attributes:
        channels: The features [F] of the network that are the circuit's, int64.
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
    # As `F.kl_div` has it, which can't be stacked.
    return (known.exp() * (known - learned)).sum() / len(known)

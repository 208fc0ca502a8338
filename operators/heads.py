"""Class-head memory: a lineage's head rows for the classes that its ancestors have trained on.

A learngene never holds a head, and every training run begins with a fresh one. While a lineage evolves, its head rows
for known classes can be kept, so that no ancestor spends its first updates on learning them anew. They are not
transferred to descendants. Ours, not in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]
HEAD = ("head.weight", "head.bias")


@dataclass(frozen=True, eq=False)
class HeadMemory:
    """Rows of a head for the K classes of a role, with the F features of the ancestors' whole head.

    Attributes:
        weight: float32 [K, F].
        bias: float32 [K].
        known: The classes that have been trained on, bool [K]; the rows of others are zero.
    """

    weight: Tensor
    bias: Tensor
    known: Tensor

    def tensors(self) -> dict[str, Tensor]:
        """Return the three tensors by name; `HeadMemory(**tensors)` is the same memory."""
        return {"weight": self.weight, "bias": self.bias, "known": self.known}


def remember(weights: Weights, classes: Tensor, *, total: int, before: HeadMemory | None = None) -> HeadMemory:
    """Return the memory of a head after a training run.

    Args:
        weights: Tensors of the trained network by name, its head with one row for each class of the run.
        classes: The classes of the run, int64 [k], in the order of the head's rows, in 0..total-1.
        total: Classes of the role, K.
        before: The parent's memory; rows of classes that this run did not have are kept.

    Raises:
        ValueError: The head does not have one row for each class.
    """
    rows, biases = (weights[name].detach().cpu() for name in HEAD)
    if len(rows) != len(classes):
        raise ValueError(f"the head must have a row for each of {len(classes)} classes, but it has {len(rows)}.")
    classes = classes.cpu()
    weight, bias = rows.new_zeros(total, rows.shape[1]), biases.new_zeros(total)
    known = torch.zeros(total, dtype=torch.bool)
    if before is not None:
        weight, bias, known = before.weight.clone(), before.bias.clone(), before.known.clone()
    weight[classes], bias[classes], known[classes] = rows, biases, True
    return HeadMemory(weight, bias, known)


def recall(memory: HeadMemory, weights: Weights, classes: Tensor, *, channels: Tensor) -> dict[str, Tensor]:
    """Return the tensors of a fresh head with the memory written in.

    Rows of known classes get their remembered weights for the circuit's features and zeros for all other features,
    which come from new channels, so that the heir's outputs equal its circuit's. Rows of unknown classes stay
    random.

    Args:
        memory: The memory.
        weights: The fresh network's tensors by name; they are left unchanged.
        classes: The classes of the new training run, int64 [k].
        channels: The indices of the circuit's features, int64.
    """
    weight, bias = (weights[name].detach().clone() for name in HEAD)
    classes, channels = classes.cpu(), channels.cpu()
    rows = torch.zeros_like(memory.weight[classes])
    rows[:, channels] = memory.weight[classes][:, channels]
    known = memory.known[classes].to(weight.device)
    weight = torch.where(known.unsqueeze(1), rows.to(weight), weight)
    bias = torch.where(known, memory.bias[classes].to(bias), bias)
    return dict(zip(HEAD, (weight, bias), strict=True))


def average(memories: Sequence[HeadMemory]) -> HeadMemory:
    """Return the mean memory of siblings: for each class over the siblings that know it.

    Raises:
        ValueError: There are no memories.
    """
    if not memories:
        raise ValueError("average needs at least one memory, but it got none.")
    known = torch.stack([memory.known for memory in memories])
    count = known.sum(0).clamp(min=1)
    # Rows of unknown classes are zero.
    weight = torch.stack([memory.weight for memory in memories]).sum(0) / count.unsqueeze(1)
    bias = torch.stack([memory.bias for memory in memories]).sum(0) / count
    return HeadMemory(weight, bias, known.any(0))


OPERATORS = {"heads.remember": remember, "heads.recall": recall, "heads.average": average}

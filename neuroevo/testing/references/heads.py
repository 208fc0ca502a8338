"""Class-head memory, row by row (`neuroevo.operators.heads`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from neuroevo.operators.heads import HeadMemory


def remember(
    weights: Mapping[str, Tensor], classes: Tensor, *, total: int, before: HeadMemory | None = None
) -> HeadMemory:
    """Write the row of each class of the training run, beside those that were known before."""
    rows, biases = weights["head.weight"].detach(), weights["head.bias"].detach()
    if len(rows) != len(classes):
        raise ValueError("rows")
    old = before or HeadMemory(torch.zeros(total, rows.shape[1]), torch.zeros(total), torch.zeros(total) > 0)
    weight, bias, known = old.weight.clone(), old.bias.clone(), old.known.clone()
    for row, number in enumerate(classes.tolist()):
        weight[number] = rows[row]
        bias[number] = biases[row]
        known[number] = True
    return HeadMemory(weight, bias, known)


def recall(
    memory: HeadMemory, weights: Mapping[str, Tensor], classes: Tensor, *, channels: Tensor
) -> dict[str, Tensor]:
    """Give each known class its bias and its weights for the circuit's features, and zeros for all others."""
    weight, bias = weights["head.weight"].detach().clone(), weights["head.bias"].detach().clone()
    for row, number in enumerate(classes.tolist()):
        if memory.known[number]:
            for feature in range(weight.shape[1]):
                inside = feature in channels.tolist()
                weight[row, feature] = memory.weight[number, feature] if inside else 0.0
            bias[row] = memory.bias[number]
    return {"head.weight": weight, "head.bias": bias}


def average(memories: Sequence[HeadMemory]) -> HeadMemory:
    """Take the mean of each class over the memories that know it."""
    if not memories:
        raise ValueError("memories")
    weight, bias = torch.zeros_like(memories[0].weight), torch.zeros_like(memories[0].bias)
    known = torch.zeros_like(memories[0].known)
    for number in range(len(known)):
        knowing = [memory for memory in memories if memory.known[number]]
        for memory in knowing:
            weight[number] += memory.weight[number] / len(knowing)
            bias[number] += memory.bias[number] / len(knowing)
        known[number] = bool(knowing)
    return HeadMemory(weight, bias, known)

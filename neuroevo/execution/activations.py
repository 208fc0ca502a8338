"""The sizes of activations, by which chunks of individuals are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


@torch.no_grad()
def widest(module: nn.Module, layers: Sequence[nn.Module], inputs: Tensor) -> int:
    """Return the size, in numbers, of the greatest output of some layers of a module when it runs on inputs."""
    found: list[int] = []

    def note(module: nn.Module, arguments: object, outputs: object) -> None:
        found.append(outputs.numel() if isinstance(outputs, Tensor) else 0)

    handles = [layer.register_forward_hook(note) for layer in layers]
    try:
        module(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return max(found)

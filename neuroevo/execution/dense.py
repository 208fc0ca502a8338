"""Forward passes of populations of multilayer perceptrons: batched matrix products, in tiles that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from neuroevo.execution.chain import ELEMENTWISE, Layer, given, layers_of

TILE = 2**21
"""Bytes of the widest activation in a tile on a CPU: what the caches of two cores hold."""

LARGE_TILE = 2**28
"""The same on any other device, which needs large products and has enough memory for them."""

EVEN = 8
"""Tiles with more networks than this hold a multiple of it, so that threads get equally many."""

FEW = 8
"""Inputs of each network below which products with vectors [N, features] are faster than those with [features, N]."""

SMALL = 1024
"""Numbers in an activation of one network below which four passes over it cost more than one hyperbolic tangent."""

Step = Callable[..., Tensor]
"""Takes the activations and the layer's parameters of a tile and returns activations; may overwrite its inputs."""


class Dense:
    """Runs a chain of linear layers and elementwise activations for many sets of parameters.

    Activations are [T, features, N], so that a layer with few features still has long rows; for few inputs they are
    [T, N, features]. A network's outputs do not depend on the other networks in its tile of T.

    Args:
        layers: The chain; `Dense.of` takes a module apart.
    """

    def __init__(self, layers: list[Layer]) -> None:
        self.widest = max(one.module.out_features for one in layers if isinstance(one.module, nn.Linear))
        first = next(place for place, one in enumerate(layers) if isinstance(one.module, nn.Linear))
        # Activations before the first product would overwrite the inputs.
        self.activations = [_in_place(one.module) if place > first else one.module for place, one in enumerate(layers)]
        self.parameters = [one.parameters for one in layers]

    @classmethod
    def of(cls, module: nn.Module) -> Dense | None:
        """Return a runner for a module; None if it is no such chain."""
        layers = layers_of(module, (nn.Linear, *ELEMENTWISE)) or []
        return cls(layers) if any(isinstance(one.module, nn.Linear) for one in layers) else None

    def takes(self, inputs: Tensor, *, shared: bool) -> bool:
        """Return whether inputs are vectors: [N, features], or [P, N, features] if they are not shared."""
        return inputs.dim() == (2 if shared else 3)

    def tile(self, inputs: Tensor) -> int:
        """Return how many networks are in a tile for inputs [..., N, features]."""
        room = TILE if inputs.device.type == "cpu" else LARGE_TILE
        size = max(1, room // max(1, inputs.shape[-2] * self.widest * inputs.element_size()))
        return size - size % EVEN if size > EVEN else size

    def __call__(self, parameters: Mapping[str, Tensor], inputs: Tensor, *, shared: bool) -> Tensor:
        """Return the outputs [P, N, K] for inputs [N, features], or [P, N, features] if they are not shared."""
        count = next(iter(parameters.values())).shape[0]
        weights = [[given(parameters, *one, count) for one in layer] for layer in self.parameters]
        size = self.tile(inputs)
        stacked = inputs.expand(count, *inputs.shape[-2:])
        if size >= count:
            return self._tile(stacked, weights)
        parts = [slice(place, place + size) for place in range(0, count, size)]
        return torch.cat([self._tile(stacked[part], [[own[part] for own in one] for one in weights]) for part in parts])

    def _tile(self, inputs: Tensor, weights: list[list[Tensor]]) -> Tensor:
        across = inputs.shape[1] >= FEW
        linear = _across if across else _along
        found = inputs.mT if across else inputs
        for activation, own in zip(self.activations, weights, strict=True):
            found = linear(found, *own) if own else activation(found)
        return found.mT if across else found


def _across(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return a linear layer of [T, features, N]."""
    return torch.bmm(weight, inputs) if bias is None else torch.baddbmm(bias.unsqueeze(2), weight, inputs)


def _along(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return a linear layer of [T, N, features]."""
    return torch.bmm(inputs, weight.mT) if bias is None else torch.baddbmm(bias.unsqueeze(1), inputs, weight.mT)


def _in_place(module: nn.Module) -> Step:
    """Return an activation that may overwrite its input."""
    return {nn.ReLU: torch.relu_, nn.Sigmoid: torch.sigmoid_, nn.Tanh: tanh_}.get(type(module), module)


def tanh_(numbers: Tensor) -> Tensor:
    """Replace numbers [T, ...] by their hyperbolic tangents in place, and return them.

    In single precision on the CPU it is 2 sigmoid(2 x) - 1, which takes a quarter of the time there and is within
    2e-7 of it; the smallest numbers lose digits.
    """
    if numbers.numel() < SMALL * numbers.shape[0] or numbers.dtype != torch.float32 or not numbers.is_cpu:
        return numbers.tanh_()
    return numbers.mul_(2).sigmoid_().mul_(2).sub_(1)

"""Forward passes of populations of convolutional networks on the CPU: one after the other, in tiles of images.

Stacked, convolutions are grouped ones there, which take four times as long. Alone they are fast where channels come
last in memory from the first layer on, where a tile of images stays in the cache, and where an activation that never
falls comes after the pooling instead of before: it then has a quarter of the numbers and the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.execution.chain import ELEMENTWISE, RISING, Layer, given, layers_of
from neuroevo.execution.dense import in_place

IMAGES = 64
"""Images in a tile: 3 MiB of the widest activation of 16 channels of 28x28."""

LAYERS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.LayerNorm, nn.Flatten, nn.Linear)


class Convolutional:
    """Runs a chain of convolutions, poolings and the like for many sets of parameters, one after the other.

    Args:
        layers: The chain; `Convolutional.of` takes a module apart.
    """

    def __init__(self, layers: list[Layer]) -> None:
        ordered = _pooled_first(layers)
        first = next(place for place, one in enumerate(ordered) if isinstance(one.module, nn.Conv2d))
        # What comes before the first convolution would be written into the inputs.
        self.steps = [_step(one.module, fresh=place > first) for place, one in enumerate(ordered)]
        self.parameters = [one.parameters for one in ordered]

    @classmethod
    def of(cls, module: nn.Module) -> Convolutional | None:
        """Return the way to run a module; None if it is no such chain, or no convolution pads with zeros."""
        layers = layers_of(module, (*LAYERS, *ELEMENTWISE)) or []
        convolutions = [one.module for one in layers if isinstance(one.module, nn.Conv2d)]
        plain = all(one.padding_mode == "zeros" for one in convolutions)
        return cls(layers) if convolutions and plain else None

    def takes(self, inputs: Tensor, *, shared: bool) -> bool:
        """Return whether inputs are images on the CPU: [N, C, H, W], or [P, N, C, H, W] if they are not shared."""
        return inputs.is_cpu and inputs.dim() == (4 if shared else 5)

    def __call__(self, parameters: Mapping[str, Tensor], inputs: Tensor, *, shared: bool) -> Tensor:
        """Return the outputs [P, N, ...] for inputs [N, C, H, W], or [P, N, C, H, W] if they are not shared."""
        count = next(iter(parameters.values())).shape[0]
        weights = [[given(parameters, *one, count) for one in layer] for layer in self.parameters]
        tiles = _tiles(inputs) if shared else []
        return torch.stack(
            [
                torch.cat([self._run(tile, weights, row) for tile in tiles or _tiles(inputs[row])])
                for row in range(count)
            ]
        )

    def _run(self, found: Tensor, weights: list[list[Tensor]], row: int) -> Tensor:
        for step, own in zip(self.steps, weights, strict=True):
            found = step(found, *[each[row] for each in own])
        return found


def _tiles(images: Tensor) -> list[Tensor]:
    """Return images [N, C, H, W] in tiles whose channels come last in memory."""
    count, channels, height, width = images.shape
    last = images.contiguous(memory_format=torch.channels_last)
    # One channel is contiguous in both orders, and a convolution then chooses the other one: the strides say it.
    strides = (height * width * channels, 1, width * channels, channels)
    return list(last.as_strided((count, channels, height, width), strides, last.storage_offset()).split(IMAGES))


def _pooled_first(layers: list[Layer]) -> list[Layer]:
    """Return the layers with each activation that never falls behind the greatest-value pooling that follows it."""
    ordered = list(layers)
    for place, (one, following) in enumerate(pairwise(layers)):
        if isinstance(one.module, RISING) and isinstance(following.module, nn.MaxPool2d):
            ordered[place : place + 2] = following, one
    return ordered


def _step(module: nn.Module, *, fresh: bool) -> Callable[..., Tensor]:
    """Return a layer as a function of activations and of its parameters; of fresh activations it may write into."""
    makes = MADE.get(type(module))
    if makes is not None:
        return makes(module)
    return in_place(module) if fresh else module


def _convolution(module: Any) -> Callable[..., Tensor]:
    settings = {name: getattr(module, name) for name in ("stride", "padding", "dilation", "groups")}
    return partial(F.conv2d, **settings)


def _layer_norm(module: Any) -> Callable[..., Tensor]:
    def normalise(inputs: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        return F.layer_norm(inputs, module.normalized_shape, weight, bias, module.eps)

    return normalise


def _linear(module: nn.Module) -> Callable[..., Tensor]:
    return F.linear


MADE: Mapping[type[nn.Module], Callable[[nn.Module], Callable[..., Tensor]]] = {
    nn.Conv2d: _convolution,
    nn.LayerNorm: _layer_norm,
    nn.Linear: _linear,
}
"""Layers with parameters as functions."""

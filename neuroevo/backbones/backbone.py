"""The contract of backbones, and the initialisation of their networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, cast

import torch
from torch import Tensor, nn

from neuroevo.backbones.layout import Layout


class Network(nn.Module):
    """A classifier: `features` [N, F] float32 of images [N, C, H, W], then the linear `head` to logits [N, K]."""

    head: nn.Linear

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, F] that the head reads."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits [N, K] of images [N, C, H, W]."""
        return cast(Tensor, self.head(self.features(images)))


class Backbone(Protocol):
    """The description of an architecture; instances are immutable, comparable, hashable and picklable."""

    def __hash__(self) -> int:
        """Equal descriptions have equal hashes."""

    @property
    def layout(self) -> Layout:
        """The channel groups of its networks."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""

    def resized(self, groups: Mapping[str, int]) -> Self:
        """Return the same structure with other numbers of channels per group."""

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values; `from_description` reads it back."""


MATRICES = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)


def initialise(network: Network, generator: torch.Generator) -> Network:
    """Allocate and initialise every tensor of a network built on the meta device.

    Convolutions and linear layers get He's normal initialisation (He et al. 2015, equation 10, fan-in), heads
    a normal one with standard deviation fan-in^(-1/2), biases zero and norms the identity. Parameters of the network
    itself (the positions of a transformer) get a normal one with standard deviation 0.02.
    """
    allocate(network)
    for parameter in network.parameters(recurse=False):
        nn.init.normal_(parameter, std=0.02, generator=generator)
    for module in network.modules():
        if module is network.head:
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear", generator=generator)
        elif isinstance(module, MATRICES):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        elif isinstance(module, NORMS):
            module.reset_parameters()
        if isinstance(module, MATRICES) and module.bias is not None:
            nn.init.zeros_(module.bias)
    return network


def allocate(network: nn.Module) -> None:
    """Give the parameters and the buffers of a network on the meta device memory on the CPU, with no values yet.

    `Module.to_empty` does so, too, but imports sympy.
    """
    empty = {name: torch.empty(value.shape, dtype=value.dtype) for name, value in network.state_dict().items()}
    network.load_state_dict(empty, assign=True)


def check_widths(widths: tuple[int, ...]) -> None:
    """Raise ValueError unless the widths are a tuple of one or more whole numbers of at least 1."""
    # With a list a backbone would not be hashable, and with a fraction it could not be built.
    if type(widths) is not tuple or not widths or any(type(width) is not int or width < 1 for width in widths):
        raise ValueError(f"widths must be a tuple of channel counts of at least 1, but they are {widths!r}.")


def check_inputs(name: str, inputs: int) -> None:
    """Raise ValueError unless the setting `name`, a number of inputs, is a whole number of at least 1."""
    if type(inputs) is not int or inputs < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, but it is {inputs!r}.")

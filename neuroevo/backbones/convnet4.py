"""The four-layer convolutional network of the few-shot literature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones.backbone import Network, check_inputs, check_widths, initialise
from neuroevo.backbones.convolutions import Convolution, add_convolutions, chain, chain_groups, layout_of, pooled_norm
from neuroevo.backbones.layout import Layout, cached_property

LAYERS = 4


@dataclass(frozen=True)
class ConvNet4:
    """Four blocks of convolution 3x3, batch norm, 2x2 pooling and ReLU, then global average pooling.

    Attributes:
        widths: Output channels of the four convolutions; each is a channel group, `conv1` to `conv4`.
        channels: Input channels C of the images, which may have any height and width from 16 pixels on.
    """

    kind: ClassVar[str] = "convnet4"
    small: ClassVar[bool] = True
    widths: tuple[int, ...] = (16, 32, 64, 64)
    channels: int = 1

    def __post_init__(self) -> None:
        check_widths(self.widths)
        check_inputs("channels", self.channels)
        if len(self.widths) != LAYERS:
            raise ValueError(f"widths of a convnet4 must be {LAYERS} numbers, but they are {self.widths}.")

    @cached_property
    def layout(self) -> Layout:
        """One group per convolution: its output, its norm and the next convolution's input."""
        return layout_of(self.convolutions(), chain_groups(self.widths), channels=self.channels)

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = ConvNet4Network(self, classes)
        return initialise(network, generator)

    def resized(self, groups: Mapping[str, int]) -> ConvNet4:
        """Return the same structure with other numbers of channels per group."""
        return replace(self, widths=tuple(groups[group] for group in self.layout.groups))

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {"kind": self.kind, **asdict(self), "widths": list(self.widths)}

    def convolutions(self) -> Iterator[Convolution]:
        """Return the convolutions from input to output."""
        return chain(range(1, LAYERS + 1))


class ConvNet4Network(Network):
    """The network that a `ConvNet4` describes."""

    def __init__(self, backbone: ConvNet4, classes: int) -> None:
        super().__init__()
        add_convolutions(self, backbone.convolutions(), backbone.layout.groups, channels=backbone.channels)
        self.head = nn.Linear(backbone.widths[-1], classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, widths[3]] of images [N, C, H, W]."""
        for i in range(1, LAYERS + 1):
            convolution, norm = self.get_submodule(f"conv{i}"), self.get_submodule(f"norm{i}")
            # Pooling and ReLU commute, and after pooling a quarter of the numbers is left.
            images = F.relu(pooled_norm(cast(nn.Conv2d, convolution), cast(nn.BatchNorm2d, norm), images))
        return images.mean((2, 3))


BACKBONES = {"convnet4": ConvNet4}

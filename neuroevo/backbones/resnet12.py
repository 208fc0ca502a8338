"""ResNet12: the residual network of the few-shot literature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones.backbone import Network, check_inputs, check_widths, initialise
from neuroevo.backbones.convolutions import Convolution, add_convolutions, layout_of
from neuroevo.backbones.layout import Layout, cached_property

BLOCKS = 4
LAYERS = 3
SLOPE = 0.1
"""Slope of the leaky ReLU below zero (Lee et al. 2019)."""


@dataclass(frozen=True)
class ResNet12:
    """Four residual blocks of three convolutions 3x3, each with a 2x2 pooling, then global average pooling.

    A block is conv - norm - LeakyReLU(0.1), twice, then conv - norm, to which a convolution 1x1 with a norm of the
    block's input is added, a LeakyReLU and the pooling. It is the network of MetaOptNet (Lee et al. 2019, arXiv
    1904.03758) without its DropBlock, which would draw from the global generator. Blocks have the groups `block1.mid1`,
    `block1.mid2` and `block1.out`, ...: an `out` ties the last convolution, the shortcut and what the next block reads.

    Attributes:
        widths: Output channels of the convolutions, three for each block, or one number for each block: 64-160-320-640
            by default, and 64-128-256-512 in older papers.
        channels: Input channels C of the images, which may have any height and width from 16 pixels on.
    """

    kind: ClassVar[str] = "resnet12"
    relatives: ClassVar[tuple[str, ...]] = ("vgg11",)
    widths: tuple[int, ...] = (64, 160, 320, 640)
    channels: int = 3

    def __post_init__(self) -> None:
        check_widths(self.widths)
        check_inputs("channels", self.channels)
        if len(self.widths) == BLOCKS:
            object.__setattr__(self, "widths", tuple(width for width in self.widths for _ in range(LAYERS)))
        if len(self.widths) != BLOCKS * LAYERS:
            raise ValueError(
                f"widths of a resnet12 must be {BLOCKS} or {BLOCKS * LAYERS} numbers, but they are {self.widths}."
            )

    @cached_property
    def layout(self) -> Layout:
        """Three groups per block, the last of which the next block reads."""
        names = [f"block{block}.{group}" for block in range(1, BLOCKS + 1) for group in ("mid1", "mid2", "out")]
        groups = dict(zip(names, self.widths, strict=True))
        return layout_of(self.convolutions(), groups, channels=self.channels)

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = ResNet12Network(self, classes)
        return initialise(network, generator)

    def resized(self, groups: Mapping[str, int]) -> ResNet12:
        """Return the same structure with other numbers of channels per group."""
        return replace(self, widths=tuple(groups[group] for group in self.layout.groups))

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {"kind": self.kind, **asdict(self), "widths": list(self.widths)}

    def convolutions(self) -> Iterator[Convolution]:
        """Yield the convolutions from input to output, each block's shortcut behind its three."""
        source = None
        for stage in range(1, BLOCKS + 1):
            block = f"block{stage}"
            groups = [source, f"{block}.mid1", f"{block}.mid2", f"{block}.out"]
            for i in range(1, LAYERS + 1):
                yield Convolution(f"{block}_conv{i}", f"{block}_norm{i}", str(groups[i]), groups[i - 1], stage=stage)
            yield Convolution(
                f"{block}_shortcut", f"{block}_shortcut_norm", f"{block}.out", source, 1, stage, branch=True
            )
            source = f"{block}.out"


class ResNet12Network(Network):
    """The network that a `ResNet12` describes."""

    def __init__(self, backbone: ResNet12, classes: int) -> None:
        super().__init__()
        add_convolutions(self, backbone.convolutions(), backbone.layout.groups, channels=backbone.channels)
        self.head = nn.Linear(backbone.widths[-1], classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, widths[-1]] of images [N, C, H, W]."""
        for block in (f"block{number}" for number in range(1, BLOCKS + 1)):
            inside = images
            for i in range(1, LAYERS):
                inside = F.leaky_relu(self._normed(f"{block}_conv{i}", f"{block}_norm{i}", inside), SLOPE)
            branch = self._normed(f"{block}_conv{LAYERS}", f"{block}_norm{LAYERS}", inside)
            images = branch + self._normed(f"{block}_shortcut", f"{block}_shortcut_norm", images)
            # Pooling and the leaky ReLU commute, because it is increasing.
            images = F.leaky_relu(F.max_pool2d(images, 2), SLOPE)
        return images.mean((2, 3))

    def _normed(self, convolution: str, norm: str, images: Tensor) -> Tensor:
        normed: Tensor = self.get_submodule(norm)(self.get_submodule(convolution)(images))
        return normed


BACKBONES = {"resnet12": ResNet12}

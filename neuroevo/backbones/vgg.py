"""VGG with batch norm: the plain deep convolutional networks."""

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

STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3)}
"""Convolutions of each stage, by depth: configurations A, B and D of table 1 in the paper."""

WIDTHS = (64, 128, 256, 512, 512)
"""Channels of each stage (the same table)."""

LEAST = 32
"""Height and width that smaller images are padded to, in pixels: five poolings reduce them to one pixel."""


@dataclass(frozen=True)
class VGG:
    """Five stages of convolutions 3x3 with batch norm and ReLU, each with a 2x2 pooling, then an average.

    The stages follow Simonyan and Zisserman 2015 (arXiv 1409.1556, table 1). The two wide linear layers, which hold
    most of the paper's parameters, are left out, as is common on small images: the head reads the average over the
    remaining pixels. The convolutions have no bias, because a norm follows. The depth is counted as in the paper.

    Attributes:
        depth: 11, 13 or 16.
        widths: Output channels of the convolutions; each is a channel group, `conv1`, `conv2`, ... Default the
            paper's.
        channels: Input channels C of the images, which may have any height and width; below 32 pixels they are
            padded with zeros to 32.
    """

    kind: ClassVar[str] = "vgg"
    relatives: ClassVar[tuple[str, ...]] = ("vgg11", "vgg13", "vgg16", "resnet12")
    depth: int = 11
    widths: tuple[int, ...] = ()
    channels: int = 3

    def __post_init__(self) -> None:
        if type(self.depth) is not int or self.depth not in STAGES:
            raise ValueError(f"depth of a vgg must be one of {', '.join(map(str, STAGES))}, but it is {self.depth!r}.")
        if self.widths == ():
            widths = tuple(width for width, layers in zip(WIDTHS, self.stages, strict=True) for _ in range(layers))
            object.__setattr__(self, "widths", widths)
        check_widths(self.widths)
        check_inputs("channels", self.channels)
        if len(self.widths) != sum(self.stages):
            raise ValueError(
                f"widths of a vgg of depth {self.depth} must be {sum(self.stages)} numbers, but they are {self.widths}."
            )

    @property
    def stages(self) -> tuple[int, ...]:
        """Convolutions of each stage."""
        return STAGES[self.depth]

    @cached_property
    def layout(self) -> Layout:
        """One group per convolution: its output, its norm and the next convolution's input."""
        return layout_of(self.convolutions(), chain_groups(self.widths), channels=self.channels)

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = VGGNetwork(self, classes)
        return initialise(network, generator)

    def resized(self, groups: Mapping[str, int]) -> VGG:
        """Return the same structure with other numbers of channels per group."""
        return replace(self, widths=tuple(groups[group] for group in self.layout.groups))

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {"kind": self.kind, **asdict(self), "widths": list(self.widths)}

    def convolutions(self) -> Iterator[Convolution]:
        """Return the convolutions from input to output."""
        return chain(stage for stage, layers in enumerate(self.stages, start=1) for _ in range(layers))


def vgg11(*, channels: int = 3) -> VGG:
    """Return the VGG with 8 convolutions, 9,223,232 parameters without the head."""
    return VGG(11, channels=channels)


def vgg13(*, channels: int = 3) -> VGG:
    """Return the VGG with 10 convolutions, 9,407,936 parameters without the head."""
    return VGG(13, channels=channels)


def vgg16(*, channels: int = 3) -> VGG:
    """Return the VGG with 13 convolutions, 14,718,912 parameters without the head."""
    return VGG(16, channels=channels)


class VGGNetwork(Network):
    """The network that a `VGG` describes."""

    def __init__(self, backbone: VGG, classes: int) -> None:
        super().__init__()
        add_convolutions(self, backbone.convolutions(), backbone.layout.groups, channels=backbone.channels)
        self.stages = backbone.stages
        self.head = nn.Linear(backbone.widths[-1], classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, widths[-1]] of images [N, C, H, W]."""
        images, i = padded(images), 0
        for layers in self.stages:
            for layer in range(1, layers + 1):
                i += 1
                convolution = cast(nn.Conv2d, self.get_submodule(f"conv{i}"))
                norm = cast(nn.BatchNorm2d, self.get_submodule(f"norm{i}"))
                # Pooling and ReLU commute, and after pooling a quarter of the numbers is left.
                last = layer == layers
                images = F.relu(pooled_norm(convolution, norm, images) if last else norm(convolution(images)))
        return images.mean((2, 3))


def padded(images: Tensor) -> Tensor:
    """Return images [N, C, H, W], padded with zeros to at least 32 pixels in height and width."""
    (top, bottom), (left, right) = map(_margins, images.shape[2:])
    return F.pad(images, (left, right, top, bottom)) if top + bottom + left + right else images


def _margins(length: int) -> tuple[int, int]:
    missing = max(0, LEAST - length)
    return missing // 2, missing - missing // 2


BACKBONES = {"vgg11": vgg11, "vgg13": vgg13, "vgg16": vgg16}

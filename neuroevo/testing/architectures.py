"""A residual architecture for tests, and networks with all tensors random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones import Backbone, Layout, Network
from neuroevo.backbones.backbone import check_inputs, check_widths, initialise
from neuroevo.backbones.convolutions import Convolution, add_convolutions, layout_of


@dataclass(frozen=True)
class ResidualNet:
    """Stages of basic residual blocks (He et al. 2016, without strides), then an average over the pixels.

    A shortcut adds a block's input to its output, channel by channel, so all the sums of a stage share one index set:
    the groups `stage1`, `stage2`, ... The channels inside the n-th block are a group of their own, `block1`, `block2`,
    ... The shortcut from one stage to the next is a convolution 1x1.

    Attributes:
        widths: Channels of each stage.
        inner: For each stage the channels inside each of its blocks, one or more.
        channels: Input channels C of the images, which may have any height and width.
    """

    kind: ClassVar[str] = "residual"
    widths: tuple[int, ...] = (4, 6)
    inner: tuple[tuple[int, ...], ...] = ((3,), (5, 5))
    channels: int = 1

    def __post_init__(self) -> None:
        check_widths(self.widths)
        check_inputs("channels", self.channels)
        if type(self.inner) is not tuple or len(self.inner) != len(self.widths):
            raise ValueError(f"inner must be a tuple for each of {len(self.widths)} stages, but it is {self.inner!r}.")
        for widths in self.inner:
            check_widths(widths)

    @cached_property
    def layout(self) -> Layout:
        """One group per stage and one inside each block, each stage's after those of its blocks."""
        groups: dict[str, int] = {}
        for stage, (width, inner) in enumerate(zip(self.widths, self.inner, strict=True), start=1):
            blocks = len(groups) - (stage - 1)
            groups |= {f"block{n}": inside for n, inside in enumerate(inner, start=blocks + 1)}
            groups[f"stage{stage}"] = width
        return layout_of(self.convolutions(), groups, channels=self.channels)

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = ResidualNetwork(self, classes)
        return initialise(network, generator)

    def resized(self, groups: Mapping[str, int]) -> ResidualNet:
        """Return the same structure with other numbers of channels per group."""
        blocks = iter([groups[group] for group in self.layout.groups if group.startswith("block")])
        inner = tuple(tuple(next(blocks) for _ in stage) for stage in self.inner)
        return replace(self, widths=tuple(groups[f"stage{i}"] for i in range(1, 1 + len(self.widths))), inner=inner)

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values; `from_description` does not know it, so pass the backbone."""
        return {"kind": self.kind, **asdict(self), "widths": list(self.widths), "inner": [*map(list, self.inner)]}

    def convolutions(self) -> Iterator[Convolution]:
        """Yield the convolutions from input to output."""
        yield Convolution("stem", "stem_norm", "stage1", None)
        source, block = "stage1", 0
        for stage, inner in enumerate(self.inner, start=1):
            group = f"stage{stage}"
            for _ in inner:
                block += 1
                first, second, shortcut = (f"block{block}_{part}" for part in ("first", "second", "shortcut"))
                # Blocks without a shortcut layer have an identity around them.
                beside = source == group
                if not beside:
                    yield Convolution(shortcut, f"{shortcut}_norm", group, source, 1, stage, branch=True)
                yield Convolution(first, f"{first}_norm", f"block{block}", source, stage=stage, branch=beside)
                yield Convolution(second, f"{second}_norm", group, f"block{block}", stage=stage, branch=beside)
                source = group


class ResidualNetwork(Network):
    """The network that a `ResidualNet` describes."""

    def __init__(self, backbone: ResidualNet, classes: int) -> None:
        super().__init__()
        add_convolutions(self, backbone.convolutions(), backbone.layout.groups, channels=backbone.channels)
        self.blocks = sum(map(len, backbone.inner))
        self.head = nn.Linear(backbone.widths[-1], classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, widths[-1]] of images [N, C, H, W]."""
        images = F.relu(self._normed("stem", images))
        for block in range(1, self.blocks + 1):
            inside = F.relu(self._normed(f"block{block}_first", images))
            shortcut = f"block{block}_shortcut"
            kept = self._normed(shortcut, images) if hasattr(self, shortcut) else images
            images = F.relu(kept + self._normed(f"block{block}_second", inside))
        return images.mean((2, 3))

    def _normed(self, name: str, images: Tensor) -> Tensor:
        normed: Tensor = self.get_submodule(f"{name}_norm")(self.get_submodule(name)(images))
        return normed


def random_network(backbone: Backbone, *, classes: int = 3, generator: torch.Generator) -> Network:
    """Return a network in evaluation mode with all tensors random, as after training: no norm is the identity.

    A fresh network would hide faults in the handling of biases, norms and running statistics, which all start equal.

    Args:
        backbone: Its architecture.
        classes: Outputs of its head.
        generator: A generator of the CPU.
    """
    network = backbone.build(classes, generator=generator)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif tensor.ndim == 1:
            tensor.copy_(0.5 + 0.5 * torch.randn(tensor.shape, generator=generator))
    return network.eval()

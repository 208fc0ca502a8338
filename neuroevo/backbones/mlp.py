"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones.backbone import Network, check_inputs, check_widths, initialise
from neuroevo.backbones.layout import Axes, Layer, Layout, cached_property


@dataclass(frozen=True)
class MLP:
    """Linear layers with ReLU between the flattened image and the head.

    Attributes:
        widths: Units of the hidden layers; each is a channel group, `hidden1`, `hidden2`, ...
        inputs: Size of a flattened image, C * H * W.
    """

    kind: ClassVar[str] = "mlp"
    small: ClassVar[bool] = True
    widths: tuple[int, ...] = (256, 256)
    inputs: int = 784

    def __post_init__(self) -> None:
        check_widths(self.widths)
        check_inputs("inputs", self.inputs)

    @cached_property
    def layout(self) -> Layout:
        """One group per hidden layer: its units and the next layer's inputs."""
        groups = {f"hidden{i}": width for i, width in enumerate(self.widths, start=1)}
        axes: dict[str, Axes] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        inputs: str | None = None
        for group, width in groups.items():
            axes[f"{group}.weight"] = (group, inputs)
            shapes[f"{group}.weight"] = (width, groups[inputs] if inputs else self.inputs)
            axes[f"{group}.bias"] = (group,)
            shapes[f"{group}.bias"] = (width,)
            inputs = group
        return Layout(groups, axes, shapes, stages=(tuple(Layer((group,)) for group in groups),))

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = MLPNetwork(self, classes)
        return initialise(network, generator)

    def resized(self, groups: Mapping[str, int]) -> MLP:
        """Return the same structure with other numbers of channels per group."""
        return replace(self, widths=tuple(groups[group] for group in self.layout.groups))

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {"kind": self.kind, **asdict(self), "widths": list(self.widths)}


class MLPNetwork(Network):
    """The network that an `MLP` describes."""

    def __init__(self, backbone: MLP, classes: int) -> None:
        super().__init__()
        inputs = backbone.inputs
        for i, width in enumerate(backbone.widths, start=1):
            self.add_module(f"hidden{i}", nn.Linear(inputs, width))
            inputs = width
        self.layers = len(backbone.widths)
        self.head = nn.Linear(inputs, classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, widths[-1]] of images [N, C, H, W]."""
        images = images.flatten(1)
        for i in range(1, self.layers + 1):
            images = F.relu(self.get_submodule(f"hidden{i}")(images))
        return images


BACKBONES = {"mlp": MLP}

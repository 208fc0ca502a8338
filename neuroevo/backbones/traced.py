"""Networks of your own as backbones: the steps of a traced module, at any width."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones.backbone import Network, check_inputs, check_widths, initialise
from neuroevo.backbones.layout import Axes, Layer, Layout, cached_property

Settings = tuple[tuple[str, Any], ...]


class Step(NamedTuple):
    """One operation of a network.

    Attributes:
        kind: A key of `OPERATIONS`, one of `LAYERS`, or `image` (the first step), `flatten` or `identity`.
        name: The module that holds its tensors; empty if there are none.
        inputs: The steps that it reads, by number.
        group: The channel group of its output, by number; -1 for the image.
        settings: Keyword arguments, sorted by name.
        stage: The number of the layer's stage, from 1; 0 without one.
    """

    kind: str
    name: str
    inputs: tuple[int, ...]
    group: int
    settings: Settings = ()
    stage: int = 0


OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "hardswish": F.hardswish,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "max_pool2d": F.max_pool2d,
    "avg_pool2d": F.avg_pool2d,
    "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "adaptive_max_pool2d": F.adaptive_max_pool2d,
    "mean": torch.mean,
}
"""Operations without tensors of their own, which keep the channels in place."""

BODY = "body"
"""The module that holds the modules of a traced network, because their names could clash with its methods."""

LAYERS = ("convolution", "linear", "norm")
"""Operations with tensors of their own."""


@dataclass(frozen=True)
class Traced:
    """A network that `trace` read from a module: its steps as plain data, and the widths of its channel groups.

    The network is built from the steps, not from the module, so it needs no code of its own in a file or another
    process. Its tensors have the module's names with the prefix `body.`; the last linear layer, the head, is `head`.

    Attributes:
        steps: The operations on images, from input to features.
        names: The names of the channel groups: the first layer that writes into each.
        widths: Channels of each group.
        channels: Input channels C of the images.
        pixels: Number of neighbouring features per channel of the last group, as read by the head.
    """

    kind: ClassVar[str] = "traced"
    steps: tuple[Step, ...]
    names: tuple[str, ...]
    widths: tuple[int, ...]
    channels: int = 3
    pixels: int = 1

    def __post_init__(self) -> None:
        check_widths(self.widths)
        check_inputs("channels", self.channels)
        check_inputs("pixels", self.pixels)
        # Descriptions hold lists.
        object.__setattr__(self, "steps", tuple(Step(*map(_frozen, step)) for step in self.steps))
        object.__setattr__(self, "names", tuple(self.names))
        if len(self.names) != len(self.widths):
            raise ValueError(f"a traced backbone of {len(self.names)} groups can't have the widths {self.widths}.")
        known = {*OPERATIONS, *LAYERS, "image", "flatten", "identity"}
        if unknown := [step.kind for step in self.steps if step.kind not in known]:
            raise ValueError(
                f"steps of a traced backbone must be of {', '.join(sorted(known))}, but one is {unknown[0]!r}."
            )

    @cached_property
    def layout(self) -> Layout:
        """The channel groups found by tracing."""
        groups = dict(zip(self.names, self.widths, strict=True))
        axes: dict[str, Axes] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        blocks: dict[str, tuple[int, ...]] = {}
        modules, places = self.modules(), self._places()
        for step in (step for step in self.steps if step.name):
            for tensor, value in modules[step.name].state_dict().items():
                if value.ndim:
                    name = f"{BODY}.{step.name}.{tensor}"
                    axes[name] = self._axes(step)[: value.ndim]
                    shapes[name] = tuple(value.shape)
                    if (block := self._block(step, places[step.inputs[0]])[: value.ndim]) != (1,) * value.ndim:
                        blocks[name] = block
        buffers = frozenset(name for name in axes if name.endswith(("running_mean", "running_var")))
        return Layout(groups, axes, shapes, buffers, blocks, self._stages(), self.pixels)

    def _axes(self, step: Step) -> Axes:
        """Return the groups of the axes of a step's largest tensor; its other tensors have the first of them."""
        output, read = self._group(step.group), self._group(self.steps[step.inputs[0]].group)
        return (output, None if dict(step.settings).get("depthwise") else read, None, None)

    def _block(self, step: Step, places: int) -> tuple[int, ...]:
        """Return the places per channel on these axes."""
        if step.kind == "norm":
            return (places,)
        return (1, places if self.steps[step.inputs[0]].group >= 0 else 1, 1, 1)

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = TracedNetwork(self, classes)
        return initialise(network, generator)

    def resized(self, groups: Mapping[str, int]) -> Traced:
        """Return the same structure with other numbers of channels per group."""
        return replace(self, widths=tuple(groups[name] for name in self.names))

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {
            "kind": self.kind,
            "steps": [_listed(step) for step in self.steps],
            "names": list(self.names),
            "widths": list(self.widths),
            "channels": self.channels,
            "pixels": self.pixels,
        }

    def modules(self) -> dict[str, nn.Module]:
        """Return fresh modules, on the meta device, of the steps that have tensors."""
        places = self._places()
        with torch.device("meta"):
            return {step.name: self._module(step, places) for step in self.steps if step.name}

    def _module(self, step: Step, places: list[int]) -> nn.Module:
        settings, source = dict(step.settings), self.steps[step.inputs[0]].group
        read = (self.channels if source < 0 else self.widths[source]) * places[step.inputs[0]]
        width = self.widths[step.group]
        if step.kind == "linear":
            return nn.Linear(read, width, **settings)
        if step.kind == "convolution":
            groups = width if settings.pop("depthwise") else 1
            return nn.Conv2d(read, width, groups=groups, **settings)
        return (nn.BatchNorm2d if settings.pop("maps") else nn.BatchNorm1d)(read, **settings)

    def _group(self, number: int) -> str | None:
        return None if number < 0 else self.names[number]

    def _places(self) -> list[int]:
        """Return the neighbouring places of each channel in the output of each step: the pixels of a flattened map."""
        places: list[int] = []
        for step in self.steps:
            before = places[step.inputs[0]] if step.inputs else 1
            places.append(
                dict(step.settings)["pixels"] if step.kind == "flatten" else 1 if step.kind == "linear" else before
            )
        return places

    def _stages(self) -> tuple[tuple[Layer, ...], ...]:
        """Return the layers by stage: one for each size of the maps; none if activations are added."""
        if any(step.kind == "add" for step in self.steps):
            return ()
        stages: dict[int, list[Layer]] = {}
        for step in self.steps:
            layers = stages.setdefault(step.stage, [])
            module = f"{BODY}.{step.name}"
            if step.kind == "norm" and layers:
                layers[-1] = Layer((*layers[-1].modules, module))
            elif step.name:
                layers.append(Layer((module,)))
        return tuple(tuple(layers) for layers in stages.values() if layers)


class TracedNetwork(Network):
    """The network that a `Traced` describes."""

    def __init__(self, backbone: Traced, classes: int) -> None:
        super().__init__()
        for name, module in backbone.modules().items():
            _place(self, f"{BODY}.{name}", module)
        self.operations = [self._operation(step) for step in backbone.steps]
        self.reads = [step.inputs for step in backbone.steps]
        self.head = nn.Linear(backbone.widths[-1] * backbone.pixels, classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, widths[-1] * pixels] of images [N, C, H, W]."""
        results = [images]
        for operation, reads in zip(self.operations[1:], self.reads[1:], strict=True):
            results.append(self._apply_step(operation, [results[number] for number in reads]))
        return results[-1]

    def _apply_step(self, operation: str | Callable[..., Tensor], inputs: list[Tensor]) -> Tensor:
        run = self.get_submodule(operation) if isinstance(operation, str) else operation
        outputs: Tensor = run(*inputs)
        return outputs

    @staticmethod
    def _operation(step: Step) -> str | Callable[..., Tensor]:
        """Return the name of a step's module, or a function."""
        if step.name:
            return f"{BODY}.{step.name}"
        if step.kind == "flatten":
            return partial(torch.flatten, start_dim=1)
        return partial(OPERATIONS.get(step.kind, torch.clone), **dict(step.settings))


def _place(network: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module to a network under a dotted name."""
    *parents, last = name.split(".")
    for parent in parents:
        if not hasattr(network, parent):
            network.add_module(parent, nn.Module())
        network = network.get_submodule(parent)
    network.add_module(last, module)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _listed(value: Any) -> Any:
    return [*map(_listed, value)] if isinstance(value, list | tuple) else value

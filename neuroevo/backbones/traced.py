"""Networks of your own as backbones: the steps of a traced module, at any width."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from neuroevo.backbones.backbone import Network, check_widths, initialise
from neuroevo.backbones.layout import Axes, Layer, Layout, Segment, cached_property, length
from neuroevo.backbones.operations import LAYERS, OPERATIONS, base, operation

BODY = "body"
"""The module that holds the modules of a traced network, because their names could clash with its methods."""

WHOLE = -1
"""Instead of the number of a group: a stretch of an axis that is always kept whole."""

SPECIAL = ("image", "constant", "parameter", "item")

Stretches = tuple[tuple[int, int], ...]
"""The groups on an axis by number, with the neighbouring places of each channel; the length of what is kept whole."""


class Step(NamedTuple):
    """One operation of a network.

    Attributes:
        kind: An operation of ATen such as `add.Tensor`, one of `LAYERS`, or `image` (the first step), `constant` (with
            its number), `parameter`, or `item` (of an operation with several results).
        name: The module or parameter that holds its tensors; empty if there are none.
        arguments: Its arguments; `("step", n)` is the result of a step, `("size", stretches)` a length that depends on
            the groups' widths, `("batch", n)` n times the number of images.
        options: Keyword arguments, or the settings of a layer, sorted by name.
        stage: The number of the layer's stage, from 1; 0 without one.
    """

    kind: str
    name: str = ""
    arguments: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    stage: int = 0


class Part(NamedTuple):
    """A tensor of a traced network.

    Attributes:
        name: Its name in the module.
        axes: The stretches of each axis.
        output: The number of its output axis.
        buffer: Whether it is a running statistic.
        start: Mean and standard deviation of its initial values, if no layer determines them.
    """

    name: str
    axes: tuple[Stretches, ...]
    output: int = 0
    buffer: bool = False
    start: tuple[float, float] | None = None


class Constant(NamedTuple):
    """A tensor that is the same in every network: its shape, dtype and compressed bytes (zlib, base64)."""

    shape: tuple[int, ...]
    dtype: str
    data: str

    def tensor(self) -> Tensor:
        """Return the tensor."""
        dtype = getattr(torch, self.dtype)
        size = prod(self.shape) * dtype.itemsize
        raw = zlib.decompressobj().decompress(base64.b64decode(self.data), size + 1)
        if len(raw) != size:
            raise ValueError(f"a constant of the shape {self.shape} must have {size} bytes, but it has others.")
        return torch.frombuffer(bytearray(raw), dtype=dtype).reshape(self.shape)


@dataclass(frozen=True, repr=False)
class Traced:
    """A network that `trace` read from a module: its steps as plain data, and the widths of its channel groups.

    The network is built from the steps, not from the module, so it needs no code of its own in a file or another
    process. Its tensors have the module's names with the prefix `body.`; the last layer, the head, is `head`.

    Attributes:
        steps: The operations on images, from input to features.
        parts: The tensors.
        names: The names of the channel groups: the first layer that writes into each.
        widths: Channels of each group.
        head: The stretches of the features.
        image: The shape of the images.
        constants: The tensors that are the same in every network.
    """

    kind: ClassVar[str] = "traced"
    steps: tuple[Step, ...]
    parts: tuple[Part, ...]
    names: tuple[str, ...]
    widths: tuple[int, ...]
    head: Stretches
    image: tuple[int, ...]
    constants: tuple[Constant, ...] = ()

    def __post_init__(self) -> None:
        check_widths(self.widths)
        # Descriptions hold lists.
        for name, made in (("steps", Step), ("parts", Part), ("constants", Constant)):
            object.__setattr__(self, name, tuple(made(*map(_frozen, each)) for each in getattr(self, name)))
        for name in ("names", "head", "image"):
            object.__setattr__(self, name, _frozen(getattr(self, name)))
        if len(self.names) != len(self.widths):
            raise ValueError(f"a traced backbone of {len(self.names)} groups can't have the widths {self.widths}.")
        unknown = [
            step.kind
            for step in self.steps
            if step.kind not in (*LAYERS, *SPECIAL) and base(step.kind) not in OPERATIONS
        ]
        if unknown:
            raise ValueError(
                f"steps of a traced backbone must be of {', '.join(sorted({*LAYERS, *SPECIAL, *OPERATIONS}))}, "
                f"but one is {unknown[0]!r}."
            )

    def __repr__(self) -> str:
        # Its steps would fill a screen.
        image, size = "x".join(map(str, self.image)), self.layout.parameters()
        return f"<{type(self).__name__}: image {image}, {size:,} parameters, {len(self.names)} groups>"

    @cached_property
    def layout(self) -> Layout:
        """The channel groups found by tracing."""
        axes: dict[str, Axes] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        blocks: dict[str, tuple[int | tuple[int, ...], ...]] = {}
        for part in self.parts:
            name = f"{BODY}.{part.name}"
            segments = [self.segments(axis) for axis in part.axes]
            axes[name] = tuple(_group(each) for each in segments)
            shapes[name] = tuple(length(each, self.groups) for each in segments)
            blocks[name] = tuple(_block(each) for each in segments)
        return Layout(
            self.groups,
            axes,
            shapes,
            buffers=frozenset(f"{BODY}.{part.name}" for part in self.parts if part.buffer),
            blocks={name: each for name, each in blocks.items() if any(block != 1 for block in each)},
            stages=self._stages(axes),
            head=self.segments(self.head),
            outputs={f"{BODY}.{part.name}": part.output for part in self.parts if part.output},
        )

    @property
    def groups(self) -> dict[str, int]:
        """The width of each group by name."""
        return dict(zip(self.names, self.widths, strict=True))

    def segments(self, stretches: Stretches) -> tuple[Segment, ...]:
        """Return stretches with the names of their groups."""
        return tuple((None if group == WHOLE else self.names[group], block) for group, block in stretches)

    def size(self, stretches: Stretches) -> int:
        """Return the length of stretches."""
        return sum(block if group == WHOLE else self.widths[group] * block for group, block in stretches)

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = TracedNetwork(self, classes)
        # They are drawn before the head, so that it does not change them.
        bare = {
            f"{BODY}.{part.name}": torch.randn(tuple(map(self.size, part.axes)), generator=generator)
            .mul_(part.start[1])
            .add_(part.start[0])
            for part in self.parts
            if part.start is not None
        }
        initialise(network, generator)
        network.load_state_dict(bare, strict=False)
        for number, constant in enumerate(self.constants):
            network.set_constant(number, constant.tensor())
        return network

    def resized(self, groups: Mapping[str, int]) -> Traced:
        """Return the same structure with other numbers of channels per group."""
        return replace(self, widths=tuple(groups[name] for name in self.names))

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {
            "kind": self.kind,
            **{name: _listed(getattr(self, name)) for name in self.__dataclass_fields__ if name != "kind"},
        }

    def _stages(self, axes: Mapping[str, Axes]) -> tuple[tuple[Layer, ...], ...]:
        """Return the layers by stage: one for each size of the maps; none unless each layer follows the one before."""
        if not all(step.stage for step in self.steps if step.kind in LAYERS):
            return ()
        if not all(isinstance(every[0], str) for every in axes.values()) or any(
            step.kind == "parameter" for step in self.steps
        ):
            return ()
        stages: dict[int, list[Layer]] = {}
        for step in (step for step in self.steps if step.kind in LAYERS):
            layers = stages.setdefault(step.stage, [])
            module = f"{BODY}.{step.name}"
            if step.kind.endswith("norm") and layers:
                layers[-1] = Layer((*layers[-1].modules, module))
            else:
                layers.append(Layer((module,)))
        return tuple(tuple(layers) for layers in stages.values() if layers)


class _Call(NamedTuple):
    """A step with the lengths of one network."""

    kind: str
    name: str
    arguments: Any
    options: dict[str, Any]


class TracedNetwork(Network):
    """The network that a `Traced` describes."""

    def __init__(self, backbone: Traced, classes: int) -> None:
        super().__init__()
        shapes = {part.name: tuple(map(backbone.size, part.axes)) for part in backbone.parts}
        for step in backbone.steps:
            if step.kind in LAYERS and not _has(self, f"{BODY}.{step.name}"):
                _place(self, f"{BODY}.{step.name}", _module(step, shapes))
        for part in backbone.parts:
            if part.start is not None:
                *parents, last = f"{BODY}.{part.name}".split(".")
                _parent(self, parents).register_parameter(last, nn.Parameter(torch.empty(shapes[part.name])))
        for number, constant in enumerate(backbone.constants):
            self.register_buffer(f"constant{number}", torch.empty(constant.shape), persistent=False)
        self.steps = [
            _Call(step.kind, step.name, _sized(step.arguments, backbone), _options(step)) for step in backbone.steps
        ]
        self.head = nn.Linear(backbone.size(backbone.head), classes)

    def set_constant(self, number: int, value: Tensor) -> None:
        """Give a constant its value."""
        self.register_buffer(f"constant{number}", value, persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, F] of images."""
        results: list[Any] = []
        for step in self.steps:
            results.append(self._result(step, results, images))
        last: Tensor = results[-1]
        return last

    def _result(self, step: _Call, results: list[Any], images: Tensor) -> Any:
        if step.kind == "image":
            return images
        if step.kind == "constant":
            return self.get_buffer(f"constant{step.arguments[0]}")
        if step.kind == "parameter":
            return self.get_parameter(f"{BODY}.{step.name}")
        arguments = _filled(step.arguments, results, images.shape[0])
        if step.kind == "item":
            return arguments[0][arguments[1]]
        if step.name:
            return self.get_submodule(f"{BODY}.{step.name}")(*arguments)
        return operation(step.kind)(*arguments, **step.options)


def _sized(arguments: Any, backbone: Traced) -> Any:
    """Return arguments with the lengths that follow from the widths of a backbone's groups."""
    if not isinstance(arguments, tuple):
        return arguments
    if arguments[:1] == ("size",):
        return backbone.size(arguments[1])
    if arguments[:1] == ("dtype",):
        return getattr(torch, arguments[1])
    return tuple(_sized(each, backbone) for each in arguments)


def _options(step: Step) -> dict[str, Any]:
    return {
        name: getattr(torch, value[1]) if isinstance(value, tuple) and value[:1] == ("dtype",) else value
        for name, value in step.options
    }


def _filled(arguments: Any, results: list[Any], images: int) -> Any:
    """Return arguments with the results of steps, and with lengths that depend on the number of images."""
    if not isinstance(arguments, tuple):
        return arguments
    if arguments[:1] == ("step",):
        return results[arguments[1]]
    if arguments[:1] == ("batch",):
        return arguments[1] * images
    return tuple(_filled(each, results, images) for each in arguments)


def _module(step: Step, shapes: Mapping[str, tuple[int, ...]]) -> nn.Module:
    """Return a layer with tensors of these shapes."""
    settings = dict(step.options)
    rows, *columns = shapes[f"{step.name}.weight"]
    if step.kind == "linear":
        return nn.Linear(columns[0], rows, **settings)
    if step.kind == "layer_norm":
        return nn.LayerNorm((rows, *columns), **settings)
    if step.kind == "group_norm":
        return nn.GroupNorm(rows // settings.pop("each"), rows, **settings)
    axes = settings.pop("axes")
    if step.kind == "batch_norm":
        return (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[axes - 1](rows, **settings)
    each = settings.pop("each")
    groups = rows // each if each else 1
    kind: Any = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]
    convolution: nn.Module = kind(columns[0] * groups, rows, tuple(columns[1:]), groups=groups, **settings)
    return convolution


def _parent(network: nn.Module, names: list[str]) -> nn.Module:
    """Return the module of a network with these names, one inside the other; make those that are not there."""
    for name in names:
        if not hasattr(network, name):
            network.add_module(name, nn.Module())
        network = network.get_submodule(name)
    return network


def _has(network: nn.Module, name: str) -> bool:
    return any(name == each for each, _ in network.named_modules())


def _place(network: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module to a network under a dotted name."""
    *parents, last = name.split(".")
    _parent(network, parents).add_module(last, module)


def _group(segments: tuple[Segment, ...]) -> str | tuple[str | None, ...] | None:
    return segments[0][0] if len(segments) == 1 else tuple(group for group, _ in segments)


def _block(segments: tuple[Segment, ...]) -> int | tuple[int, ...]:
    if len(segments) > 1:
        return tuple(block for _, block in segments)
    (group, block), *_ = segments
    return 1 if group is None else block


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _listed(value: Any) -> Any:
    return [*map(_listed, value)] if isinstance(value, list | tuple) else value

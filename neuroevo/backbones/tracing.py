"""From a module to a backbone: its channel groups are derived by `torch.fx` tracing."""

from __future__ import annotations

import operator
from collections.abc import Callable
from copy import deepcopy
from math import prod
from typing import Any

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional as F

from neuroevo.backbones.traced import Step, Traced

SUPPORTED = (
    "Conv2d (plain or depthwise), Linear, BatchNorm1d and BatchNorm2d, activations, pooling, flatten, mean over "
    "pixels, addition, Dropout and Identity"
)

ACTIVATIONS: dict[type[nn.Module], tuple[str, tuple[str, ...]]] = {
    nn.ReLU: ("relu", ()),
    nn.ReLU6: ("relu6", ()),
    nn.LeakyReLU: ("leaky_relu", ("negative_slope",)),
    nn.ELU: ("elu", ("alpha",)),
    nn.GELU: ("gelu", ("approximate",)),
    nn.SiLU: ("silu", ()),
    nn.Hardswish: ("hardswish", ()),
    nn.Tanh: ("tanh", ()),
    nn.Sigmoid: ("sigmoid", ()),
    nn.MaxPool2d: ("max_pool2d", ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    nn.AvgPool2d: ("avg_pool2d", ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")),
    nn.AdaptiveAvgPool2d: ("adaptive_avg_pool2d", ("output_size",)),
    nn.AdaptiveMaxPool2d: ("adaptive_max_pool2d", ("output_size",)),
}
"""Modules without tensors: their step and the attributes that it takes."""

FUNCTIONS: dict[Callable[..., Any] | str, tuple[str, tuple[str, ...]]] = {
    F.relu: ("relu", ()),
    torch.relu: ("relu", ()),
    "relu": ("relu", ()),
    F.relu6: ("relu6", ()),
    F.leaky_relu: ("leaky_relu", ("negative_slope",)),
    F.elu: ("elu", ("alpha",)),
    F.gelu: ("gelu", ("approximate",)),
    F.silu: ("silu", ()),
    F.hardswish: ("hardswish", ()),
    torch.tanh: ("tanh", ()),
    torch.sigmoid: ("sigmoid", ()),
    "tanh": ("tanh", ()),
    "sigmoid": ("sigmoid", ()),
    F.max_pool2d: ("max_pool2d", ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    torch.max_pool2d: ("max_pool2d", ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    F.avg_pool2d: ("avg_pool2d", ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")),
    F.adaptive_avg_pool2d: ("adaptive_avg_pool2d", ("output_size",)),
    F.adaptive_max_pool2d: ("adaptive_max_pool2d", ("output_size",)),
}
"""Functions and methods without tensors of their own: their step and the arguments after the first."""

SUMS = (operator.add, operator.iadd, torch.add, "add", "add_")
FLATTENINGS = (nn.Flatten, torch.flatten, "flatten", "view", "reshape")
MEANS = (torch.mean, "mean")
UNCHANGED = (nn.Dropout, nn.Dropout2d, nn.Identity, F.dropout, F.dropout2d, "contiguous")
"""What is left out. Dropout would draw from the global generator, which nothing here does."""


def trace(module: nn.Module, *, image: tuple[int, int, int]) -> Traced:
    """Return a module as a backbone, with channel groups derived by tracing.

    The module is left unchanged, and its weights are not copied: a backbone describes networks with random initial
    weights. Dropout is left out. The last linear layer, which must give the outputs, is the head. Activations that are
    added share one group.

    Args:
        module: Convolutional or linear layers without data-dependent control flow.
        image: The shape [C, H, W] of the images.

    Raises:
        ValueError: A layer is not supported, is used twice, or the outputs do not come from a linear layer; the
            message names it.
    """
    weightless = deepcopy(module).eval().to("meta")
    images = torch.empty(2, *image, device="meta")
    try:
        graph = fx.symbolic_trace(weightless)
    except Exception as error:
        raise ValueError(f"{type(module).__name__} can't be traced by torch.fx: {_first_line(error)}.") from error
    try:
        with torch.no_grad():
            # Run it alone first: if that fails, ShapeProp would also print a traceback.
            weightless(images)
            ShapeProp(graph).propagate(images)
    except Exception as error:
        raise ValueError(
            f"{type(module).__name__} must take images of the shape {image}, but it does not: {_first_line(error)}."
        ) from error
    return _Tracing(graph, image).backbone()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


class _Tracing:
    """The steps and channel groups of one traced graph, as they are found."""

    def __init__(self, graph: fx.GraphModule, image: tuple[int, int, int]) -> None:
        self.graph = graph
        self.image = image
        self.steps: list[Step] = []
        self.numbers: dict[fx.Node, int] = {}
        self.tied: list[int] = []
        self.widths: list[int] = []
        self.sizes: list[tuple[int, ...]] = []

    def backbone(self) -> Traced:
        head = self._head()
        for node in self._needed(head.all_input_nodes[0]):
            self.numbers[node] = self._number(node)
        features = self.numbers[head.all_input_nodes[0]]
        if features != len(self.steps) - 1:
            self.steps.append(Step("identity", "", (features,), self.steps[features].group))
        return self._compact(head)

    def _head(self) -> fx.Node:
        """Return the linear layer that gives the outputs."""
        (output,) = (node for node in self.graph.graph.nodes if node.op == "output")
        last = output.args[0]
        if not (isinstance(last, fx.Node) and last.op == "call_module" and isinstance(self._of(last), nn.Linear)):
            raise ValueError(
                f"the outputs must come from a Linear layer, the head, but they come from {_called(last)}."
            )
        return last

    def _of(self, node: fx.Node) -> nn.Module:
        return self.graph.get_submodule(str(node.target))

    def _needed(self, last: fx.Node) -> list[fx.Node]:
        """Return the nodes that a node depends on, in their order."""
        needed, waiting = set(), [last]
        while waiting:
            node = waiting.pop()
            if node not in needed:
                needed.add(node)
                # The sizes for a reshape do not come from activations.
                waiting.extend(node.all_input_nodes[:1] if node.target in ("view", "reshape") else node.all_input_nodes)
        return [node for node in self.graph.graph.nodes if node in needed]

    def _number(self, node: fx.Node) -> int:
        """Return the number of a node's step; an identity has the number of its input's step."""
        if node.op == "placeholder":
            return self._add(Step("image", "", (), -1))
        what = self._of(node) if node.op == "call_module" else node.target
        kind = type(what) if node.op == "call_module" else what
        if kind in UNCHANGED:
            return self.numbers[node.all_input_nodes[0]]
        if isinstance(what, nn.Conv2d | nn.Linear | nn.BatchNorm1d | nn.BatchNorm2d):
            return self._layer(node, what)
        for kinds, step in ((SUMS, self._sum), (FLATTENINGS, self._flatten), (MEANS, self._mean)):
            if kind in kinds:
                return step(node)
        return self._plain(node, what, kind)

    def _plain(self, node: fx.Node, what: Any, kind: Any) -> int:
        """Return the number of the step of an operation without tensors of its own."""
        if kind in ACTIVATIONS:
            step, attributes = ACTIVATIONS[kind]
            return self._follow(node, step, {name: getattr(what, name) for name in attributes})
        if kind in FUNCTIONS:
            step, names = FUNCTIONS[kind]
            given = {**dict(zip(names, node.args[1:], strict=False)), **node.kwargs}
            return self._follow(node, step, {name: given[name] for name in names if name in given})
        raise self._refused(node)

    def _refused(self, node: fx.Node, why: str = "is not supported") -> ValueError:
        return ValueError(f"{_called(node, self.graph)} {why}: a backbone can be traced of {SUPPORTED}.")

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _follow(self, node: fx.Node, kind: str, settings: dict[str, Any]) -> int:
        source = self.numbers[node.all_input_nodes[0]]
        return self._add(Step(kind, "", (source,), self.steps[source].group, _sorted(settings)))

    def _sum(self, node: fx.Node) -> int:
        if len(node.all_input_nodes) != 2 or len(node.args) != 2 or node.kwargs:
            raise self._refused(node, "must add two activations")
        shapes = {tuple(one.meta["tensor_meta"].shape) for one in node.all_input_nodes}
        numbers = tuple(self.numbers[one] for one in node.all_input_nodes)
        one, other = (self.steps[number].group for number in numbers)
        if len(shapes) > 1 or one < 0 or other < 0:
            raise self._refused(node, "must add activations of one shape, not the image")
        first, second = sorted((self._root(one), self._root(other)))
        self.tied[second] = first
        return self._add(Step("add", "", numbers, first))

    def _root(self, group: int) -> int:
        while self.tied[group] != group:
            group = self.tied[group]
        return group

    def _layer(self, node: fx.Node, module: Any) -> int:
        name, source = str(node.target), self.numbers[node.all_input_nodes[0]]
        if any(step.name == name for step in self.steps):
            raise self._refused(node, "is used twice")
        group = self.steps[source].group
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            if group < 0 or not module.affine or not module.track_running_stats:
                raise self._refused(node, "must follow a layer and have weights and running statistics")
            maps = isinstance(module, nn.BatchNorm2d)
            kind, settings = "norm", {"eps": module.eps, "momentum": module.momentum, "maps": maps}
        elif isinstance(module, nn.Linear):
            if len(node.meta["tensor_meta"].shape) != 2:
                raise self._refused(node, "must read flattened maps")
            kind, settings, group = "linear", {"bias": module.bias is not None}, self._group(module.out_features)
        else:
            kind, settings = "convolution", self._convolution(node, module)
            group = group if settings["depthwise"] else self._group(module.out_channels)
        return self._add(Step(kind, name, (source,), group, _sorted(settings), self._stage(node)))

    def _convolution(self, node: fx.Node, module: nn.Conv2d) -> dict[str, Any]:
        depthwise = module.groups > 1
        if depthwise and not module.groups == module.in_channels == module.out_channels:
            raise self._refused(node, f"has {module.groups} groups of channels, which is not supported")
        names = ("kernel_size", "stride", "padding", "dilation", "padding_mode")
        return {
            **{name: getattr(module, name) for name in names},
            "bias": module.bias is not None,
            "depthwise": depthwise,
        }

    def _group(self, width: int) -> int:
        self.tied.append(len(self.tied))
        self.widths.append(width)
        return len(self.widths) - 1

    def _stage(self, node: fx.Node) -> int:
        size = tuple(node.meta["tensor_meta"].shape[2:])
        if not self.sizes or self.sizes[-1] != size:
            self.sizes.append(size)
        return len(self.sizes)

    def _flatten(self, node: fx.Node) -> int:
        source = node.all_input_nodes[0]
        before, after = (tuple(one.meta["tensor_meta"].shape) for one in (source, node))
        if after != (before[0], prod(before[1:])):
            raise self._refused(node, "must flatten all but the first axis")
        pixels = prod(before[2:])
        number = self.numbers[source]
        if len(before) == 2:
            return number
        return self._add(Step("flatten", "", (number,), self.steps[number].group, (("pixels", pixels),)))

    def _mean(self, node: fx.Node) -> int:
        given = {**dict(zip(("dim", "keepdim"), node.args[1:], strict=False)), **node.kwargs}
        dims = given.get("dim")
        axes = {axis % 4 for axis in dims} if isinstance(dims, list | tuple) else set()
        if len(node.all_input_nodes[0].meta["tensor_meta"].shape) != 4 or axes != {2, 3}:
            raise self._refused(node, "must be over height and width")
        return self._follow(node, "mean", {"dim": (2, 3), "keepdim": bool(given.get("keepdim", False))})

    def _compact(self, head: fx.Node) -> Traced:
        """Return the backbone with tied groups counted once, ordered by their last layer, the head's at the end."""
        roots = {number: self._root(step.group) for number, step in enumerate(self.steps) if step.group >= 0}
        last = max(roots) if roots else -1
        if last < 0 or self.steps[-1].group < 0:
            raise ValueError("a backbone needs a layer before its head.")
        ends = {root: number for number, root in roots.items() if self.steps[number].name}
        ends[roots[len(self.steps) - 1]] = len(self.steps)
        order = {root: place for place, root in enumerate(sorted(ends, key=ends.__getitem__))}
        steps = tuple(
            step._replace(group=order[roots[number]]) if number in roots else step
            for number, step in enumerate(self.steps)
        )
        names: dict[int, str] = {}
        for step in steps:
            if step.name:
                names.setdefault(step.group, step.name)
        width = self.widths[roots[len(self.steps) - 1]]
        return Traced(
            steps=steps,
            names=tuple(names[place] for place in range(len(order))),
            widths=tuple(self.widths[root] for root in order),
            channels=self.image[0],
            pixels=self.graph.get_parameter(f"{head.target}.weight").shape[1] // width,
        )


def _sorted(settings: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    frozen = {name: tuple(value) if isinstance(value, list | torch.Size) else value for name, value in settings.items()}
    return tuple(sorted(frozen.items()))


def _called(node: Any, graph: fx.GraphModule | None = None) -> str:
    """Return the name of a node for messages: the module's name and class, or the function's name."""
    if not isinstance(node, fx.Node):
        return repr(node)
    if node.op == "call_module" and graph is not None:
        return f"{node.target} ({type(graph.get_submodule(str(node.target))).__name__})"
    return str(getattr(node.target, "__name__", node.target))

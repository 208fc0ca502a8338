"""Writes a followed graph down as the steps of a traced backbone."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor, fx

from neuroevo.backbones import operations
from neuroevo.backbones.following import bound
from neuroevo.backbones.grouping import WHOLE, Grouping, Stretch
from neuroevo.backbones.matrices import CONVOLUTIONS
from neuroevo.backbones.numbered import Followed, Node, Numbered
from neuroevo.backbones.operations import base
from neuroevo.backbones.traced import Constant, Part, Step, Traced

Stretches = tuple[Stretch, ...]
WANTED = "the outputs must come from one Linear layer or convolution 1x1, the head"
RESHAPING = ("view", "reshape", "_unsafe_view", "unflatten")
SPLITTING = ("chunk", "split", "split_with_sizes")


def called(node: Node) -> str:
    """Return the name of a node for messages: its operation and the path and class of its module."""
    stack = [*node.meta.get("nn_module_stack", {}).values()]
    path, kind = next(((path, kind) for path, kind in reversed(stack) if path), ("", ""))
    kind = getattr(kind, "__name__", str(kind).rpartition(".")[2])
    name = kind_of(node) or str(node.target)
    return f"{path} ({kind}): {name}" if path else name


def kind_of(node: Node) -> str:
    """Return the name of a node's operation of ATen; empty if it is none."""
    return base(node.target.__name__) if isinstance(node.target, torch._ops.OpOverload) else ""


def head_of(graph: fx.Graph, parameters: Mapping[str, str]) -> Node:
    """Return the linear layer or convolution 1x1 that gives the outputs.

    Raises:
        ValueError: There is none, or several.
    """
    (output,) = graph.find_nodes(op="output")
    results = [one for one in output.args[0] if isinstance(one, fx.Node)]
    if len(results) != 1:
        raise ValueError(f"a module must return one tensor, the outputs, but it returns {len(results)}.")
    waiting, seen, heads = results, set(), []
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if kind_of(node) in ("linear", *CONVOLUTIONS):
            heads.append(node)
        elif node.op == "placeholder" or len(node.all_input_nodes) > 1:
            raise ValueError(f"{WANTED}, but they come from {called(node)}.")
        else:
            waiting.extend(node.all_input_nodes)
    head = heads[0]
    weight = head.args[1]
    if not isinstance(weight, fx.Node) or weight.name not in parameters or prod(weight.meta["val"].shape[2:]) > 1:
        raise ValueError(f"{WANTED}, but they come from {called(head)}.")
    return head


class Recording:
    """The steps, tensors and constants of one graph, as they are written down."""

    def __init__(
        self,
        graph: fx.Graph,
        found: Followed,
        grouping: Grouping,
        names: Mapping[str, str],
        tensors: Mapping[str, Tensor],
        image: tuple[int, ...],
    ) -> None:
        self.graph, self.found, self.grouping = graph, found, grouping
        self.names, self.tensors, self.image = names, tensors, image
        self.steps: list[Step] = []
        self.parts: dict[str, Part] = {}
        self.constants: dict[Constant, int] = {}
        self.numbers: dict[Node, int] = {}
        self.sizes: list[tuple[int, ...]] = []
        self.chain = True

    def backbone(self, head: Node) -> Traced:
        """Return the backbone of all that a head reads."""
        for node in self._needed(head):
            self._write(node)
        features = head.all_input_nodes[0]
        axes = [*range(1, features.meta["val"].ndim)]
        averaged = axes[:-1] if kind_of(head) == "linear" else axes[1:]
        reads = ("step", self.numbers[features])
        self.steps.append(
            Step("mean.dim", "", (reads, tuple(averaged))) if averaged else Step("clone.default", "", (reads,))
        )
        return self._compact(self.grouping.vector(self.found.weights[self.names[head.args[1].name]][1]))

    def _needed(self, head: Node) -> list[Node]:
        """Return the nodes that a head depends on, in their order; those that change them in place, too."""
        needed: set[Node] = set()
        waiting = [head.all_input_nodes[0]]
        order = [node for node in self.graph.nodes if node.op == "call_function"]
        order = order[: order.index(head)]
        while waiting:
            while waiting:
                node = waiting.pop()
                if node not in needed:
                    needed.add(node)
                    waiting.extend(node.all_input_nodes)
            waiting = [
                node for node in order if node not in needed and _in_place(node) and not needed.isdisjoint(_bases(node))
            ]
        return [node for node in self.graph.nodes if node in needed]

    def _write(self, node: Node) -> None:
        value = self.found.values[node]
        if (
            isinstance(value, Tensor)
            or (node.op == "placeholder" and node.name in self.names)
            or not isinstance(value, Numbered | list)
        ):
            # Constants and parameters are written where they are read.
            return
        if node.op == "placeholder":
            self._add(node, Step("image"))
            if any(_in_place(user) and user.args[0] is node for user in node.users):
                self._add(node, Step("clone.default", "", (("step", 0),)))
            return
        kind = kind_of(node)
        if kind in operations.UNCHANGED or (kind == "to" and "dtype" not in str(node.target)):
            self.numbers[node] = self._number(node.args[0])
            return
        self.chain &= sum(_follows_image(self.found, one) for one in node.all_input_nodes) < 2
        writers = {"linear": self._linear, "batch_norm": self._norm, "layer_norm": self._norm, "group_norm": self._norm}
        write = self._convolution if kind in CONVOLUTIONS else writers.get(kind)
        if write is None or not write(node, kind):
            self._plain(node, kind)

    def _add(self, node: Node, step: Step) -> None:
        self.steps.append(step)
        self.numbers[node] = len(self.steps) - 1

    def _number(self, node: Any) -> int:
        """Return the number of the step that gives a node's value."""
        if node not in self.numbers:
            value = self.found.values[node]
            if isinstance(value, Numbered):
                name = self.names[node.name]
                self._bare(name, value)
                self._add(node, Step("parameter", name))
            else:
                constant = _constant(value)
                number = self.constants.setdefault(constant, len(self.constants))
                self._add(node, Step("constant", "", (number,)))
        return self.numbers[node]

    def _argument(self, argument: Any) -> Any:
        if isinstance(argument, fx.Node):
            value = self.found.values[argument]
            # One image was followed, so a number that depends on them is the factor.
            return ("step", self._number(argument)) if isinstance(value, Tensor | Numbered | list) else ("batch", value)
        if isinstance(argument, list | tuple):
            return tuple(map(self._argument, argument))
        if isinstance(argument, torch.dtype):
            return ("dtype", str(argument).removeprefix("torch."))
        return argument if isinstance(argument, int | float | str | bool) else None

    def _plain(self, node: Node, kind: str) -> None:
        """Write an operation without tensors of its own."""
        if not kind:
            self._add(node, Step("item", "", tuple(map(self._argument, node.args))))
            return
        target = node.target.__name__
        arguments = tuple(map(self._argument, node.args))
        if kind in RESHAPING:
            target, arguments = "reshape.default", (arguments[0], self._shape(node, -1))
        elif kind == "expand":
            arguments = (arguments[0], self._shape(node))
        elif kind in SPLITTING:
            axis = bound(node)["dim"]
            if self._carries(node.args[0], axis):
                target = "split_with_sizes.default"
                parts = [self.grouping.axes(one.numbers)[axis] for one in self.found.values[node]]
                arguments = (arguments[0], tuple(map(_size, parts)), axis)
        elif kind == "slice":
            arguments = self._slice(node, arguments)
        elif kind == "contiguous":
            target = "clone.default"
        options = {name: self._argument(value) for name, value in node.kwargs.items()}
        options = {name: value for name, value in options.items() if value is not None}
        self._add(node, Step(target, "", arguments, tuple(sorted(options.items()))))

    def _shape(self, node: Node, batch: int | None = None) -> tuple[Any, ...]:
        """Return the shape of a node's result: lengths that depend on the groups or on the number of images as such."""
        numbers = self.found.values[node].numbers
        shape: list[Any] = []
        for length, own, stretches in zip(
            node.meta["val"].shape, numbers.shape, self.grouping.axes(numbers), strict=True
        ):
            if not isinstance(length, int):
                shape.append(("batch", own) if batch is None else batch)
            else:
                shape.append(_size(stretches))
        return tuple(shape)

    def _carries(self, node: Any, axis: int) -> bool:
        value = self.found.values[node]
        return isinstance(value, Numbered) and any(
            group != WHOLE for group, _ in self.grouping.axes(value.numbers)[axis]
        )

    def _slice(self, node: Node, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        given = bound(node)
        axis, start, end = given["dim"], given["start"] or 0, given["end"]
        if not self._carries(node.args[0], axis) or not isinstance(start, int):
            return arguments
        numbers = self.found.values[node.args[0]].numbers
        length = numbers.shape[axis]
        # A place depends on the widths of the groups before it.
        row = numbers.movedim(axis, -1).reshape(-1, length).amax(0)
        bounds = slice(start, end).indices(length)[:2]
        places = (_size(self.grouping.vector(row[:place])) for place in bounds)
        return (arguments[0], axis, *places, given["step"])

    def _layer(self, node: Node, kind: str, tensors: dict[str, Any], settings: dict[str, Any]) -> bool:
        """Write a layer that is a module of its own, if its tensors have the names that such a module has."""
        given = {
            name: self.names.get(one.name, "") if isinstance(one, fx.Node) else "" for name, one in tensors.items()
        }
        module = given["weight"].removesuffix(".weight")
        if any(isinstance(one, fx.Node) and given[name] != f"{module}.{name}" for name, one in tensors.items()):
            return False
        if module == given["weight"]:
            return False
        self._add(
            node,
            Step(kind, module, (self._argument(node.args[0]),), tuple(sorted(settings.items())), self._stage(node)),
        )
        return True

    def _stage(self, node: Node) -> int:
        size = tuple(node.meta["val"].shape[2:])
        if not self.sizes or self.sizes[-1] != size:
            self.sizes.append(size)
        return len(self.sizes)

    def _convolution(self, node: Node, kind: str) -> bool:
        given = bound(node)
        weight = given["weight"].meta["val"].shape
        settings = {name: self._argument(given[name]) for name in ("stride", "padding", "dilation")}
        each = weight[0] // given["groups"] if given["groups"] > 1 else 0
        settings |= {"bias": given["bias"] is not None, "each": each, "axes": len(weight) - 2}
        return self._matrix(node, "convolution", given, settings)

    def _linear(self, node: Node, kind: str) -> bool:
        return self._matrix(node, "linear", bound(node), {"bias": bound(node)["bias"] is not None})

    def _matrix(self, node: Node, kind: str, given: dict[str, Any], settings: dict[str, Any]) -> bool:
        tensors = {name: given[name] for name in ("weight", "bias")}
        if not self._layer(node, kind, tensors, settings):
            return False
        name = self.names[given["weight"].name]
        axes = self._weight(name)
        self.parts.setdefault(name, Part(name, axes))
        if given["bias"] is not None:
            bias = self.names[given["bias"].name]
            self.parts.setdefault(bias, Part(bias, axes[:1]))
        return True

    def _weight(self, name: str) -> tuple[Stretches, ...]:
        """Return the stretches of the axes of a convolution's or linear layer's weight."""
        rows, columns = map(self.grouping.vector, self.found.weights[name])
        return (rows, columns, *(((WHOLE, length),) for length in self.tensors[name].shape[2:]))

    def _norm(self, node: Node, kind: str) -> bool:
        given = bound(node)
        names = ("weight", "bias", *(("running_mean", "running_var") if kind == "batch_norm" else ()))
        settings: dict[str, Any] = {"eps": given["eps"]}
        if kind == "batch_norm":
            if given["training"]:
                raise ValueError(f"{called(node)} must have running statistics, but it has none.")
            settings |= {"momentum": given["momentum"], "axes": max(1, node.meta["val"].ndim - 2)}
        elif kind == "group_norm":
            settings |= {"each": node.meta["val"].shape[1] // given["num_groups"]}
        elif given["bias"] is None:
            settings |= {"bias": False}
        if given["weight"] is None or not self._layer(node, kind, {name: given[name] for name in names}, settings):
            return False
        module = self.names[given["weight"].name].removesuffix(".weight")
        axes = self.grouping.axes(self.found.values[given["weight"]].numbers)
        for name in names:
            if given[name] is not None:
                full = f"{module}.{name}"
                self.parts.setdefault(full, Part(full, axes, buffer=name.startswith("running")))
        return True

    def _bare(self, name: str, value: Numbered) -> None:
        """Note a parameter that belongs to no layer."""
        axes = self._weight(name) if name in self.found.weights else self.grouping.axes(value.numbers)
        output = next((number for number, each in enumerate(axes) if any(group != WHOLE for group, _ in each)), 0)
        # Equal architectures have equal descriptions, so random weights must not show.
        tensor = self.tensors[name].detach()
        first = float(tensor.flatten()[0])
        start = (first, 0.0) if bool((tensor == first).all()) else (0.0, 0.02)
        if name in self.found.weights:
            start = (0.0, (2 / tensor[0].numel()) ** 0.5)
        self.parts.setdefault(name, Part(name, axes, output=0 if name in self.found.weights else output, start=start))

    def _compact(self, head: Stretches) -> Traced:
        """Return the backbone with its groups in the order of their last layers."""
        used = {group for part in self.parts.values() for axis in part.axes for group, _ in axis if group != WHOLE}
        last = {
            group: number
            for number, part in enumerate(self.parts.values())
            for group, _ in part.axes[part.output]
            if group != WHOLE
        }
        order = sorted(used, key=lambda group: (last.get(group, -1), group))
        if not order:
            raise ValueError("a backbone needs a layer before its head whose channels can be left out.")
        places = {group: place for place, group in enumerate(order)} | {WHOLE: WHOLE}
        names: list[str] = []
        first = self._first_writers()
        for group in order:
            name = first.get(group, f"group{group}")
            again = sum(one.partition(":")[0] == name for one in names)
            names.append(f"{name}:{again + 1}" if again else name)
        return Traced(
            steps=tuple(
                step._replace(arguments=_renumbered(step.arguments, places), stage=step.stage if self.chain else 0)
                for step in self.steps
            ),
            parts=tuple(
                part._replace(axes=tuple(tuple((places[group], block) for group, block in axis) for axis in part.axes))
                for part in self.parts.values()
            ),
            names=tuple(names),
            widths=tuple(self.grouping.sizes[group] for group in order),
            head=tuple((places[group], block) for group, block in head),
            image=self.image,
            constants=tuple(self.constants),
        )

    def _first_writers(self) -> dict[int, str]:
        """Return the first layer that writes into each group."""
        first: dict[int, str] = {}
        for part in self.parts.values():
            for group, _ in part.axes[part.output]:
                first.setdefault(group, part.name.rpartition(".")[0] or part.name)
        return first


def _in_place(node: Node) -> bool:
    name = str(getattr(node.target, "__name__", "")).partition(".")[0]
    return isinstance(node.target, torch._ops.OpOverload) and name.endswith("_") and not name.startswith("_")


def _bases(node: Node) -> list[Node]:
    """Return the nodes of which an operation in place changes a part."""
    bases = []
    while node.op == "call_function" and node.args and isinstance(node.args[0], fx.Node):
        node = node.args[0]
        bases.append(node)
        if kind_of(node) not in (*operations.MOVING, *operations.UNCHANGED) and not _in_place(node):
            break
    return bases


def _follows_image(found: Followed, node: Node) -> bool:
    value = found.values[node]
    return isinstance(value, Numbered | list) and not (isinstance(value, Numbered) and value.parameter)


def _size(stretches: Stretches) -> Any:
    if all(group == WHOLE for group, _ in stretches):
        return sum(length for _, length in stretches)
    return ("size", stretches)


def _renumbered(arguments: Any, places: Mapping[int, int]) -> Any:
    if not isinstance(arguments, tuple):
        return arguments
    if arguments[:1] == ("size",):
        return ("size", tuple((places[group], block) for group, block in arguments[1]))
    return tuple(_renumbered(each, places) for each in arguments)


def _constant(value: Tensor) -> Constant:
    value = value.detach().contiguous()
    data = base64.b64encode(zlib.compress(value.numpy().tobytes(), 9)).decode()
    return Constant(tuple(value.shape), str(value.dtype).removeprefix("torch."), data)

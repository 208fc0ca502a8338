"""Follows every channel through the graph of a network: which elements of which tensors belong to which channel.

Each output channel of a layer gets a number, and each tensor of the graph an integer tensor of its shape that says to
which channel every element belongs. Operations that move elements (reshape, permute, concatenation, the windows of a
Swin transformer) are simply applied to these integers; others tie channels to each other: a sum those at the same
place, an average those that it reads, a matrix product those that it contracts, a group of a convolution all that it
reads and writes. A circuit has to keep or leave tied channels together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from neuroevo.backbones import operations
from neuroevo.backbones.matrices import CONVOLUTIONS, LAYERS, convolution
from neuroevo.backbones.numbered import PADDING, Followed, Node, Numbered, Refusal, compact, numbers_of, pointwise
from neuroevo.backbones.operations import base


def follow(
    graph: fx.Graph, parameters: Mapping[str, str], constants: Mapping[str, Tensor], image: tuple[int, ...]
) -> Followed:
    """Follow the channels of one image through a graph of ATen operations.

    Args:
        graph: The graph of `torch.export`, with a symbolic number of images.
        parameters: The names of parameters by the names of placeholders.
        constants: The values of buffers and constants by the names of placeholders.
        image: The shape of the image.

    Raises:
        Refusal: An operation is not supported.
    """
    found = Followed()
    for node in graph.nodes:
        if node.op == "placeholder":
            found.values[node] = _given(node, found, parameters, constants, image)
        elif node.op == "call_function":
            try:
                found.values[node] = _called(node, found)
            except Refusal as refusal:
                raise Refusal(node) from refusal
    return found


def _given(
    node: Node,
    found: Followed,
    parameters: Mapping[str, str],
    constants: Mapping[str, Tensor],
    image: tuple[int, ...],
) -> Any:
    if node.name in parameters:
        shape = tuple(node.meta["val"].shape)
        if all(_is_weight(node, user) for user in node.users):
            # Its two axes are followed instead of its elements.
            return Numbered(torch.zeros((), dtype=torch.int64).expand(shape), parameters[node.name])
        return Numbered(found.new_elements(shape), parameters[node.name])
    if node.name in constants:
        return constants[node.name].clone()
    return Numbered(torch.zeros((), dtype=torch.int64).expand(1, *image))


def _is_weight(node: Node, user: Node) -> bool:
    layer = isinstance(user.target, torch._ops.OpOverload) and base(user.target.__name__) in ("linear", *CONVOLUTIONS)
    return layer and len(user.args) > 1 and user.args[1] is node and node not in (user.args[0], *user.args[2:])


def bound(node: Node) -> dict[str, Any]:
    """Return the arguments of a node by name, with the defaults of those that are not given."""
    schema = node.target._schema
    given = dict(zip((one.name for one in schema.arguments), node.args, strict=False)) | dict(node.kwargs)
    return {one.name: given.get(one.name, one.default_value) for one in schema.arguments}


def _called(node: Node, found: Followed) -> Any:
    """Return the value of a node that calls an operation."""
    if not isinstance(node.target, torch._ops.OpOverload):
        # Arithmetic with the number of images, and items of several results.
        return node.target(*(found.values[one] if isinstance(one, fx.Node) else one for one in node.args))
    kind = base(node.target.__name__)
    args, kwargs = fx.map_arg((node.args, dict(node.kwargs)), found.values.__getitem__)
    if kind == "sym_size":
        return numbers_of(args[0]).shape[args[1]]
    if kind in operations.UNCHANGED:
        return args[0]
    if kind.startswith(("_assert", "sym_constrain")):
        return None
    if kind in operations.CREATING or not any(isinstance(one, Numbered) for one in _flat([args, [*kwargs.values()]])):
        if kind not in operations.CREATING and kind not in operations.OPERATIONS:
            raise Refusal
        args, kwargs = fx.map_arg((node.args, dict(node.kwargs)), lambda one: _plain(found.values[one]))
        return node.target(*args, **kwargs)
    return _numbered(node, kind, found, args, kwargs)


def _numbered(node: Node, kind: str, found: Followed, args: Any, kwargs: Any) -> Any:
    """Return the numbers of an operation's result."""
    given = fx.map_arg(bound(node), found.values.__getitem__)
    if kind in LAYERS:
        return LAYERS[kind](found, given)
    if kind in CONVOLUTIONS:
        return convolution(found, given, node.meta["val"].shape)
    if kind in operations.POINTWISE:
        return pointwise(found, _prelu(args) if kind == "prelu" else _flat([args, [*kwargs.values()]]))
    if kind in operations.MOVING:
        return _moved(found, kind, node.target, args, kwargs)
    if kind in operations.POOLING:
        return _pooled(found, kind, numbers_of(args[0]), node.meta["val"].shape)
    if kind in operations.REDUCING:
        return _reduced(found, kind, given)
    raise Refusal


def _prelu(args: Any) -> list[Any]:
    """Return the input and the slopes, which have the axis of the channels only."""
    slopes = numbers_of(args[1])
    return [args[0], Numbered(slopes.reshape(-1, *(1 for _ in args[0].numbers.shape[2:])))]


def _flat(values: Any) -> list[Any]:
    if isinstance(values, list | tuple):
        return [one for each in values for one in _flat(each)]
    return [values]


def _plain(value: Any) -> Any:
    """Return a tensor of the shape of a numbered one, for operations that read its shape only."""
    return torch.zeros(()).expand(value.numbers.shape) if isinstance(value, Numbered) else value


def _moved(found: Followed, kind: str, target: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return the numbers at their new places; a constant among them belongs to no channel."""
    first = args[0]
    if kind == "index":
        if any(isinstance(one, Numbered) for one in _flat(args[1])):
            raise Refusal
        found.fixed.extend((first.numbers, axis) for axis, index in enumerate(args[1]) if index is not None)
        return Numbered(compact(first.numbers[tuple(slice(None) if one is None else one for one in args[1])]))
    if kind == "expand_as":
        return Numbered(first.numbers.expand(args[1].numbers.shape))
    if kind in ("pad", "constant_pad_nd"):
        return Numbered(compact(_padded(found, kind, first.numbers, list(args[1:]))))
    if kind in ("select", "unbind", "index_select", "roll", "flip"):
        axes = args[2] if kind == "roll" else args[1] if len(args) > 1 else 0
        found.fixed.extend((first.numbers, axis) for axis in (axes if isinstance(axes, list | tuple) else [axes]))
    # Numbers are expanded, which a view may refuse.
    target = torch.ops.aten.reshape.default if kind in ("view", "_unsafe_view") else target
    results = target(*_asnumbers_of(args), **kwargs)
    if isinstance(results, Tensor):
        return Numbered(compact(results))
    return [Numbered(compact(one)) for one in results]


def _asnumbers_of(args: Any) -> Any:
    if isinstance(args, list | tuple):
        return [_asnumbers_of(one) for one in args]
    return numbers_of(args) if isinstance(args, Numbered | Tensor) else args


def _padded(found: Followed, kind: str, numbers: Tensor, args: list[Any]) -> Tensor:
    widths, mode = args[0], args[1] if kind == "pad" and len(args) > 1 else "constant"
    axes = [numbers.ndim - 1 - place // 2 for place, width in enumerate(widths) if width]
    found.fixed.extend((numbers, axis) for axis in axes)
    if mode == "constant":
        return torch.constant_pad_nd(numbers, list(widths), PADDING)
    return nn.functional.pad(numbers.double(), list(widths), mode=mode).long()


def _pooled(found: Followed, kind: str, numbers: Tensor, shape: Any) -> Numbered:
    axes = int(next(letter for letter in kind if letter.isdigit()))
    gathered = found.gathered(numbers, list(range(numbers.ndim - axes, numbers.ndim)))
    return Numbered(gathered.expand(*numbers.shape[:-axes], *(int(length) for length in shape[-axes:])))


def _reduced(found: Followed, kind: str, given: dict[str, Any]) -> Numbered:
    numbers: Tensor = numbers_of(given["self"] if "self" in given else given["input"])
    axes = given.get("dim")
    axes = (
        list(range(numbers.ndim)) if axes is None or axes == [] else axes if isinstance(axes, list | tuple) else [axes]
    )
    axes = sorted(axis % numbers.ndim for axis in axes)
    if 0 in axes:
        raise Refusal
    gathered = found.gathered(numbers, axes)
    if kind in ("softmax", "log_softmax"):
        return Numbered(gathered.expand(numbers.shape))
    if not given.get("keepdim"):
        for axis in reversed(axes):
            gathered = gathered.narrow(axis, 0, 1).squeeze(axis)
    return Numbered(gathered)

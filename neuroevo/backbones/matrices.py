"""What layers, products and attention do to channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from neuroevo.backbones.numbered import Followed, Numbered, Refusal, numbers_of, pointwise


def _layer(found: Followed, weight: Any, numbers: Tensor, *, groups: int, rows: int, columns: int) -> Tensor:
    """Return the channels that a weight gives, of channels [columns * groups] that it reads."""
    if not isinstance(weight, Numbered) or not weight.parameter:
        raise Refusal
    known = found.weights.get(weight.parameter)
    outputs = found.new_channels(rows) if known is None else known[0]
    if groups == 1:
        inputs = numbers if known is None else known[1]
        found.tie(inputs, numbers)
    else:
        inputs = torch.zeros(columns, dtype=torch.int64)
        members = torch.cat([numbers.reshape(groups, columns), outputs.reshape(groups, -1)], 1)
        found.gathered(members, [1])
    found.weights[weight.parameter] = (outputs, inputs)
    return outputs


def _biased(found: Followed, bias: Any, outputs: Tensor) -> None:
    if isinstance(bias, Numbered):
        found.tie(bias.numbers, outputs)


def convolution(found: Followed, given: dict[str, Any], shape: Any) -> Numbered:
    """Return the numbers of a convolution's result, which has this shape."""
    numbers, weight = numbers_of(given["input"]), given["weight"]
    gathered = found.gathered(numbers, [0, *range(2, numbers.ndim)]).flatten()
    rows, columns = weight.numbers.shape[:2]
    outputs = _layer(found, weight, gathered, groups=given["groups"], rows=rows, columns=columns)
    _biased(found, given["bias"], outputs)
    lengths = [int(length) for length in shape[2:]]
    return Numbered(outputs.reshape(1, -1, *(1 for _ in lengths)).expand(1, -1, *lengths))


def _linear(found: Followed, given: dict[str, Any]) -> Numbered:
    numbers, weight = numbers_of(given["input"]), given["weight"]
    rows, columns = weight.numbers.shape
    if columns > 1 and numbers.stride(-1) == 0 and bool((numbers > 0).any()):
        # It mixes tokens, the same way for each channel.
        found.weights.setdefault(weight.parameter, (torch.zeros(rows).long(), torch.zeros(columns).long()))
        return Numbered(numbers.narrow(-1, 0, 1).expand(*numbers.shape[:-1], rows))
    gathered = found.gathered(numbers, list(range(numbers.ndim - 1))).flatten()
    outputs = _layer(found, weight, gathered, groups=1, rows=rows, columns=columns)
    _biased(found, given["bias"], outputs)
    return Numbered(outputs.expand(*numbers.shape[:-1], rows))


def _normed(found: Followed, given: dict[str, Any]) -> Numbered:
    """Batch norms treat each channel on its own."""
    numbers = numbers_of(given["input"])
    for name in ("weight", "bias"):
        if not isinstance(given[name], Numbered):
            raise Refusal
        found.tie(given[name].numbers.reshape(-1, *(1 for _ in numbers.shape[2:])), numbers)
    return Numbered(numbers)


def _layer_normed(found: Followed, given: dict[str, Any]) -> Numbered:
    numbers, axes = numbers_of(given["input"]), len(given["normalized_shape"])
    found.gathered(numbers, list(range(numbers.ndim - axes, numbers.ndim)))
    for name in ("weight", "bias"):
        if isinstance(given[name], Numbered):
            found.tie(given[name].numbers, numbers)
    return Numbered(numbers)


def _group_normed(found: Followed, given: dict[str, Any]) -> Numbered:
    numbers, groups = numbers_of(given["input"]), given["num_groups"]
    channels = found.gathered(numbers, [0, *range(2, numbers.ndim)]).flatten()
    found.gathered(channels.reshape(groups, -1), [1])
    return _normed(found, given)


def _einsum(found: Followed, given: dict[str, Any]) -> Numbered:
    """Channels that are contracted belong together, and to the channels of the result."""
    inputs, output = given["equation"].replace(" ", "").split("->")
    named = inputs.split(",")
    sizes = {
        letter: length
        for letters, one in zip(named, given["tensors"], strict=True)
        for letter, length in zip(letters, numbers_of(one).shape, strict=True)
    }
    aligned = []
    for letters, one in zip(named, given["tensors"], strict=True):
        gathered = found.gathered(
            numbers_of(one), [axis for axis, letter in enumerate(letters) if letter not in output]
        )
        kept = gathered.permute(
            [letters.index(x) for x in output if x in letters] + [letters.index(x) for x in letters if x not in output]
        )
        kept = kept.reshape(kept.shape[: sum(x in output for x in letters)])
        shape = [sizes[x] if x in letters else 1 for x in output]
        aligned.append(Numbered(kept.reshape(shape).expand([sizes[x] for x in output])))
    return Numbered(pointwise(found, aligned).numbers)


def _matmul(found: Followed, given: dict[str, Any]) -> Numbered:
    one, other = given["self"], given.get("other", given.get("mat2"))
    first, second = numbers_of(one), numbers_of(other)
    if first.ndim < 2 or second.ndim < 2:
        raise Refusal
    rows, columns = found.gathered(first, [first.ndim - 1]), found.gathered(second, [second.ndim - 2])
    leading = torch.broadcast_shapes(first.shape[:-2], second.shape[:-2])
    shape = (*leading, first.shape[-2], second.shape[-1])
    return pointwise(found, [Numbered(rows.expand(shape)), Numbered(columns.expand(shape))])


def _attention(found: Followed, given: dict[str, Any]) -> Numbered:
    query, key, value = (given[name] for name in ("query", "key", "value"))
    scores = _matmul(found, {"self": query, "other": Numbered(key.numbers.transpose(-1, -2))})
    if given.get("attn_mask") is not None:
        scores = pointwise(found, [scores, given["attn_mask"]])
    return _matmul(
        found,
        {
            "self": Numbered(found.gathered(scores.numbers, [scores.numbers.ndim - 1]).expand(scores.numbers.shape)),
            "other": value,
        },
    )


CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")

LAYERS: dict[str, Callable[..., Any]] = {
    "linear": _linear,
    "batch_norm": _normed,
    "layer_norm": _layer_normed,
    "group_norm": _group_normed,
    "einsum": _einsum,
    "matmul": _matmul,
    "bmm": _matmul,
    "mm": _matmul,
    "scaled_dot_product_attention": _attention,
}

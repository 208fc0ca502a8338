"""The operations of ATen that a traced network may have, by what they do to the channels of their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

UNCHANGED = (
    "alias",
    "detach",
    "dropout",
    "feature_dropout",
    "alpha_dropout",
    "feature_alpha_dropout",
    "lift_fresh_copy",
)
"""What is left out. Dropout would draw from the global generator, which nothing here does."""

POINTWISE = (
    *(
        "relu",
        "relu6",
        "hardtanh",
        "hardswish",
        "hardsigmoid",
        "silu",
        "gelu",
        "sigmoid",
        "tanh",
        "elu",
        "selu",
        "celu",
    ),
    *("leaky_relu", "mish", "softplus", "softsign", "log_sigmoid", "exp", "log", "sqrt", "rsqrt", "neg", "abs", "sin"),
    *(
        "cos",
        "erf",
        "square",
        "reciprocal",
        "clamp",
        "clamp_min",
        "clamp_max",
        "clone",
        "contiguous",
        "to",
        "zero",
        "fill",
    ),
    *("add", "sub", "rsub", "mul", "div", "pow", "maximum", "minimum", "where", "masked_fill", "addcmul", "lerp"),
    *("prelu", "eq", "ne", "lt", "le", "gt", "ge", "bitwise_not", "logical_not"),
)
"""Elements at one place after broadcasting are combined."""

MOVING = (
    *("view", "reshape", "_unsafe_view", "flatten", "unflatten", "permute", "transpose", "t", "movedim", "swapaxes"),
    *("unsqueeze", "squeeze", "expand", "expand_as", "repeat", "cat", "concat", "stack", "chunk", "split"),
    *("split_with_sizes", "unbind", "select", "slice", "roll", "flip", "index", "index_select", "pad"),
    *("constant_pad_nd", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "repeat_interleave"),
)
"""Elements get other places."""

REDUCING = ("mean", "sum", "amax", "amin", "var", "std", "linalg_vector_norm", "logsumexp", "softmax", "log_softmax")
"""Elements along some axes are combined."""

POOLING = (
    *(f"{kind}_pool{axes}d" for kind in ("max", "avg", "adaptive_avg", "adaptive_max") for axes in (1, 2, 3)),
    *(f"upsample_{kind}" for kind in ("nearest1d", "nearest2d", "nearest3d", "bilinear2d", "bicubic2d", "linear1d")),
)
"""Elements along the axes of the pixels are combined."""

MATRICES = ("matmul", "bmm", "mm", "einsum", "scaled_dot_product_attention", "linear", "layer_norm")
"""Elements along an axis are combined with each other or with those of another tensor."""

CREATING = ("zeros", "ones", "full", "arange", "new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "cumsum")
"""Constants, which are computed when a network is traced."""

LAYERS = ("convolution", "linear", "batch_norm", "layer_norm", "group_norm")
"""Operations that are modules with tensors of their own."""

OPERATIONS = frozenset({*POINTWISE, *MOVING, *REDUCING, *POOLING, *MATRICES})
"""All that a file may name."""


def base(kind: str) -> str:
    """Return the name of an operation without its overload, and without the mark of those that work in place."""
    name = kind.partition(".")[0]
    return name if name.startswith("_") else name.rstrip("_")


def operation(kind: str) -> Callable[..., Any]:
    """Return the function of an operation, such as `add.Tensor`."""
    name, _, overload = kind.partition(".")
    return getattr(getattr(torch.ops.aten, name), overload)  # type: ignore[no-any-return]

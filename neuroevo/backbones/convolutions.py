"""Common parts of convolutional backbones: convolutions followed by a batch norm, and their layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones.backbone import Network
from neuroevo.backbones.layout import Axes, Layer, Layout


class Convolution(NamedTuple):
    """A convolution without a bias and the batch norm that follows it.

    Attributes:
        name: Its module.
        norm: The norm's module.
        output: The group of its output channels.
        source: The group that it reads; None for the image.
        kernel: Height and width of its kernel.
        stage: The number of its stage, from 1.
        branch: Whether it is on a branch of the main path (see `Layer`).
    """

    name: str
    norm: str
    output: str
    source: str | None
    kernel: int = 3
    stage: int = 1
    branch: bool = False


def chain(stages: Iterable[int]) -> Iterator[Convolution]:
    """Yield consecutive convolutions, `conv1`, `conv2`, ..., each with a group of its own, in these stages."""
    for i, stage in enumerate(stages, start=1):
        yield Convolution(f"conv{i}", f"norm{i}", f"conv{i}", f"conv{i - 1}" if i > 1 else None, stage=stage)


def chain_groups(widths: Iterable[int]) -> dict[str, int]:
    """Return the channel groups of such a chain by name, from input to output."""
    return {f"conv{i}": width for i, width in enumerate(widths, start=1)}


def layout_of(convolutions: Iterable[Convolution], groups: Mapping[str, int], *, channels: int) -> Layout:
    """Return the layout of convolutions, from input to output, over groups and images of `channels` channels."""
    axes: dict[str, Axes] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    stages: dict[int, tuple[Layer, ...]] = {}
    for name, norm, output, source, kernel, stage, branch in convolutions:
        stages[stage] = (*stages.get(stage, ()), Layer((name, norm), branch))
        axes[f"{name}.weight"] = (output, source, None, None)
        shapes[f"{name}.weight"] = (groups[output], groups[source] if source else channels, kernel, kernel)
        for tensor in ("weight", "bias", "running_mean", "running_var"):
            axes[f"{norm}.{tensor}"] = (output,)
            shapes[f"{norm}.{tensor}"] = (groups[output],)
    buffers = frozenset(name for name in axes if ".running_" in name)
    return Layout(groups, axes, shapes, buffers, stages=tuple(stages.values()))


def add_convolutions(
    network: Network, convolutions: Iterable[Convolution], groups: Mapping[str, int], *, channels: int
) -> None:
    """Add to a network the modules of convolutions that keep height and width, each norm after its convolution."""
    for name, norm, output, source, kernel, *_ in convolutions:
        inputs = groups[source] if source else channels
        network.add_module(name, nn.Conv2d(inputs, groups[output], kernel, padding=kernel // 2, bias=False))
        network.add_module(norm, nn.BatchNorm2d(groups[output]))


def pooled_norm(convolution: nn.Conv2d, norm: nn.BatchNorm2d, images: Tensor) -> Tensor:
    """Return images [N, C, H, W] after a convolution, its norm and a 2x2 maximum pooling.

    Inference pools first, to the same bits: a quarter of the numbers is normalised. In each channel a norm by running
    statistics rises with its input if its weight is positive and falls if it is negative. There the kernel, the running
    mean and the weight change their signs, which changes no product but makes it rise.
    """
    if not _may_pool_first(convolution, norm):
        return F.max_pool2d(norm(convolution(images)), 2)
    sign = torch.where(norm.weight < 0, -1.0, 1.0).to(norm.weight.dtype)
    kernel = convolution.weight * sign.view(-1, 1, 1, 1)
    found = F.max_pool2d(F.conv2d(images, kernel, padding=convolution.padding), 2)
    mean = cast(Tensor, norm.running_mean) * sign
    return F.batch_norm(found, mean, norm.running_var, norm.weight * sign, norm.bias, eps=norm.eps)


def _may_pool_first(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> bool:
    """Return whether there are neither gradients, statistics of a batch, nor hooks that would see another order."""
    parts = (convolution, norm)
    watched = any(one._forward_hooks or one._forward_pre_hooks for one in parts)
    plain = all(type(one.weight) in (Tensor, nn.Parameter) for one in parts)
    return torch.is_inference_mode_enabled() and not norm.training and plain and not watched

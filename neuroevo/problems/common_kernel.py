"""The tangent kernel of the weights of common layers, from one backward pass over all images.

A layer's gradient for an image follows from what it reads and from the gradient of what it returns, which an ordinary
backward pass has for each image (Goodfellow 2015, "Efficient Per-Example Gradient Computations", arXiv 1510.01799, for
linear layers; convolutions are linear layers on patches). That is many times faster than a backward pass of each image.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones import Network

TOGETHER = 32
"""Images that patches are cut out of together."""
MOST = 2**26
"""Numbers of gradients that are held at once, unless a single output has more."""


@dataclass(frozen=True)
class Read:
    """What a layer did in a forward and a backward pass.

    Attributes:
        read: What it read, [n, ...].
        gradient: The gradient to what it returned, of the same n images.
    """

    read: Tensor
    gradient: Tensor


def common_kernel(network: Network, images: Tensor, columns: int) -> tuple[Tensor, set[str]]:
    """Return the part of the kernel that common layers have, of gradients of the sum of outputs over their root number.

    Args:
        network: The network, in evaluation mode.
        images: Normalised images [n, ...].
        columns: The number of first images that the kernel is between all images and these.

    Returns:
        The kernel, float32 [n, columns], and the names of the parameters that it is about.
    """
    layers = {name: layer for name, layer in network.named_modules() if type(layer) in KINDS and _is_plain(layer)}
    owners = Counter(id(one) for layer in network.modules() for one in layer.parameters(recurse=False))
    layers = {name: layer for name, layer in layers.items() if all(owners[id(one)] == 1 for one in layer.parameters())}
    reads = _passed(network, layers, images) if layers else {}
    names = {f"{name}.{part}" for name in reads for part, _ in layers[name].named_parameters(recurse=False)}
    kernel = images.new_zeros(len(images), columns)
    for name, read in reads.items():
        kernel += KINDS[type(layers[name])](layers[name], read, columns)
    return kernel, names


def _passed(network: Network, layers: Mapping[str, nn.Module], images: Tensor) -> dict[str, Read]:
    """Return what each layer did that is called once in a forward pass."""
    calls: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in layers}
    with torch.enable_grad(), _listening(layers, calls):
        outputs = network(images.detach().requires_grad_())
        value = outputs.sum() / math.sqrt(outputs.shape[-1])
        once = {name: found[0] for name, found in calls.items() if len(found) == 1}
        outlets = [returned for _, returned in once.values()]
        # What an output does not depend on has gradients of zero.
        gradients = torch.autograd.grad(value, outlets, allow_unused=True, materialize_grads=True)
    return {
        name: Read(read.detach(), gradient) for (name, (read, _)), gradient in zip(once.items(), gradients, strict=True)
    }


@contextmanager
def _listening(layers: Mapping[str, nn.Module], calls: Mapping[str, list[tuple[Tensor, Tensor]]]) -> Iterator[None]:
    def hook(name: str) -> Callable[[nn.Module, Any, Any], Tensor]:
        def heard(layer: nn.Module, given: tuple[Tensor, ...], returned: Tensor) -> Tensor:
            del layer
            calls[name].append((given[0], returned))
            # What follows may change its input in place.
            return returned.clone()

        return heard

    handles = [layer.register_forward_hook(hook(name)) for name, layer in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _linear(layer: nn.Module, found: Read, columns: int) -> Tensor:
    read, gradient = (one.flatten(1, -2) if one.dim() > 2 else one.unsqueeze(1) for one in (found.read, found.gradient))
    kernel = _of_products(gradient.mT, lambda images: read[images], columns)
    return kernel + _gram(gradient.sum(1), columns) if _has_bias(layer) else kernel


def _convolution(layer: nn.Module, found: Read, columns: int) -> Tensor:
    own, gradient = cast(nn.Conv2d, layer), found.gradient.flatten(2)

    def patches(images: slice) -> Tensor:
        padding = cast(tuple[int, int], own.padding)
        return F.unfold(found.read[images], own.kernel_size, own.dilation, padding, own.stride).mT

    kernel = _of_products(gradient, patches, columns)
    return kernel + _gram(gradient.sum(2), columns) if _has_bias(layer) else kernel


def _norm(layer: nn.Module, found: Read, columns: int) -> Tensor:
    own = cast(nn.BatchNorm2d, layer)
    mean, variance = cast(Tensor, own.running_mean), cast(Tensor, own.running_var)
    shape = (1, -1, *[1] * (found.read.dim() - 2))
    read = (found.read - mean.view(shape)) / (variance.view(shape) + own.eps).sqrt()
    weight, bias = (each.reshape(*each.shape[:2], -1).sum(2) for each in (found.gradient * read, found.gradient))
    return _gram(weight, columns) + _gram(bias, columns)


def _of_products(gradient: Tensor, reads: Callable[[slice], Tensor], columns: int) -> Tensor:
    """Return the kernel of the products of gradients [n, O, T] with what was read at T places, [n, T, I]."""
    count, outputs, places = gradient.shape
    width = reads(slice(0, 1)).shape[-1]
    if places**2 * (outputs + width) <= outputs * width:
        # Few places: products of products, which need no gradient of a weight.
        read = reads(slice(0, count)).flatten(0, 1)
        found = gradient.mT.flatten(0, 1)
        both = (read @ read[: columns * places].T) * (found @ found[: columns * places].T)
        return both.view(count, places, columns, places).sum((1, 3))
    kernel = gradient.new_zeros(count, columns)
    step = max(1, min(outputs, MOST // (count * width)))
    rows = gradient.new_empty(count, step, width)
    for first in range(0, outputs, step):
        part = gradient[:, first : first + step]
        held = rows[:, : part.shape[1]]
        for start in range(0, count, TOGETHER):
            images = slice(start, start + TOGETHER)
            torch.matmul(part[images], reads(images), out=held[images])
        kernel += _gram(held.flatten(1), columns)
    return kernel


def _gram(rows: Tensor, columns: int) -> Tensor:
    return rows @ rows[:columns].T


KINDS: Mapping[type[nn.Module], Callable[[nn.Module, Read, int], Tensor]] = {
    nn.Linear: _linear,
    nn.Conv2d: _convolution,
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), _norm),
}
"""The part of the kernel that a layer of a kind has."""


def _has_bias(layer: nn.Module) -> bool:
    return any(name == "bias" for name, _ in layer.named_parameters(recurse=False))


def _is_plain(layer: nn.Module) -> bool:
    """Return whether a layer has weights and no setting beyond what is known here."""
    if isinstance(layer, nn.Conv2d):
        return layer.groups == 1 and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    if isinstance(layer, nn.Linear):
        return True
    norm = cast(nn.BatchNorm2d, layer)
    return norm.affine and norm.track_running_stats

"""Tangent kernel: what training of an heir would reach if it were linear in the weights."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from neuroevo.backbones import Network
from neuroevo.budget import Budget
from neuroevo.data.tasks import unseen_per_class
from neuroevo.execution.cost import PASSES, multiply_adds
from neuroevo.problems.common_kernel import common_kernel
from neuroevo.problems.untrained import Heir, Untrained

RIDGE = 1e-2
"""Ridge of the regression, in units of the kernel's mean diagonal; ours."""
TOGETHER = 32
"""Images whose gradients are computed together."""
MOST = 2**26
"""Numbers of gradients that are held at once, unless a single tensor has more."""


@dataclass(frozen=True, kw_only=True)
class TangentKernel(Untrained):
    """Scores an individual by regression with the pseudo neural tangent kernel of an untrained heir.

    That is the accuracy which training by gradients reaches as far as the network is linear in its weights, in closed
    form. Batch norms have the means and variances of the task's training images. Of the scores that were tried it
    agrees best with what descendants reach (`python -m neuroevo.benchmarks.agreement`), at the price of four forward
    passes of each image. For its attributes see `Untrained`.

    Source: Mohamadi, Bae and Sutherland, A Fast, Well-Founded Approximation to the Empirical Neural Tangent Kernel
    (2023, arXiv 2206.12543): gradients of the sum of outputs.
    """

    test_per_class: int = 20
    tasks: int = 1
    purpose: str = "tangent kernel"

    @property
    def budget(self) -> Budget:
        """The cost of scoring one individual: no gradient step, but a gradient for each image."""
        shots = self.ways * self.shots
        tested = self.ways * unseen_per_class(self.images, shots=self.shots, wanted=self.test_per_class)
        forward = multiply_adds(self.setup.backbone, tuple(self.images.images.shape[1:]), self.ways)
        return Budget(multiply_adds=self.tasks * (PASSES * (shots + tested) + shots) * forward)

    def measure(self, heir: Heir) -> Tensor:
        """Return the accuracy of kernel ridge regression onto the classes."""
        renew(heir.network, heir.train)
        return linearly_trained(heir, self.ways)


def linearly_trained(heir: Heir, classes: int) -> Tensor:
    """Return the accuracy of kernel ridge regression with the tangent kernel; NaN if a gradient is not finite."""
    count = len(heir.train)
    kernel = tangent_kernel(heir.network, torch.cat([heir.train, heir.test]), count)
    if not bool(kernel.isfinite().all()):
        return kernel.new_tensor(torch.nan)
    return heir.accuracy(regressed(kernel[:count], kernel[count:], heir.train_labels, classes))


@torch.no_grad()
def renew(network: nn.Module, images: Tensor) -> None:
    """Give every batch norm of a network the means and variances of some images, and leave it in evaluation mode."""
    norms = [one for one in network.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)]
    momenta = [one.momentum for one in norms]
    network.eval()
    for one in norms:
        one.momentum = 1.0
        one.train()
    network(images)
    network.eval()
    for one, momentum in zip(norms, momenta, strict=True):
        one.momentum = momentum


def tangent_kernel(network: Network, images: Tensor, columns: int) -> Tensor:
    """Return the kernel between images [n, ...] and the first of them, float32 [n, columns].

    Args:
        network: The network, in evaluation mode.
        images: Normalised images.
        columns: The number of first images.
    """
    kernel, known = common_kernel(network, images, columns)
    for names in _blocks(network, len(images), known):
        rows = gradients(network, names, images)
        kernel += rows @ rows[:columns].T
    return kernel


def gradients(network: Network, names: list[str], images: Tensor) -> Tensor:
    """Return the gradients of the sum of outputs, over the root of their number, to some tensors, [n, D]."""
    # One name for weights that several layers share.
    tensors = {name: one.detach() for name, one in (*network.named_parameters(), *network.named_buffers())}
    chosen = {name: tensors.pop(name) for name in names}

    def value(parameters: dict[str, Tensor], image: Tensor) -> Tensor:
        outputs: Tensor = functional_call(network, {**tensors, **parameters}, (image.unsqueeze(0),))
        return outputs.sum() / math.sqrt(outputs.shape[-1])

    # Attention is computed as products of matrices: its own kernels can't be mapped over images.
    with sdpa_kernel(SDPBackend.MATH):
        rows = vmap(grad(value), in_dims=(None, 0), chunk_size=TOGETHER)(chosen, images)
    return torch.cat([one.flatten(1) for one in rows.values()], 1)


def regressed(kernel: Tensor, across: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the scores [m, k] of kernel ridge regression onto centred one-hot labels.

    Args:
        kernel: Kernel of the training images, [n, n].
        across: Kernel between test and training images, [m, n].
        labels: Labels of the training images, int64 [n].
        classes: The number of classes, k.
    """
    targets = F.one_hot(labels, classes).to(kernel)
    ridge = RIDGE * kernel.diagonal().mean() * torch.eye(len(kernel), device=kernel.device)
    solution: Tensor = torch.linalg.solve(kernel + ridge, targets - targets.mean(0))
    return across @ solution


def _blocks(network: Network, images: int, known: Collection[str]) -> Iterator[list[str]]:
    """Yield names of parameters whose gradients are held at once, but for those whose gradients are known."""
    block: list[str] = []
    held = 0
    for name, one in network.named_parameters():
        if name in known:
            continue
        if block and held + images * one.numel() > MOST:
            yield block
            block, held = [], 0
        block.append(name)
        held += images * one.numel()
    if block:
        yield block

"""Training of populations as one would write it first in plain PyTorch, to compare the library with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from neuroevo.execution import Recipe


def loop(networks: Sequence[nn.Module], images: Tensor, labels: Tensor, recipe: Recipe) -> None:
    """Train one network after the other in place.

    Args:
        networks: P networks.
        images: [updates, P, N, C, H, W], float32.
        labels: [updates, P, N].
        recipe: SGD.
    """
    for number, network in enumerate(networks):
        network.train()
        optimizer = torch.optim.SGD(
            network.parameters(), momentum=recipe.momentum, weight_decay=recipe.weight_decay, foreach=True
        )
        for some, answers, rate in zip(images[:, number], labels[:, number], recipe.rates(), strict=True):
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            F.cross_entropy(network(some), answers).backward()
            optimizer.step()


def mapped(networks: Sequence[nn.Module], images: Tensor, labels: Tensor, recipe: Recipe) -> None:
    """Train all networks together in place, as `torch.func`'s tutorial on ensembles does: `vmap` of `grad`.

    Args:
        networks: P networks of one structure.
        images: [updates, P, N, C, H, W], float32.
        labels: [updates, P, N].
        recipe: SGD.
    """
    module = networks[0].train()
    weights, buffers = (
        {name: torch.stack([dict(each)[name].detach() for each in states]) for name, _ in states[0]}
        for states in (
            [[*network.named_parameters()] for network in networks],
            [[*network.named_buffers()] for network in networks],
        )
    )

    def loss(own: dict[str, Tensor], statistics: dict[str, Tensor], some: Tensor, answers: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(module, {**own, **statistics}, (some,)), answers)

    gradients = vmap(grad(loss))
    velocities = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    for some, answers, rate in zip(images, labels, recipe.rates(), strict=True):
        for name, gradient in gradients(weights, buffers, some, answers).items():
            velocities[name].mul_(recipe.momentum).add_(gradient).add_(weights[name], alpha=recipe.weight_decay)
            weights[name].sub_(velocities[name], alpha=rate)
    with torch.no_grad():
        for number, network in enumerate(networks):
            for name, parameter in network.named_parameters():
                parameter.copy_(weights[name][number])

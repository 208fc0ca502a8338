"""Training of populations as one would write it by hand for these very networks, to compare the library with.

Each takes what the library takes: the same weights, images, orders and rates. Both keep everything that they need in
memory that is allocated once, where that is faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor
from torch.nn import functional as F


class Perceptrons:
    """P perceptrons that are trained by plain SGD: batched products, the backward pass by hand, updates fused into it.

    Args:
        weights: For each layer [P, O, I], float32; they are trained in place.
        biases: For each layer [P, O].
    """

    def __init__(self, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
        self.weights, self.biases = weights, biases

    @torch.no_grad()
    def step(self, images: Tensor, labels: Tensor, rate: float) -> None:
        """Make one update on images [P, N, I] with labels [P, N]."""
        inputs = [images]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            if len(inputs) > 1:
                inputs[-1].relu_()
            inputs.append(torch.baddbmm(bias.unsqueeze(1), inputs[-1], weight.mT))
        gradient = inputs.pop().softmax(2)
        gradient.scatter_add_(2, labels.unsqueeze(2), gradient.new_full((*labels.shape, 1), -1.0))
        gradient.div_(labels.shape[1])
        for weight, bias, values in zip(*map(reversed, (self.weights, self.biases, inputs)), strict=True):
            before = torch.bmm(gradient, weight).masked_fill_(values <= 0, 0) if values is not images else gradient
            weight.baddbmm_(gradient.mT, values, alpha=-rate)
            bias.sub_(gradient.sum(1), alpha=rate)
            gradient = before


class ConvNets:
    """P networks of four blocks (convolution, batch norm, pooling, ReLU) that are trained by SGD with momentum.

    One network after the other on each of several threads, with channels last from the first layer on.

    Args:
        states: For each network its weights, by the names of `neuroevo.backbones.ConvNet4`; trained in place.
        momentum: Momentum.
        decay: Weight decay.
    """

    def __init__(self, states: Sequence[dict[str, Tensor]], *, momentum: float, decay: float) -> None:
        self.states = [{name: _last(tensor) for name, tensor in state.items()} for state in states]
        self.optimizers = [
            torch.optim.SGD(
                [tensor.requires_grad_() for name, tensor in state.items() if "running" not in name],
                momentum=momentum,
                weight_decay=decay,
                fused=True,
            )
            for state in self.states
        ]

    def steps(
        self, images: Sequence[Sequence[Tensor]], labels: Sequence[Tensor], rates: Sequence[float], *, threads: int
    ) -> None:
        """Make an update at each rate.

        Args:
            images: For each network [updates, N, C, H, W], float32 with channels last.
            labels: For each network [updates, N].
            rates: Learning rates.
            threads: Networks that are trained side by side, each with one torch thread.
        """

        def train(number: int) -> None:
            for some, answers, rate in zip(images[number], labels[number], rates, strict=True):
                self._step(number, some, answers, rate)

        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                list(pool.map(train, range(len(self.states))))
        finally:
            torch.set_num_threads(before)

    def _step(self, number: int, images: Tensor, labels: Tensor, rate: float) -> None:
        own, optimizer = self.states[number], self.optimizers[number]
        for i in range(1, 5):
            images = F.conv2d(images, own[f"conv{i}.weight"], padding=1)
            statistics = (own[f"norm{i}.running_mean"], own[f"norm{i}.running_var"])
            images = F.batch_norm(images, *statistics, own[f"norm{i}.weight"], own[f"norm{i}.bias"], training=True)
            images = F.relu_(F.max_pool2d(images, 2))
        loss = F.cross_entropy(F.linear(images.mean((2, 3)), own["head.weight"], own["head.bias"]), labels)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def _last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor

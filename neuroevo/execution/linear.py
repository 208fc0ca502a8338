"""Linear layers of many networks as one batched matrix product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

Rate = Callable[[], float]
"""Returns the learning rate of the current update."""


class StackedLinear(nn.Module):
    """The linear layers of P networks, in place of one of them.

    Its input is that of one layer with the batches of all networks concatenated, [P * N, ..., I]. So a network that
    treats images independently computes P networks at once when each of its linear layers is replaced.

    The gradient of the weights goes into a buffer that is reused in each update (fresh memory is slow). With a `rate`
    weights and biases are updated in the backward pass instead, and their gradients stay None.

    Args:
        layers: Linear layers of equal shape, with or without bias.
        rate: If given, the backward pass subtracts this rate times the gradients.
    """

    def __init__(self, layers: Sequence[nn.Linear], rate: Rate | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
        has_bias = layers[0].bias is not None
        self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers])) if has_bias else None
        self.rate = rate
        self.gradient = torch.empty_like(self.weight) if rate is None else None

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs [P * N, ..., O] of inputs [P * N, ..., I]."""
        count, _, width = self.weight.shape
        grouped = inputs.reshape(count, -1, width)
        outputs = cast(Tensor, _Product.apply(grouped, self.weight, self.bias, self))
        return outputs.reshape(*inputs.shape[:-1], -1)


class _Product(torch.autograd.Function):
    """Inputs [P, M, I] times weights [P, O, I] plus biases [P, O]."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None, layer: StackedLinear) -> Tensor:
        # Saved properly, so that weights that are used twice in a pass and changed in between are noticed.
        ctx.save_for_backward(inputs, weight)
        ctx.layer = layer
        if bias is None:
            return torch.bmm(inputs, weight.mT)
        return torch.baddbmm(bias.unsqueeze(1), inputs, weight.mT)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, Tensor | None, None]:
        inputs, weight = ctx.saved_tensors
        outputs = gradients[0]
        to_inputs, to_weight, to_bias, _ = ctx.needs_input_grad
        of_inputs = torch.bmm(outputs, weight) if to_inputs else None
        of_bias = outputs.sum(1) if to_bias else None
        if ctx.layer.rate is not None:
            rate = ctx.layer.rate()
            if to_weight:
                weight.baddbmm_(outputs.mT, inputs, alpha=-rate)
            if of_bias is not None:
                ctx.layer.bias.sub_(of_bias, alpha=rate)
            return of_inputs, None, None, None
        if to_weight:
            _accumulate(ctx.layer, weight, outputs, inputs)
        return of_inputs, None, of_bias, None


def _accumulate(layer: StackedLinear, weight: Tensor, outputs: Tensor, inputs: Tensor) -> None:
    if weight.grad is None:
        weight.grad = torch.bmm(outputs.mT, inputs, out=layer.gradient)
    else:
        weight.grad.baddbmm_(outputs.mT, inputs)

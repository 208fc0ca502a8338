"""The loop over the updates of a training run, whatever the number of networks in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from neuroevo.execution.cuda import Graph
from neuroevo.execution.training import Recipe, Training
from neuroevo.execution.uncompiled import SGD, AdamW
from neuroevo.execution.watching import updated

SECOND_MOMENT = 0.999
"""Decay rate of AdamW's second moment, beta2 of Kingma and Ba 2014 (arXiv 1412.6980)."""

Losses = Callable[[Tensor, Tensor], Tensor]
"""Takes rows of images and labels of one update, [N] or [P, N], and returns the loss of each network, [] or [P]."""


def descend(
    training: Training,
    optimizer: torch.optim.Optimizer,
    losses: Losses,
    batches: tuple[Tensor, Tensor],
    *,
    zeros: Sequence[tuple[Tensor, Tensor]],
    kept: Iterable[Tensor],
    measure: Callable[[], Tensor],
) -> tuple[list[Tensor], Tensor]:
    """Run the updates of a training run, or of several alike, and return the measurements and the last loss.

    Nothing here waits for the device. On a GPU an update is captured once as a graph and then replayed.

    Args:
        training: The run; only its recipe and its `measure_at` are used.
        optimizer: Updates the parameters.
        losses: Returns the loss of each network; their sum is minimised.
        batches: Rows and labels of all updates, [updates, ...].
        zeros: Parameters with masks of the elements that stay zero.
        kept: All tensors that an update changes.
        measure: Called before the updates of `measure_at`.
    """

    def step(rows: Tensor, labels: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        each = losses(rows, labels)
        each.sum().backward()
        optimizer.step()
        for parameter, mask in zeros:
            parameter.data.masked_fill_(mask, 0)
        return each.detach()

    rows, labels = batches
    # Augmentation draws on the host, which a graph can't capture.
    if rows.device.type == "cuda" and len(rows) and training.augment is None:
        step = Graph(step, rows[0], labels[0], kept=[*kept], optimizer=optimizer)
    measured, last = {}, torch.tensor(torch.nan)
    for update, rate in enumerate(training.recipe.rates()):
        if update in training.measure_at:
            measured[update] = measure()
        set_rate(optimizer, rate)
        last = step(rows[update], labels[update])
        updated(last.numel())
    if training.recipe.updates in training.measure_at:
        measured[training.recipe.updates] = measure()
    return [measured[update] for update in training.measure_at], last


def optimizer_of(parameters: Iterable[Tensor], recipe: Recipe) -> torch.optim.Optimizer:
    """Return the optimiser of a recipe, which updates all parameters, of one network or of many, in one call."""
    parameters = list(parameters)
    device, decay = parameters[0].device, recipe.weight_decay
    # A graph reads its learning rate from memory.
    rate = torch.zeros((), device=device) if device.type == "cuda" else recipe.learning_rate
    if recipe.optimizer == "adamw":
        betas = (recipe.momentum, SECOND_MOMENT)
        captured = device.type == "cuda"
        return AdamW(parameters, lr=rate, betas=betas, weight_decay=decay, fused=True, capturable=captured)
    return SGD(parameters, lr=rate, momentum=recipe.momentum, weight_decay=decay, fused=True)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate

"""The stacked mode: networks of one structure are trained together, as one network of stacked tensors [P, ...].

If only linear layers have weights, one network runs on the concatenated batches of all networks, and its linear layers
are batched matrix products (`Merged`). Any other network, and any with a loss of its own, runs under `torch.func.vmap`
(`Mapped`), which turns convolutions into grouped convolutions; batch norms have statistics for each network. The
gradient of the sum of all losses contains the gradient of each network, so that one fused optimiser updates all.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from neuroevo.backbones import Network
from neuroevo.execution.descent import descend, optimizer_of
from neuroevo.execution.functional import shares_parameters
from neuroevo.execution.independence import FEW, rows_are_independent
from neuroevo.execution.linear import Rate, StackedLinear
from neuroevo.execution.precision import FLOAT32, Precision, computing
from neuroevo.execution.training import (
    EVALUATION_BATCH,
    Loss,
    Outcome,
    Training,
    cross_entropy,
    in_evaluation,
    in_training,
    read,
)


class Stack(Protocol):
    """P networks as one.

    Attributes:
        module: Its layers, whose training or evaluation mode counts.
        tensors: Everything in the networks' state, by name, [P, *shape].
    """

    module: nn.Module
    tensors: Mapping[str, Tensor]

    def __call__(self, images: Tensor) -> Tensor:
        """Return the logits [P, N, K] of images [P, N, C, H, W]."""

    def losses(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the losses [P] for images [P, N, C, H, W] with labels [P, N]."""


class Merged:
    """Networks of linear layers: one runs on the concatenated batches of all, with `StackedLinear` for its layers.

    Their loss is the cross-entropy.
    """

    def __init__(self, networks: Sequence[Network], rate: Rate | None = None) -> None:
        self.module: nn.Module = copy.deepcopy(networks[0])
        for name in _linear_layers(self.module):
            layers = [cast(nn.Linear, one.get_submodule(name)) for one in networks]
            self.module.set_submodule(name, StackedLinear(layers, rate))
        self.tensors: Mapping[str, Tensor] = dict(self.module.named_parameters())

    def __call__(self, images: Tensor) -> Tensor:
        """Return the logits [P, N, K] of images [P, N, C, H, W]."""
        return cast(Tensor, self.module(images.flatten(0, 1)).unflatten(0, images.shape[:2]))

    def losses(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the losses [P] for images [P, N, C, H, W] with labels [P, N]."""
        each = F.cross_entropy(self(images).flatten(0, 1), labels.flatten(), reduction="none")
        return each.reshape(labels.shape).mean(1)


class Mapped:
    """Any networks with any loss: one under `torch.func.vmap`.

    Args:
        networks: Networks of one structure.
        losses: The loss of each network, all of one kind; losses that are dataclasses may hold their own tensors.
        compiled: Whether the forward pass with the loss is compiled by `torch.compile`.
    """

    def __init__(self, networks: Sequence[Network], losses: Sequence[Loss], *, compiled: bool = False) -> None:
        self.module: nn.Module = copy.deepcopy(networks[0])
        self.objective = _Objective(self.module)
        self.loss = losses[0]
        device = next(self.module.parameters()).device
        self.held = {
            name: torch.stack([_tensors(loss)[name] for loss in losses]).to(device) for name in _tensors(self.loss)
        }
        states = [one.state_dict() for one in networks]
        self.tensors: Mapping[str, Tensor] = {
            name: torch.stack([state[name] for state in states]) for name in states[0]
        }
        for name, _ in self.module.named_parameters():
            self.tensors[name].requires_grad_()
        each = vmap(self._one)
        self.each = torch.compile(each) if compiled else each

    def __call__(self, images: Tensor) -> Tensor:
        """Return the logits [P, N, K] of images [P, N, C, H, W]."""
        return cast(Tensor, vmap(partial(functional_call, self.module))(dict(self.tensors), images))

    def losses(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the losses [P] for images [P, N, C, H, W] with labels [P, N]."""
        found: Tensor = self.each(dict(self.tensors), self.held, images, labels)
        return found

    def _one(self, tensors: dict[str, Tensor], held: dict[str, Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of one network."""
        loss = replace(cast(Any, self.loss), **held) if held else self.loss
        own = {f"network.{name}": tensor for name, tensor in tensors.items()}
        return cast(Tensor, functional_call(self.objective, own, (loss, images, labels)))


class _Objective(nn.Module):
    """A network's loss as a module, for `functional_call`."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, loss: Loss, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss for images [N, C, H, W] with labels [N]."""
        return loss(cast(Network, self.network), images, labels)


def train_stacked(
    trainings: Sequence[Training], *, precision: Precision = FLOAT32, compiled: bool = False
) -> list[Outcome]:
    """Train networks of one structure (see `structure`) in place, all in one pass, and return their outcomes.

    The networks are written to only at the end: a failure leaves them unchanged, but not their generators.

    Args:
        trainings: Runs that agree in their `structure`.
        precision: The precision of forward passes.
        compiled: Whether the forward pass is compiled by `torch.compile`.

    Raises:
        RuntimeError, NotImplementedError, ValueError, TypeError: The network can't be stacked.
    """
    first, device = trainings[0], trainings[0].task.train.device
    networks = [training.network for training in trainings]
    if shares_parameters(first.network):
        # Its places would be stacked, and learn, each on its own.
        raise TypeError("a parameter stands in several places")

    def rate() -> float:
        return cast(float, optimizer.param_groups[0]["lr"])

    stack: Stack
    usual = first.loss is cross_entropy and precision == FLOAT32 and not compiled
    if usual and is_linear(first.network) and _can_be_merged(first):
        plain = device.type == "cpu" and first.recipe.is_plain
        stack = Merged(networks, rate if plain else None)
    else:
        stack = Mapped(networks, [training.loss for training in trainings], compiled=compiled)
    free = {name: stack.tensors[name] for name in first.free_parameters()}
    for name in first.frozen:
        stack.tensors[name].requires_grad_(False)
    optimizer = optimizer_of(free.values(), first.recipe)

    def losses(rows: Tensor, labels: Tensor) -> Tensor:
        images = _augmented(trainings, _images(trainings, rows))
        with computing(precision, device):
            return stack.losses(_pixels(first, images), labels)

    def measure() -> Tensor:
        with computing(precision, device):
            return _correct_answers(stack, trainings)

    with in_training(stack.module, first.frozen):
        measured, last = descend(
            first,
            optimizer,
            losses,
            _batches(trainings),
            zeros=_zeros(trainings, free),
            kept=[*stack.tensors.values()],
            measure=measure,
        )
    _write_back(stack, trainings)
    # Only here does the host wait for the device.
    rows = torch.stack([*measured, last.to(device).expand(len(trainings))], 1).tolist()
    return [Outcome(tuple(count / len(first.task.test) for count in counts), loss) for *counts, loss in rows]


def structure(training: Training) -> tuple[object, ...]:
    """Return what networks must have in common to be trained together: layers, shapes, recipe, sizes, options."""
    network, task = training.network, training.task
    return (
        type(network),
        repr(network),
        tuple((name, tensor.shape, tensor.dtype, tensor.device) for name, tensor in network.state_dict().items()),
        training.recipe,
        training.pixels,
        task.source.images.shape[1:],
        min(training.recipe.batch, len(task.train)),
        len(task.test),
        training.measure_at,
        training.frozen,
        frozenset(training.zero),
        training.augment is None,
        _kind(training.loss),
    )


def _kind(loss: object) -> object:
    """Return what losses must have in common to be minimised together: all but the values of their tensors."""
    if not is_dataclass(loss):
        return loss
    shapes = {name: tensor.shape for name, tensor in _tensors(loss).items()}
    others = {field.name: repr(getattr(loss, field.name)) for field in fields(loss) if field.name not in shapes}
    return type(loss), tuple(shapes.items()), tuple(others.items())


def _tensors(loss: object) -> dict[str, Tensor]:
    """Return the tensors that a loss holds, if it is a dataclass."""
    if not is_dataclass(loss):
        return {}
    parts = {field.name: getattr(loss, field.name) for field in fields(loss)}
    return {name: part for name, part in parts.items() if isinstance(part, Tensor)}


def is_linear(network: nn.Module) -> bool:
    """Return whether all of a network's tensors belong to linear layers."""
    layers = [f"{name}." for name in _linear_layers(network)]
    return all(name.startswith(tuple(layers)) for name in network.state_dict())


def _can_be_merged(training: Training) -> bool:
    """Return whether a network's images do not affect each other, so that those of several networks don't, either."""
    network = copy.deepcopy(training.network).eval()
    images = training.pixels(read(training.task.source.images, training.task.train[:FEW]))
    return rows_are_independent(network, getattr(network, "features", network), images)


def _linear_layers(network: nn.Module) -> list[str]:
    return [name for name, module in network.named_modules() if type(module) is nn.Linear]


def _batches(trainings: Sequence[Training]) -> tuple[Tensor, Tensor]:
    """Draw the orders of the images: return the rows and the labels of each update, int64 [updates, P, N]."""
    rows, labels = zip(*(training.batches() for training in trainings), strict=True)
    return torch.stack(rows, 1), torch.stack(labels, 1)


def _images(trainings: Sequence[Training], rows: Tensor) -> Tensor:
    """Return the images [P, N, C, H, W] uint8 of rows [P, N]; from one source they are read in one go."""
    source = trainings[0].task.source
    if all(training.task.source is source for training in trainings):
        return read(source.images, rows)
    return torch.stack([read(one.task.source.images, each) for one, each in zip(trainings, rows, strict=True)])


def _augmented(trainings: Sequence[Training], images: Tensor) -> Tensor:
    """Return images [P, N, C, H, W], augmented by each network's own augmentation and generator."""
    augments = [training.augment for training in trainings]
    draws = [training.generator for training in trainings]
    parts = [augment(part, draw) for augment, part, draw in zip(augments, images, draws, strict=True) if augment]
    return torch.stack(parts) if parts else images


def _pixels(training: Training, images: Tensor) -> Tensor:
    floats: Tensor = training.pixels(images.flatten(0, 1)).unflatten(0, images.shape[:2])
    return floats


def _zeros(trainings: Sequence[Training], free: Mapping[str, Tensor]) -> list[tuple[Tensor, Tensor]]:
    names = [name for name in trainings[0].zero if name in free]
    masks = {name: torch.stack([training.zero[name] for training in trainings]) for name in names}
    return [(free[name], mask.to(free[name].device)) for name, mask in masks.items()]


@torch.no_grad()
def _correct_answers(stack: Stack, trainings: Sequence[Training]) -> Tensor:
    """Return how many test images each network gets right, float32 [P]; NaN where an output is not finite."""
    rows = torch.stack([training.task.test for training in trainings])
    labels = torch.stack([training.task.test_labels for training in trainings])
    count = torch.zeros(len(trainings), device=rows.device)
    with in_evaluation(stack.module):
        for some, answers in zip(rows.split(EVALUATION_BATCH, 1), labels.split(EVALUATION_BATCH, 1), strict=True):
            logits = stack(_pixels(trainings[0], _images(trainings, some)))
            right = (logits.argmax(2) == answers).sum(1)
            count += torch.where(logits.isfinite().flatten(1).all(1), right, torch.nan)
    return count


@torch.no_grad()
def _write_back(stack: Stack, trainings: Sequence[Training]) -> None:
    for number, training in enumerate(trainings):
        training.network.train()
        for name, tensor in training.network.state_dict().items():
            tensor.copy_(stack.tensors[name][number])

"""One training run: its recipe, its data on the device, its outcome."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones import Network
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import Task
from neuroevo.spelling import listed

EVALUATION_BATCH = 256

Optimizer = Literal["sgd", "adamw"]

Loss = Callable[[Network, Tensor, Tensor], Tensor]
"""Takes a network in training mode, images [N, C, H, W] float32 and labels [N], and returns the loss, a scalar.

Networks with losses of one kind can be stacked: one function, or dataclasses that differ in their tensors only.
"""

Augment = Callable[[Tensor, torch.Generator], Tensor]
"""Takes an update's images [N, C, H, W] uint8 and a generator on the CPU, and returns new ones of equal shape."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained: SGD with momentum, or AdamW, under a one-cycle learning rate.

    Attributes:
        updates: Updates; 0 trains nothing.
        batch: Images per update.
        learning_rate: The cycle's highest rate.
        momentum: Momentum of SGD or beta1 of AdamW, constant.
        weight_decay: Decay of all parameters: added to the gradient (L2) by SGD, decoupled from it by AdamW.
        optimizer: "sgd" or "adamw" (Loshchilov and Hutter 2017, arXiv 1711.05101); without decay that is Adam.
        cycle: Updates of the whole cycle, if several trainings share one; default `updates`.
        begin: Updates of the cycle before this training.
    """

    updates: int
    batch: int = 64
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 0.0005
    optimizer: Optimizer = "sgd"
    cycle: int | None = None
    begin: int = 0

    def __post_init__(self) -> None:
        if self.updates < 0 or self.batch < 1:
            raise ValueError(
                f"updates must be at least 0 and batch at least 1, but they are {self.updates} and {self.batch}."
            )
        if not (self.learning_rate > 0 and 0 <= self.momentum < 1 and self.weight_decay >= 0):
            raise ValueError(
                "learning_rate must be above 0, momentum in [0, 1) and weight_decay at least 0, but they are "
                f"{self.learning_rate}, {self.momentum} and {self.weight_decay}."
            )
        if self.optimizer not in get_args(Optimizer):
            raise ValueError(
                f"optimizer must be one of {', '.join(get_args(Optimizer))}, but it is {self.optimizer!r}."
            )
        if not 0 <= self.begin <= self.begin + self.updates <= self._whole:
            raise ValueError(
                f"cycle must have room for {self.updates} updates after the {self.begin} of begin, but it has "
                f"{self.cycle}."
            )

    def part(self, number: int, *, of: int) -> Recipe:
        """Return the recipe of one of `of` successive trainings that share one cycle; after the last it begins anew.

        Args:
            number: Number of earlier trainings.
            of: Trainings in a cycle, at least 1.
        """
        return replace(self, cycle=of * self.updates, begin=number % of * self.updates)

    @property
    def is_plain(self) -> bool:
        """Whether an update only subtracts the gradient times the rate."""
        return self.optimizer == "sgd" and self.momentum == 0 and self.weight_decay == 0

    def rates(self) -> list[float]:
        """Return the learning rate of each update: a cosine rise over the first 30 %, then a cosine fall.

        The cycle is that of Smith and Topin 2018 (arXiv 1708.07120), with the start at 1/25 of the highest rate.
        """
        low, rise = self.learning_rate / 25, max(1, round(0.3 * self._whole))
        rates = []
        for update in range(self.begin, self.begin + self.updates):
            start, end, part = (
                (low, self.learning_rate, update / rise)
                if update < rise
                else (self.learning_rate, 0.0, (update - rise) / max(1, self._whole - rise))
            )
            rates.append(end + (start - end) * (1 + math.cos(math.pi * part)) / 2)
        return rates

    @property
    def _whole(self) -> int:
        return self.updates if self.cycle is None else self.cycle


@dataclass(frozen=True)
class Pixels:
    """Turns images or other examples into normalised float32 ones.

    Attributes:
        mean: Mean per channel; for uint8 in units of the full range.
        std: Standard deviation per channel, likewise.
        augment: Augmentation of training images, before normalisation; not called here.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    augment: Augment | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> Pixels:
        """Return the normalisation by the ancestry classes of a data set, and its augmentation."""
        return cls(dataset.mean, dataset.std, dataset.augmentation)

    def __call__(self, images: Tensor) -> Tensor:
        """Return examples [N, C, ...] uint8 or float32 as float32, normalised; images have channels last in memory."""
        unit = 255 if images.dtype == torch.uint8 else 1
        mean, scale = _affine(self.mean, self.std, unit, images.ndim - 2, images.device)
        return channels_last(images.to(torch.float32, copy=True).sub_(mean).mul_(scale))


def channels_last(tensor: Tensor) -> Tensor:
    """Return images [N, C, H, W] or kernels [O, I, h, w] with channels last in memory; anything else as it is."""
    if tensor.dim() != 4:
        return tensor
    if tensor.shape[1] > 1:
        return tensor.contiguous(memory_format=torch.channels_last)
    # With one channel both layouts are the same memory, and only the strides show convolutions which is meant.
    height, width = tensor.shape[2:]
    return tensor.contiguous().as_strided(tensor.shape, (height * width, 1, width, 1))


@lru_cache(maxsize=64)
def _affine(
    mean: tuple[float, ...], std: tuple[float, ...], unit: int, places: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return mean and reciprocal deviation [C, 1, ...] in these units; made once, because each copy stalls a GPU.

    Args:
        mean: Mean per channel.
        std: Standard deviation per channel.
        unit: What 1 stands for in the examples: 255 for uint8.
        places: Axes after the channels.
        device: Where the tensors live.
    """
    shape = (-1, *[1] * places)
    with torch.inference_mode(False):
        offset = torch.tensor(mean, device=device).mul_(unit).reshape(shape)
        return offset, torch.tensor(std, device=device).mul_(unit).reciprocal_().reshape(shape)


def cross_entropy(network: Network, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of a network's logits for images [N, C, H, W] with labels [N], in nats."""
    return F.cross_entropy(network(images), labels)


@dataclass(frozen=True, kw_only=True)
class Training:
    """One network's training run: its task, its recipe and when it is measured.

    Attributes:
        network: The network, on the device; it is trained in place.
        task: Training and test images.
        pixels: The normalisation of the images.
        recipe: How it is trained.
        generator: Draws the order of the images, and then the augmentation, update by update.
        zero: Tensors that keep zeros under these masks throughout (isolation).
        measure_at: Numbers of updates after which the test accuracy is measured, ascending.
        loss: What training minimises.
        frozen: Names of parameters and buffers that are not changed. A layer with a frozen buffer runs in evaluation
            mode: a batch norm uses its running statistics.
        augment: Changes the images of each update before they are normalised; test images stay as they are.
    """

    network: Network
    task: Task
    pixels: Pixels
    recipe: Recipe
    generator: torch.Generator
    zero: Mapping[str, Tensor] = field(default_factory=dict)
    measure_at: tuple[int, ...] = ()
    loss: Loss = cross_entropy
    frozen: frozenset[str] = frozenset()
    augment: Augment | None = None

    def __post_init__(self) -> None:
        if any(not 0 <= update <= self.recipe.updates for update in self.measure_at):
            raise ValueError(
                f"measure_at must lie between 0 and {self.recipe.updates} updates, but it is {self.measure_at}."
            )
        if self.measure_at and not len(self.task.test):
            raise ValueError(f"measure_at = {self.measure_at} needs test images, but the task has none.")
        if unknown := sorted(self.frozen - self.network.state_dict().keys()):
            raise ValueError(f"frozen must name tensors of the network, but it has no {listed(unknown)}.")
        if self.recipe.updates and not self.free_parameters():
            raise ValueError("frozen must leave a parameter to be trained, but it names all of them.")

    def free_parameters(self) -> dict[str, Tensor]:
        """Return the parameters that are trained, by name."""
        return {name: tensor for name, tensor in self.network.named_parameters() if name not in self.frozen}

    def batches(self) -> tuple[Tensor, Tensor]:
        """Draw the order of the images: return the rows and the labels of each update, int64 [updates, N]."""
        train = self.task.train
        order = image_order(
            len(train), updates=self.recipe.updates, batch=self.recipe.batch, generator=self.generator
        ).to(train.device)
        return train[order], self.task.train_labels[order]

    def images(self, rows: Tensor) -> Tensor:
        """Return the images [N, C, H, W] of an update, augmented and normalised."""
        images = read(self.task.source.images, rows)
        return self.pixels(images if self.augment is None else self.augment(images, self.generator))


@dataclass(frozen=True)
class Outcome:
    """The result of a training run.

    Attributes:
        accuracy: Test accuracy in [0, 1] at each of `measure_at`; NaN where the network's outputs were not finite.
        loss: The last update's loss, by default the cross-entropy in nats; NaN without updates.
    """

    accuracy: tuple[float, ...]
    loss: float


def read(images: Tensor, rows: Tensor) -> Tensor:
    """Return images [..., C, H, W] of rows [...], in a tenth of the time that indexing takes."""
    return images.index_select(0, rows.flatten()).view(*rows.shape, *images.shape[1:])


@contextmanager
def in_training(network: nn.Module, frozen: frozenset[str] = frozenset()) -> Iterator[None]:
    """Put a network into training mode, with no gradients for frozen parameters and no updates of frozen buffers."""
    network.train()
    held = [tensor for name, tensor in network.named_parameters() if name in frozen and tensor.requires_grad]
    for name, _ in network.named_buffers():
        if name in frozen:
            network.get_submodule(name.rpartition(".")[0]).eval()
    for parameter in held:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in held:
            parameter.requires_grad_(True)
        network.train()


def image_order(count: int, *, updates: int, batch: int, generator: torch.Generator) -> Tensor:
    """Return the indices of the images, of `count`, that each update reads, int64 [updates, min(batch, count)].

    The images are shuffled anew in every epoch; an update never reads an image twice.
    """
    batch = min(batch, count)
    per_epoch = count // batch
    epochs = -(-updates // per_epoch) if updates else 0
    orders = [torch.randperm(count, generator=generator)[: per_epoch * batch] for _ in range(epochs)]
    return torch.cat(orders).reshape(-1, batch)[:updates] if orders else torch.empty(0, batch, dtype=torch.int64)


@contextmanager
def in_evaluation(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, and every layer back into its mode afterwards."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@torch.inference_mode()
def correct_answers(network: Network, task: Task, pixels: Pixels) -> Tensor:
    """Return how many test images the network gets right, a float32 scalar on its device.

    It is NaN if an output is not finite. The count stays on the device, so that nothing waits for it.
    """
    count = torch.zeros((), device=task.test.device)
    with in_evaluation(network):
        tiles = zip(task.test.split(EVALUATION_BATCH), task.test_labels.split(EVALUATION_BATCH), strict=True)
        for rows, labels in tiles:
            logits = network(pixels(read(task.source.images, rows)))
            count += torch.where(logits.isfinite().all(), (logits.argmax(1) == labels).sum(), torch.nan)
    return count

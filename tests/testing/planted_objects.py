"""Maps, backbones and data sets with one fault each, many of them known from other libraries.

Each row of `PLANTED` has a name, what is wrong, the law that has to notice, and the subject with all laws of its kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones import MLP, ConvNet4, Layout, Network
from neuroevo.backbones.backbone import initialise
from neuroevo.backbones.convnet4 import ConvNet4Network
from neuroevo.backbones.mlp import MLPNetwork
from neuroevo.data.images import Dataset, LabelledImages, channel_statistics
from neuroevo.execution import batched_map
from neuroevo.testing.laws import Law, backbone_laws, dataset_laws, map_laws

# Maps.


def unordered(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Return results as an unordered pool may: late items first."""
    return [function(*items) for items in zip(*iterables, strict=False)][::-1]


def whole_chunks(function: Callable[..., Any], *iterables: Iterable[Any], chunk: int | None = None) -> list[Any]:
    """Forget the last chunk where it is short."""
    items = [*zip(*iterables, strict=False)]
    size = chunk or max(1, len(items))
    chunks = [items[start : start + size] for start in range(0, len(items) - size + 1, size)]
    return [result for part in chunks for result in batched_map(function, *zip(*part, strict=True))]


def forgets_keywords(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Unwrap what was registered and call its `batch` without the arguments that were bound."""
    inner = function
    while isinstance(inner, partial):
        inner = inner.func
    columns = [*map(list, zip(*zip(*iterables, strict=False), strict=True))]
    return list(inner.batch(*columns)) if columns and hasattr(inner, "batch") else batched_map(function, *columns)


def tries_twice(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Ask the first item first, to see what kind of result comes."""
    items = [*zip(*iterables, strict=False)]
    if items:
        function(*items[0])
    return [function(*item) for item in items]


def zips_short(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Trust that a batch has as many results as items."""
    columns = [*map(list, iterables)]
    if not hasattr(function, "batch") or not all(columns):
        return [*map(function, *columns)]
    shortest = min(map(len, columns))
    return [result for result, _ in zip(function.batch(*(c[:shortest] for c in columns)), columns[0], strict=False)]


def swallows(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Give items that raise an exception a bad score."""

    def safe(*items: Any) -> Any:
        try:
            return function(*items)
        except Exception:  # noqa: BLE001
            return -math.inf

    return [*map(safe, *iterables)]


# Backbones.


class NormsForgotten(ConvNet4):
    """Does not list the running statistics of its norms."""

    @property
    def layout(self) -> Layout:
        """The parameters only."""
        full = super().layout
        axes = {name: axes for name, axes in full.axes.items() if name not in full.buffers}
        return Layout(full.groups, axes, {name: full.shapes[name] for name in axes})


class PaddedShortcutNetwork(MLPNetwork):
    """Adds the first layer's outputs to the second's, as far as there are that many."""

    def features(self, images: Tensor) -> Tensor:
        """Return the sum."""
        first = F.relu(self.get_submodule("hidden1")(images.flatten(1)))
        second = F.relu(self.get_submodule("hidden2")(first))
        tied = min(first.shape[1], second.shape[1])
        return torch.cat([first[:, :tied] + second[:, :tied], second[:, tied:]], 1)


class PaddedShortcut(MLP):
    """A shortcut without a projection between two different groups."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = PaddedShortcutNetwork(self, classes)
        return initialise(network, generator)


class GlobalInitialisation(MLP):
    """Leaves the initial weights to torch, which draws them from its global generator."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        return MLPNetwork(self, classes)


class HeadFirst(MLP):
    """Draws something for the head before the body."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        bias = torch.randn(classes, generator=generator)
        network = super().build(classes, generator=generator)
        network.head.bias.data.copy_(bias)
        return network


class BatchStatisticsNetwork(ConvNet4Network):
    """Its norms read the batch in evaluation mode, too."""

    def train(self, mode: bool = True) -> BatchStatisticsNetwork:
        """Change the mode of everything but the norms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
        return self


class BatchStatistics(ConvNet4):
    """Norms that use the statistics of the batch, as advised where running ones prevent `vmap`."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = BatchStatisticsNetwork(self, classes)
        return initialise(network, generator)


class ResizedByPosition(MLP):
    """Takes the order of a mapping for that of its groups."""

    def resized(self, groups: Mapping[str, int]) -> ResizedByPosition:
        """Return other widths."""
        return replace(self, widths=tuple(groups.values()))


class ClippedNetwork(MLPNetwork):
    """Lets no logit be negative."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        return F.relu(super().forward(images))


class Clipped(MLP):
    """A network that does more with its features than the head."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = ClippedNetwork(self, classes)
        return initialise(network, generator)


class SkippedNetwork(MLPNetwork):
    """Leaves out its second layer."""

    def features(self, images: Tensor) -> Tensor:
        """Return the first layer's outputs, cut or padded to the width of the second."""
        first = F.relu(self.get_submodule("hidden1")(images.flatten(1)))
        return F.pad(first, (0, self.head.in_features - first.shape[1]))


class Skipped(MLP):
    """A network with a layer that is made, listed and not called."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = SkippedNetwork(self, classes)
        return initialise(network, generator)


# Data sets.


def sound_data() -> Dataset:
    """Return a data set without faults: every class has a brightness of its own."""
    generator, roles = torch.Generator().manual_seed(0), {}
    for role, shade in (("ancestry", 40), ("held_out", 60), ("novel", 90)):
        labels = torch.arange(3).repeat(16)[torch.randperm(48, generator=generator)]
        noise = torch.randint(0, 30, (48, 1, 4, 4), generator=generator)
        images = (noise + shade * labels.reshape(-1, 1, 1, 1)).to(torch.uint8)
        roles[role] = LabelledImages(images, labels, tuple(f"{role} {label}" for label in range(3)))
    return Dataset.of("planted", **roles)


def shifted_labels() -> Dataset:
    """Return a data set with labels shifted by one row."""
    sound = sound_data()
    images = sound.held_out
    return replace(sound, held_out=replace(images, labels=images.labels.roll(1)))


def leaking_statistics() -> Dataset:
    """Return a data set that is normalised by all of its images."""
    sound = sound_data()
    mean, std = channel_statistics(torch.cat([sound.role(role).images for role in ("ancestry", "held_out", "novel")]))
    return replace(sound, mean=mean, std=std)


def leaking_image() -> Dataset:
    """Return a data set of which one image is novel, and was not."""
    sound = sound_data()
    images = sound.novel.images.clone()
    images[7] = sound.ancestry.images[3]
    return replace(sound, novel=replace(sound.novel, images=images))


def empty_class() -> Dataset:
    """Return a data set with a class that is in its list and not in its files."""
    sound = sound_data()
    return replace(sound, held_out=replace(sound.held_out, classes=(*sound.held_out.classes, "zebra")))


def in_order_of(listing: Iterator[int]) -> Dataset:
    """Return a data set with rows in the order of the file system."""
    sound = sound_data()
    ancestry, shift = sound.ancestry, next(listing)
    images, labels = ancestry.images.roll(shift, 0), ancestry.labels.roll(shift)
    return replace(sound, ancestry=replace(ancestry, images=images, labels=labels))


def _map(map_: object, **settings: Any) -> tuple[object, list[Law]]:
    return map_, map_laws(**settings)


def _backbone(backbone: object) -> tuple[object, list[Law]]:
    return backbone, backbone_laws()


def _dataset(dataset: Dataset, **settings: Any) -> tuple[object, list[Law]]:
    return dataset, dataset_laws(learnable=True, **settings)


SMALL_MLP, SMALL_CONVNET = {"widths": (4, 3), "inputs": 5}, {"widths": (2, 3, 3, 2)}

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("unordered", "results in the order of a pool", "gives what the built-in map gives", _map(unordered)),
    (
        "forgets_keywords",
        "arguments bound by toolbox.register do not reach `batch`",
        "a batched function gives what its single calls give",
        _map(forgets_keywords),
    ),
    ("tries_twice", "a trial call", "no item is evaluated twice", _map(tries_twice)),
    ("zips_short", "zip that is not strict", "results are never lost silently", _map(zips_short)),
    ("swallows", "a blanket except that scores -inf", "exceptions reach the caller", _map(swallows)),
    (
        "whole_chunks",
        "off by one: the last short chunk is left out",
        "the size of chunks is irrelevant",
        _map(whole_chunks, chunk="chunk"),
    ),
    (
        "NormsForgotten",
        "BatchNorm's buffers are not inherited",
        "the layout lists every tensor but the head's",
        _backbone(NormsForgotten(**SMALL_CONVNET)),
    ),
    (
        "ResizedByPosition",
        "widths by the order of a mapping",
        "resizing changes the widths and nothing else",
        _backbone(ResizedByPosition(**SMALL_MLP)),
    ),
    (
        "GlobalInitialisation",
        "torch's own initialisation (global random state)",
        "global generators are neither read nor written",
        _backbone(GlobalInitialisation(**SMALL_MLP)),
    ),
    (
        "HeadFirst",
        "other classes, other features",
        "the number of classes changes the head only",
        _backbone(HeadFirst(**SMALL_MLP)),
    ),
    ("Clipped", "a ReLU behind the head", "logits are the head of the features", _backbone(Clipped(**SMALL_MLP))),
    ("Skipped", "a layer is not called", "every parameter is used", _backbone(Skipped(**SMALL_MLP))),
    (
        "BatchStatistics",
        "batch statistics in evaluation mode (functorch#273)",
        "images do not affect each other in evaluation mode",
        _backbone(BatchStatistics(**SMALL_CONVNET)),
    ),
    (
        "PaddedShortcut",
        "a shortcut that does not tie its groups",
        "gene channels compute what the circuit computes",
        _backbone(PaddedShortcut(**SMALL_MLP)),
    ),
    ("empty_class", "a class without files", "every class has images", _dataset(empty_class())),
    ("leaking_image", "an image in two roles", "no image occurs twice", _dataset(leaking_image())),
    (
        "leaking_statistics",
        "normalised by classes that ancestors must not see",
        "mean and deviation are computed on ancestry",
        _dataset(leaking_statistics()),
    ),
    ("shifted_labels", "labels shifted by one row", "classes can be separated", _dataset(shifted_labels())),
    (
        "in_order_of",
        "files in the order of the file system",
        "reading again gives the same data set",
        _dataset(sound_data(), again=partial(in_order_of, count(1))),
    ),
)

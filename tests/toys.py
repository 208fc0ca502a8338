"""Tiny data sets and backbones for tests; the fixture `toys` of `tests/conftest.py` is this module."""

from functools import cache

import torch

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, Network, ResNet12
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract
from neuroevo.testing.architectures import random_network

MLP_BACKBONE = MLP(widths=(10, 8), inputs=64)
"""Fits images of 1 x 8 x 8."""

CONVNET = ConvNet4(widths=(4, 6, 6, 8))
"""Fits images of 1 x 16 x 16."""


def generator(seed: int = 0) -> torch.Generator:
    """Return a fresh generator of the CPU."""
    return torch.Generator().manual_seed(seed)


@cache
def labelled(
    prefix: str, *, classes: int = 4, per_class: int = 60, channels: int = 1, size: int = 8, seed: int = 0
) -> LabelledImages:
    """Return images that can be learned: each class is a pattern of its own under noise; labels in mixed order."""
    source = generator(1000 * seed + sum(map(ord, prefix)))
    patterns = torch.randint(0, 2, (classes, channels, size, size), generator=source) * 128
    labels = torch.arange(classes).repeat_interleave(per_class)
    labels = labels[torch.randperm(len(labels), generator=source)]
    noise = torch.randint(0, 128, (len(labels), channels, size, size), generator=source)
    names = tuple(f"{prefix} {label}" for label in range(classes))
    return LabelledImages((patterns[labels] + noise).to(torch.uint8), labels, names)


@cache
def dataset(
    *,
    classes: tuple[int, int, int] = (5, 4, 4),
    per_class: int = 60,
    channels: int = 1,
    size: int = 8,
    seed: int = 0,
) -> Dataset:
    """Return a data set with given numbers of classes in ancestry, held_out and novel.

    60 images per class are enough for critics (50 of them are test images) and for nearest class means.
    """
    roles = {
        role: labelled(role, classes=number, per_class=per_class, channels=channels, size=size, seed=seed)
        for role, number in zip(("ancestry", "held_out", "novel"), classes, strict=True)
    }
    return Dataset.of("toys", **roles)


def network(backbone: Backbone, *, classes: int = 3, seed: int = 0) -> Network:
    """Return a network in evaluation mode with all tensors random, as after training: norms are no identities."""
    return random_network(backbone, classes=classes, generator=generator(seed))


def learngene(backbone: Backbone, *, share: float = 0.3, seed: int = 0) -> Learngene:
    """Return a random circuit of `network(backbone, seed=seed)`, every channel with an id of its own."""
    source = generator(seed)
    indices = random_circuit(backbone.layout, share=share, generator=source)
    sizes = [*map(len, indices.values())]
    ids = torch.randperm(10_000, generator=source)[: sum(sizes)].split(sizes)
    provenance = dict(zip(indices, ids, strict=True))
    return extract(network(backbone, seed=seed).state_dict(), indices, backbone=backbone, provenance=provenance)


def normal_images(backbone: MLP | ConvNet4 | VGG | ResNet12, *, count: int = 5, seed: int = 0) -> torch.Tensor:
    """Return float32 images that fit the backbone."""
    shape = (1, 1, backbone.inputs) if isinstance(backbone, MLP) else (backbone.channels, 16, 16)
    return torch.randn(count, *shape, generator=generator(seed))


@torch.no_grad()
def group_outputs(built: Network, backbone: Backbone, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return per channel group what its channels give for images, before the ReLU, in evaluation mode."""
    # A group's last tensor belongs to its last module.
    modules = {axes[0]: built.get_submodule(name.rpartition(".")[0]) for name, axes in backbone.layout.axes.items()}
    results: dict[str, torch.Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, output, group=group: results.update({group: output}))
        for group, module in modules.items()
    ]
    built.eval()(images)
    for hook in hooks:
        hook.remove()
    return results

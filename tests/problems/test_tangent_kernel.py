"""Tangent kernel: training that is linear in the weights, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from neuroevo.backbones import MLP, Backbone, ConvNet4, ResNet12, ViT
from neuroevo.execution import Pixels, Recipe
from neuroevo.global_generators import restored
from neuroevo.individual import Individual
from neuroevo.problems import TangentKernel, TrainingSetup, common_kernel, tangent_kernel
from neuroevo.problems.tangent_kernel import gradients, regressed, renew
from neuroevo.seeds import stream

SMALL: dict[str, Backbone] = {
    "mlp": MLP(widths=(5, 4), inputs=256),
    "convnet4": ConvNet4(widths=(4, 4, 6, 6)),
    "resnet12": ResNet12(widths=(4, 4, 4, 4), channels=1),
}


def scorer(toys: ModuleType, backbone: Backbone, **settings: Any) -> TangentKernel:
    """Return an evaluator of learngenes."""
    dataset = toys.dataset(size=16)
    setup = TrainingSetup(backbone=backbone, pixels=Pixels.of(dataset), recipe=Recipe(updates=0))
    common = {"ways": 3, "shots": 3, "test_per_class": 4, "seed": 0, "workers": 1}
    return TangentKernel(setup=setup, images=dataset.held_out, **{**common, **settings})


@pytest.mark.parametrize("name", SMALL)
def test_gradients_are_those_of_single_images(name: str) -> None:
    """Many at once are what the plain backward pass gives one after the other."""
    network = SMALL[name].build(3, generator=stream(0, "network")).eval()
    images = torch.randn(3, 1, 16, 16, generator=stream(0, "images"))
    names = [one for one, _ in network.named_parameters()]
    for row, image in zip(gradients(network, names, images), images, strict=True):
        network.zero_grad()
        (network(image.unsqueeze(0)).sum() / 3**0.5).backward()
        expected = torch.cat([one.grad.flatten() for one in network.parameters() if one.grad is not None])
        torch.testing.assert_close(row, expected, rtol=1e-4, atol=1e-5)


class Odd(nn.Module):
    """Layers with all settings: biases, strides, groups, places, changes in place, one that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.wide = nn.Conv2d(4, 4, (3, 2), dilation=2, padding=(2, 1))
        self.grouped = nn.Conv2d(4, 6, 3, groups=2)
        self.circular = nn.Conv2d(6, 4, 3, padding=1, padding_mode="circular")
        self.norm = nn.BatchNorm2d(4)
        self.bare = nn.BatchNorm2d(4, affine=False)
        self.places = nn.Linear(4, 5)
        self.twice = nn.Linear(5, 5)
        self.tied = nn.Linear(5, 5)
        self.tied.weight = self.twice.weight
        self.flat = nn.BatchNorm1d(5)
        self.unused = nn.Linear(3, 3)
        self.scale = nn.Parameter(torch.ones(5))
        self.head = nn.Linear(5, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits [N, 3] of images [N, 1, 16, 16]."""
        found = self.grouped(torch.relu_(self.wide(torch.relu_(self.first(images)))))
        found = self.bare(torch.relu_(self.norm(self.circular(found))))
        tokens = self.places(found.flatten(2).mT)
        tokens = torch.tanh(self.twice(torch.tanh(self.twice(tokens)))) + self.tied(tokens)
        logits: torch.Tensor = self.head(self.flat(tokens.mean(1)) * self.scale)
        return logits


def odd() -> nn.Module:
    """Return it with all tensors random, as after training."""
    generator = stream(0, "odd")
    with restored():
        network = Odd()
    for name, one in network.state_dict().items():
        if one.is_floating_point():
            one.copy_(torch.rand(one.shape, generator=generator) + ("var" in name) - 0.5 * ("var" not in name))
    return network.eval()


NETWORKS: dict[str, Callable[[], Any]] = {
    **{name: lambda one=one: one.build(3, generator=stream(0, "network")).eval() for name, one in SMALL.items()},
    "odd": odd,
}


@pytest.mark.parametrize("places", [1, 10**9])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_kernel_is_that_of_gradients_of_single_images(
    name: str, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the part of a layer is computed, and for layers that only the slow way knows."""
    monkeypatch.setattr(common_kernel, "MOST", places)
    network = NETWORKS[name]()
    images = torch.randn(7, 1, 16, 16, generator=stream(0, "images"))
    rows = gradients(network, [one for one, _ in network.named_parameters()], images)
    kernel = tangent_kernel.tangent_kernel(network, images, 4)
    torch.testing.assert_close(kernel, rows @ rows[:4].T, rtol=1e-4, atol=1e-5)
    assert not any(one._forward_hooks for one in network.modules())


def test_blocks_change_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many gradients are held at once; it is symmetric and positive."""
    network = SMALL["convnet4"].build(3, generator=stream(0, "network")).eval()
    images = torch.randn(5, 1, 16, 16, generator=stream(0, "images"))
    whole = tangent_kernel.tangent_kernel(network, images, 5)
    monkeypatch.setattr(common_kernel, "KINDS", {})
    monkeypatch.setattr(tangent_kernel, "MOST", 100)
    torch.testing.assert_close(tangent_kernel.tangent_kernel(network, images, 5), whole, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(whole, whole.T)
    assert bool((torch.linalg.eigvalsh(whole.double()) > -1e-4).all())


def test_a_linear_network_is_trained_to_what_regression_finds() -> None:
    """Scores of training images are close to their classes where the kernel is large beside the ridge."""
    points = torch.randn(12, 20, generator=stream(0, "points"))
    labels = torch.arange(12) % 3
    kernel = points @ points.T
    scores = regressed(kernel, kernel, labels, 3)
    assert scores.argmax(1).equal(labels)
    assert regressed(1000 * kernel, 1000 * kernel, labels, 3).allclose(scores, rtol=1e-3, atol=1e-4)


def test_renewed_statistics_are_those_of_the_images() -> None:
    """Each norm has the mean and variance of what it reads; momenta and other layers stay as they were."""
    with restored():
        layers = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2))
    images = torch.randn(50, 4, generator=stream(0, "images"))
    renew(layers, images)
    norm = layers[1]
    assert isinstance(norm, nn.BatchNorm1d)
    read = layers[0](images)
    torch.testing.assert_close(norm.running_mean, read.mean(0))
    torch.testing.assert_close(norm.running_var, read.var(0))
    assert norm.momentum == 0.1
    assert not any(one.training for one in layers.modules())


@pytest.mark.parametrize("name", SMALL)
def test_it_scores_what_heirs_can_learn(name: str, toys: ModuleType) -> None:
    """In [0, 1], the same alone and beside others; other tasks give other scores."""
    evaluate = scorer(toys, SMALL[name], tasks=2)
    bearers = [Individual(toys.learngene(SMALL[name], seed=seed), id=seed) for seed in range(2)]
    scores = evaluate.batch(bearers)
    assert scores == [evaluate(one) for one in bearers]
    assert all(0 <= score <= 1 for (score,) in scores)
    fresh = [scorer(toys, SMALL[name], purpose=f"purpose {number}")(bearers[0]) for number in range(4)]
    assert len({*fresh}) > 1


def test_attention_has_a_kernel_too(toys: ModuleType) -> None:
    """A vision transformer is scored like any other network."""
    backbone = ViT(widths=(8, 2, 12), head_width=4, patch=8, channels=1, size=16)
    (score,) = scorer(toys, backbone)(Individual(None, id=0))
    assert 0 <= score <= 1


def test_what_is_not_finite_is_nan(toys: ModuleType) -> None:
    """A learngene that overflows scores NaN, which counts as failed."""
    learngene = toys.learngene(SMALL["convnet4"])
    for one in learngene.slices.values():
        one.fill_(1e30)
    (score,) = scorer(toys, SMALL["convnet4"])(Individual(learngene, id=0))
    assert score != score

"""Importance of channels: what a network does without them, and what its images and labels have to do with it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ResNet12, ViT
from neuroevo.backbones.backbone import Network
from neuroevo.operators.circuits import strongest_circuit, top_circuit
from neuroevo.operators.importance import IMPORTANCE, Measure, by_activations, by_gradients, by_weights
from neuroevo.operators.places import along
from neuroevo.seeds import stream

BACKBONES: dict[str, tuple[Backbone, tuple[int, ...]]] = {
    "mlp": (MLP(widths=(5, 4), inputs=8), (2, 2, 2)),
    "convnet4": (ConvNet4(widths=(4, 3, 5, 4), channels=2), (2, 16, 16)),
    "vgg": (VGG(11, (3, 3, 4, 4, 5, 5, 4, 4), channels=2), (2, 32, 32)),
    "resnet12": (ResNet12((3, 4, 4, 5), channels=2), (2, 16, 16)),
    "vit": (ViT((6, 3, 5, 2, 4), head_width=2, channels=2, size=16), (2, 16, 16)),
}
everywhere = pytest.mark.parametrize("name", BACKBONES)
each_measure = pytest.mark.parametrize("measure", IMPORTANCE.values(), ids=[*IMPORTANCE])


def given_network(name: str, seed: int = 1) -> tuple[Backbone, Network, Tensor, Tensor]:
    """Return a network in evaluation mode, images, and labels of three classes."""
    backbone, shape = BACKBONES[name]
    network = backbone.build(3, generator=stream(seed, "network")).eval()
    generator = stream(seed, "images")
    images = torch.randn(6, *shape, generator=generator)
    return backbone, network, images, torch.tensor([0, 1, 2, 0, 1, 2])


@everywhere
@each_measure
def test_every_channel_has_a_number(name: str, measure: Measure) -> None:
    """None is negative, and neither weights nor what listens to them change."""
    backbone, network, images, labels = given_network(name)
    before = {key: one.clone() for key, one in network.state_dict().items()}
    found = measure(backbone.layout, network, images, labels)
    assert {group: len(one) for group, one in found.items()} == {**backbone.layout.groups}
    assert all(one.dtype == torch.float64 and bool((one >= 0).all()) for one in found.values())
    assert all(bool((one > 0).any()) for one in found.values())
    assert all(one.equal(before[key]) for key, one in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


@everywhere
def test_the_strongest_channels_are_the_most_important_by_weights(name: str) -> None:
    """The two agree."""
    backbone, network, images, labels = given_network(name)
    by_norm = strongest_circuit(backbone.layout, network.state_dict(), share=0.5)
    found = top_circuit(backbone.layout, by_weights(backbone.layout, network, images, labels), share=0.5)
    assert all(found[group].equal(rows) for group, rows in by_norm.items())


@pytest.mark.parametrize("name", ["mlp", "convnet4", "vgg"])
@pytest.mark.parametrize("measure", [by_activations, by_gradients])
def test_a_channel_that_gives_nothing_is_of_no_importance(name: str, measure: Measure) -> None:
    """With norm weights and biases of zero, or weights of zero where there is no norm, nothing depends on it."""
    backbone, network, images, labels = given_network(name)
    group = [*backbone.layout.groups][1]
    state = {key: one.clone() for key, one in network.state_dict().items()}
    for key in backbone.layout.axes:
        output = backbone.layout.segments(key)[backbone.layout.output(key)]
        if group in {owner for owner, _ in output} and "running" not in key:
            rows = along(output, backbone.layout, {group: torch.tensor([1])})
            state[key][rows] = 0
    network.load_state_dict(state)
    found = measure(backbone.layout, network, images, labels)[group]
    assert found[1] == 0
    assert found[0] > 0 or found[2] > 0


def test_activations_are_means_of_positive_parts() -> None:
    """Of a perceptron without norms they are those behind the rectifier."""
    backbone, network, images, labels = given_network("mlp")
    found = by_activations(backbone.layout, network, images, labels)
    first = next(module for module in network.modules() if isinstance(module, nn.Linear))
    expected = first(images.flatten(1)).relu().double().mean(0)
    torch.testing.assert_close(next(iter(found.values())), expected.detach())


def test_gradients_say_what_the_loss_changes_by() -> None:
    """Scaling one weight by 1 + e changes the loss by e w dL/dw, whose absolute values are summed over a channel."""
    backbone, network, images, labels = given_network("mlp")
    found = by_gradients(backbone.layout, network, images, labels)
    name, group = next((name, axes[0]) for name, axes in backbone.layout.axes.items() if len(axes) > 1)
    weight, step, expected = network.get_parameter(name), 1e-3, torch.zeros(5, dtype=torch.float64)
    network.double()

    def loss() -> float:
        return float(nn.functional.cross_entropy(network(images.double()), labels).detach())

    for row in range(weight.shape[0]):
        for column in range(weight.shape[1]):
            kept = weight.data[row, column].clone()
            values = []
            for sign in (1, -1):
                weight.data[row, column] = kept * (1 + sign * step)
                values.append(loss())
            weight.data[row, column] = kept
            expected[row] += abs(values[0] - values[1]) / (2 * step)
    assert group is not None
    torch.testing.assert_close(found[group], expected, rtol=1e-4, atol=1e-7)


def test_labels_matter_to_gradients_alone() -> None:
    """Other labels give other gradients, and the same activations and norms."""
    backbone, network, images, labels = given_network("convnet4")
    for name, measure in IMPORTANCE.items():
        first, second = (measure(backbone.layout, network, images, one) for one in (labels, labels.flip(0)))
        same = all(first[group].equal(second[group]) for group in first)
        assert same is (name != "gradients")

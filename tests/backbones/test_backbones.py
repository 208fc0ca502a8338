"""Backbones: layouts describe the networks correctly, and these follow from their generator alone."""

import json
import pickle
from collections.abc import Mapping
from math import prod
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, Layout, Network, ResNet12, from_description

WIDTHS = st.integers(1, 7)
CHANNELS = st.integers(1, 3)
BACKBONES = (
    st.builds(MLP, widths=st.lists(WIDTHS, min_size=1, max_size=4).map(tuple), inputs=st.integers(1, 9))
    | st.builds(ConvNet4, widths=st.tuples(*[WIDTHS] * 4), channels=CHANNELS)
    | st.builds(VGG, widths=st.tuples(*[WIDTHS] * 8), channels=CHANNELS)
    | st.builds(ResNet12, widths=st.tuples(*[WIDTHS] * 12), channels=CHANNELS)
)
CLASSES = st.integers(1, 5)
SEEDS = st.integers(0, 2**32)


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


def body(network: Network) -> dict[str, torch.Tensor]:
    """Return what a layout must list: every tensor but the head's and the counters of batches."""
    return {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith("head.") and not name.endswith("num_batches_tracked")
    }


@given(BACKBONES, CLASSES)
def test_the_layout_lists_every_tensor(backbone: Backbone, classes: int) -> None:
    """Names, shapes and the distinction of parameters and buffers agree with the built network."""
    layout, network = backbone.layout, backbone.build(classes, generator=seeded(0))
    shapes = {name: tuple(tensor.shape) for name, tensor in body(network).items()}
    assert dict(layout.shapes) == shapes
    assert set(layout.axes) == set(shapes)
    buffers = {name for name, _ in network.named_buffers()}
    assert layout.buffers == buffers & set(shapes)
    assert network.head.out_features == classes


@given(BACKBONES, CLASSES)
def test_the_axes_have_the_lengths_of_their_groups(backbone: Backbone, classes: int) -> None:
    """An axis of a group is as long as the group, every group cuts a tensor, and the last one feeds the head."""
    layout, network = backbone.layout, backbone.build(classes, generator=seeded(0))
    used = set()
    for name, axes in layout.axes.items():
        assert axes[0] is not None
        for group, length in zip(axes, layout.shapes[name], strict=True):
            if group is not None:
                used.add(group)
                assert length == layout.groups[group]
    assert used == set(layout.groups)
    assert network.head.in_features == [*layout.groups.values()][-1]


@given(BACKBONES, CLASSES)
def test_parameters_are_counted_without_the_head(backbone: Backbone, classes: int) -> None:
    """The layout's count is that of the built network without its head."""
    network = backbone.build(classes, generator=seeded(0))
    counted = sum(tensor.numel() for name, tensor in network.named_parameters() if not name.startswith("head."))
    assert backbone.layout.parameters() == counted


@given(BACKBONES, st.data())
def test_a_circuit_has_the_parameters_of_the_resized_backbone(backbone: Backbone, data: st.DataObject) -> None:
    """Resizing to any counts gives exactly these groups, the same axes, and as many parameters as the circuit."""
    layout = backbone.layout
    counts = {group: data.draw(WIDTHS) for group in layout.groups}
    resized = backbone.resized(counts)
    assert type(resized) is type(backbone)
    assert dict(resized.layout.groups) == counts
    assert list(resized.layout.groups) == list(layout.groups)
    assert dict(resized.layout.axes) == dict(layout.axes)
    assert resized.layout.parameters() == layout.parameters(counts)
    assert resized.resized(layout.groups) == backbone


@pytest.mark.parametrize(
    ("backbone", "parameters"),
    [
        (MLP(widths=(3, 2), inputs=5), 3 * 5 + 3 + 2 * 3 + 2),
        (ConvNet4(widths=(2, 3, 4, 5), channels=3), 9 * (2 * 3 + 3 * 2 + 4 * 3 + 5 * 4) + 2 * 14),
    ],
)
def test_parameters_by_hand(backbone: Backbone, parameters: int) -> None:
    """Weights and biases count, and so do the norms' scales and shifts, but not their running statistics."""
    assert backbone.layout.parameters() == parameters


@given(BACKBONES, CLASSES, SEEDS)
def test_weights_follow_from_the_generator(backbone: Backbone, classes: int, seed: int) -> None:
    """The same seed builds the same weights bit for bit, whatever the global generator has done; another does not."""
    first = backbone.build(classes, generator=seeded(seed)).state_dict()
    with torch.random.fork_rng(devices=[]):
        torch.rand(3)
        second = backbone.build(classes, generator=seeded(seed)).state_dict()
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    other = backbone.build(classes, generator=seeded(seed + 1)).state_dict()
    assert not torch.equal(first["head.weight"], other["head.weight"])
    assert all(tensor.device.type == "cpu" for tensor in first.values())


@given(BACKBONES, SEEDS)
def test_the_number_of_classes_changes_the_head_only(backbone: Backbone, seed: int) -> None:
    """Networks of one seed and different tasks share their body."""
    few, many = (body(backbone.build(classes, generator=seeded(seed))) for classes in (2, 5))
    assert all(torch.equal(tensor, many[name]) for name, tensor in few.items())


@pytest.mark.parametrize("backbone", [MLP(widths=(300, 400), inputs=200), ConvNet4(widths=(40, 50, 60, 70))])
def test_initial_weights_have_the_stated_spread(backbone: Backbone) -> None:
    """Layers start with He's deviation, the head with fan-in^(-1/2), biases at zero and norms as the identity."""
    network = backbone.build(50, generator=seeded(0))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            spread = (1 if module is network.head else 2) ** 0.5 * prod(module.weight.shape[1:]) ** -0.5
            # Three standard errors of an estimated deviation.
            assert abs(float(module.weight.detach().std()) / spread - 1) < 3 * (2 * module.weight.numel()) ** -0.5
            assert module.bias is None or not module.bias.detach().any()
        if isinstance(module, nn.BatchNorm2d):
            ones, zeros = torch.ones(module.num_features), torch.zeros(module.num_features)
            expected = {"weight": ones, "bias": zeros, "running_mean": zeros, "running_var": ones}
            assert all(torch.equal(module.state_dict()[name], value) for name, value in expected.items())


@given(BACKBONES, CLASSES, st.integers(1, 3))
def test_logits_are_the_head_of_the_features(backbone: Any, classes: int, count: int) -> None:
    """A network gives one row of logits per image, which its head reads from the features of the last group."""
    network = backbone.build(classes, generator=seeded(1)).eval()
    shape = (1, 1, backbone.inputs) if isinstance(backbone, MLP) else (backbone.channels, 16, 19)
    images = torch.randn(count, *shape, generator=seeded(2))
    with torch.no_grad():
        features, logits = network.features(images), network(images)
    assert features.shape == (count, [*backbone.layout.groups.values()][-1])
    assert logits.shape == (count, classes)
    torch.testing.assert_close(logits, features @ network.head.weight.T + network.head.bias)


@torch.no_grad()
def test_a_convnet4_by_hand(toys: ModuleType) -> None:
    """The features are convolution, norm, ReLU and pooling, four times, and global average pooling."""
    images = toys.normal_images(toys.CONVNET)
    weights = toys.network(toys.CONVNET).state_dict()
    expected = images
    for i in range(1, 5):
        expected = F.conv2d(expected, weights[f"conv{i}.weight"], padding=1)
        mean, variance, scale, shift = (
            weights[f"norm{i}.{name}"].reshape(-1, 1, 1) for name in ("running_mean", "running_var", "weight", "bias")
        )
        expected = F.max_pool2d(F.relu((expected - mean) / (variance + 1e-5).sqrt() * scale + shift), 2)
    torch.testing.assert_close(toys.network(toys.CONVNET).features(images), expected.mean((2, 3)))


@torch.no_grad()
def test_an_mlp_by_hand(toys: ModuleType) -> None:
    """The features are linear layers, each followed by a ReLU, on the flattened image."""
    images = torch.randn(5, 1, 8, 8, generator=seeded(0))
    weights = toys.network(toys.MLP_BACKBONE).state_dict()
    expected = images.flatten(1)
    for i in (1, 2):
        expected = F.relu(expected @ weights[f"hidden{i}.weight"].T + weights[f"hidden{i}.bias"])
    torch.testing.assert_close(toys.network(toys.MLP_BACKBONE).features(images), expected)


@given(BACKBONES)
def test_descriptions_are_read_back(backbone: Backbone) -> None:
    """A backbone is equal, hash included, to what its description says after JSON, and to its pickled self."""
    text = json.dumps(backbone.describe())
    for copy in (from_description(json.loads(text)), pickle.loads(pickle.dumps(backbone))):
        assert copy == backbone
        assert hash(copy) == hash(backbone)
        assert copy.layout == backbone.layout


@given(BACKBONES, BACKBONES)
def test_backbones_are_values(first: Backbone, second: Backbone) -> None:
    """Two backbones are equal where their descriptions are."""
    assert (first == second) == (first.describe() == second.describe())


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({}, "must be one of convnet4, mlp, resnet12, traced, vgg, vit, but it is None"),
        ({"kind": "lenet"}, "must be one of convnet4, mlp, resnet12, traced, vgg, vit, but it is 'lenet'"),
        ({"kind": ["mlp"]}, "must be one of convnet4, mlp, resnet12, traced, vgg, vit"),
        ({"kind": "mlp", "inputs": 3}, "widths"),
        ({"kind": "mlp", "widths": 5}, "does not fit"),
        ({"kind": "mlp", "widths": [5], "outputs": 3}, "outputs"),
        ({"kind": "mlp", "widths": [], "inputs": 3}, "widths"),
        ({"kind": "mlp", "widths": [5, 0]}, "widths"),
        ({"kind": "mlp", "widths": [1.5]}, "widths"),
        ({"kind": "mlp", "widths": "abc"}, "widths"),
        ({"kind": "mlp", "widths": [5], "inputs": -3}, "inputs must be a whole number of at least 1, but it is -3"),
        ({"kind": "convnet4", "widths": [1, 2, 3]}, "must be 4 numbers"),
        ({"kind": "convnet4", "widths": [1, 2, 3, 4], "channels": "x"}, "channels must be .* but it is 'x'"),
        ({"kind": "convnet4", "widths": [1, 2, 3, 4], "channels": 0}, "channels must be"),
        ({"kind": "vgg", "depth": 12, "widths": [1] * 9}, "depth of a vgg must be one of 11, 13, 16, but it is 12"),
        ({"kind": "vgg", "depth": "11", "widths": [1] * 8}, "depth of a vgg must be"),
        ({"kind": "vgg", "depth": 13, "widths": [1] * 8}, "widths of a vgg of depth 13 must be 10 numbers"),
        ({"kind": "vit", "widths": [3, 2]}, "widths of a vit must be 1 and 2 for each block"),
        ({"kind": "vit", "widths": [3, 2, 2], "size": 30}, "size must be a multiple of the patch of 4 pixels"),
        ({"kind": "vit", "widths": [3, 2, 2], "norm": "group"}, "norm must be batch or layer, but it is 'group'"),
        ({"kind": "resnet12", "widths": [1, 2, 3]}, "must be 4 or 12 numbers"),
        ({"kind": "resnet12", "widths": [1, 2, 3, 0]}, "widths"),
    ],
)
def test_wrong_descriptions_are_named(description: Mapping[str, Any], message: str) -> None:
    """Unknown kinds and missing, unknown or impossible fields raise ValueError in one sentence."""
    with pytest.raises(ValueError, match=message) as caught:
        from_description(description)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text


def test_widths_must_be_a_tuple() -> None:
    """A list of widths, which has no hash, is refused at once."""
    with pytest.raises(ValueError, match="widths must be a tuple"):
        MLP(widths=[8, 8])  # type: ignore[arg-type]


def test_a_layout_counts_any_circuit_by_hand() -> None:
    """Kept axes count with their group's number, others in full, and buffers not at all."""
    layout = Layout(
        groups={"a": 4, "b": 3},
        axes={"one": ("a", None), "two": ("b", "a", None), "mean": ("b",)},
        shapes={"one": (4, 5), "two": (3, 4, 2), "mean": (3,)},
        buffers=frozenset({"mean"}),
    )
    assert layout.parameters() == 4 * 5 + 3 * 4 * 2
    assert layout.parameters({"a": 2, "b": 1}) == 2 * 5 + 1 * 2 * 2
    assert layout.parameters({"a": 0, "b": 3}) == 0

"""Whole layers: which tensors they have, which are chosen, and how much two choices have in common."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.backbones import MLP, Backbone, ConvNet4
from neuroevo.learngene import Learngene
from neuroevo.operators.layers import last_layers, layer_overlap, layers, layers_held, random_layers, tensors_of
from neuroevo.testing.strategies import backbones, learngenes, seeds

SHARES = st.floats(0.01, 1)


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


def share_of(backbone: Backbone, chosen: tuple[str, ...]) -> float:
    """Return the share of layers of a backbone's parameters."""
    layout = backbone.layout
    return layout.parameters(tensors=tensors_of(layout, chosen)) / layout.parameters()


@given(backbones())
def test_every_tensor_is_of_one_layer(backbone: Backbone) -> None:
    """Layers bear the names of groups in their order, and share out the tensors of the layout among them."""
    found = layers(backbone.layout)
    assert list(found) == list(backbone.layout.groups)
    assert sorted(name for tensors in found.values() for name in tensors) == sorted(backbone.layout.axes)
    assert all(found.values())


def test_a_layer_is_a_convolution_and_its_norm() -> None:
    """As in the four-layer network."""
    names = ("conv2.weight", "norm2.weight", "norm2.bias", "norm2.running_mean", "norm2.running_var")
    assert layers(ConvNet4().layout)["conv2"] == names


@given(backbones(), SHARES, seeds())
def test_random_layers_come_close_to_the_share(backbone: Backbone, share: float, seed: int) -> None:
    """There is one at least, in the order of the network, and no layer that was left out would come closer."""
    chosen = random_layers(backbone.layout, share=share, generator=seeded(seed))
    names = list(backbone.layout.groups)
    assert chosen
    assert list(chosen) == [name for name in names if name in chosen]
    assert chosen == random_layers(backbone.layout, share=share, generator=seeded(seed))
    missed = abs(share_of(backbone, chosen) - share)
    for name in set(names) - set(chosen):
        assert abs(share_of(backbone, (*chosen, name)) - share) >= missed - 1e-9
    if len(chosen) > 1:
        assert missed < share + 1e-9


def test_random_layers_are_all_that_come_close() -> None:
    """At 20 % of the usual ConvNet4, with layers of 0.3, 7.7, 30.7 and 61.3 %, these three choices occur."""
    layout = ConvNet4().layout
    met = {random_layers(layout, share=0.2, generator=seeded(seed)) for seed in range(60)}
    assert met == {("conv1", "conv2"), ("conv3",), ("conv1", "conv3")}


@given(backbones(), SHARES)
def test_last_layers_come_closest(backbone: Backbone, share: float) -> None:
    """They are a tail of the network, and no other tail is closer to the share."""
    names = list(backbone.layout.groups)
    chosen = last_layers(backbone.layout, share=share)
    assert list(chosen) == names[-len(chosen) :]
    missed = abs(share_of(backbone, chosen) - share)
    assert all(missed <= abs(share_of(backbone, tuple(names[-n:])) - share) + 1e-9 for n in range(1, len(names) + 1))


@given(learngenes())
def test_a_whole_learngene_holds_all_layers(learngene: Learngene) -> None:
    """And one without a layer's tensors holds all the others."""
    assert layers_held(learngene) == tuple(learngene.backbone.layout.groups)


@given(backbones(), st.data())
def test_overlap_is_a_symmetric_share(backbone: Backbone, data: st.DataObject) -> None:
    """It is 1 with itself, 0 without common ids, ignores the order, and weights common layers by their parameters."""
    groups = backbone.layout.groups
    names = st.sets(st.sampled_from([*groups]), min_size=1)
    first, second = ({name: torch.arange(groups[name]) for name in data.draw(names)} for _ in range(2))
    overlap = layer_overlap(backbone.layout, first, second)
    assert overlap == pytest.approx(layer_overlap(backbone.layout, second, first))
    assert layer_overlap(backbone.layout, first, first) == pytest.approx(1)
    strangers = {name: ids + 1000 for name, ids in first.items()}
    assert layer_overlap(backbone.layout, first, strangers) == 0
    common, union = (share_of(backbone, tuple(each)) for each in (first.keys() & second.keys(), {*first, *second}))
    assert overlap == pytest.approx(common / union)


def test_a_layer_with_other_ids_is_another_layer() -> None:
    """It counts twice in the union: 4 * 4 of 4 * 4 + 2 * (4 * 4 + 4) weights and biases are common."""
    layout = MLP(widths=(4, 4), inputs=3).layout
    kept = {"hidden1": torch.arange(4), "hidden2": torch.arange(4)}
    other = {"hidden1": torch.arange(4), "hidden2": torch.tensor([0, 1, 2, 9])}
    assert layer_overlap(layout, kept, other) == pytest.approx(16 / (16 + 2 * 20))

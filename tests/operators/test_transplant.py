"""Inheritance by another structure: circuits stay continuous where they can, and the report says where they can't."""

import logging
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ResNet12
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.inheritance import Inheritance, cross_masks, extract, inherit
from neuroevo.operators.places import features_of, grid
from neuroevo.testing.architectures import ResidualNet
from neuroevo.testing.strategies import backbones

SEEDS = st.integers(0, 2**32)
SHARES = st.floats(0.05, 1)
WIDTHS = st.integers(6, 9)


def widths(count: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw a tuple of `count` widths."""
    return st.tuples(*[WIDTHS] * count)


def pairs(ancestor: st.SearchStrategy[Backbone], heir: st.SearchStrategy[Backbone]) -> st.SearchStrategy[tuple]:
    """Draw an ancestor and an heir that is at least as wide as its circuits (of 5 channels at most, see below)."""
    return st.tuples(ancestor, heir)


NARROW = st.integers(2, 5)
STAGE = st.tuples(NARROW, st.lists(NARROW, min_size=1, max_size=2))
DEEPER = (
    pairs(
        st.builds(MLP, widths=st.tuples(NARROW, NARROW), inputs=st.just(9)),
        st.builds(MLP, widths=widths(4), inputs=st.just(9)),
    )
    | pairs(st.builds(VGG, st.just(11), st.tuples(*[NARROW] * 8)), st.builds(VGG, st.just(13), widths(10)))
    | pairs(st.builds(VGG, st.just(11), st.tuples(*[NARROW] * 8)), st.builds(VGG, st.just(16), widths(13)))
    | pairs(st.builds(VGG, st.just(13), st.tuples(*[NARROW] * 10)), st.builds(VGG, st.just(16), widths(13)))
    | pairs(
        st.just(ResidualNet((4, 5), ((3,), (5, 4)), channels=2)),
        st.just(ResidualNet((6, 5), ((3, 4), (5, 5, 2)), channels=2)),
    )
)


def images_for(backbone: Backbone, toys: ModuleType, seed: int) -> Tensor:
    """Return images that a backbone takes."""
    shape = (1, 1, backbone.inputs) if isinstance(backbone, MLP) else (backbone.channels, 16, 16)
    return torch.randn(3, *shape, generator=toys.generator(seed))


def heir_of(
    learngene: Learngene, backbone: Backbone, toys: ModuleType, **settings: str
) -> tuple[Inheritance, Backbone]:
    """Return the report of an inheritance by a random network, and that network with its inherited weights."""
    network = toys.network(backbone, seed=1)
    report = inherit(learngene, network.state_dict(), layout=backbone.layout, **settings)
    network.load_state_dict(report.weights)
    return report, network


@given(DEEPER, SHARES, SEEDS)
def test_deeper_heirs_compute_what_the_circuit_computes(
    toys: ModuleType, pair: tuple[Backbone, Backbone], share: float, seed: int
) -> None:
    """Surplus layers pass genes on unchanged, so the genes' features equal the circuit's; isolation keeps that."""
    ancestor, backbone = pair
    learngene = toys.learngene(ancestor, share=share, seed=seed)
    report, network = heir_of(learngene, backbone, toys)
    images = images_for(ancestor, toys, seed)
    with torch.no_grad():
        alone = learngene.to_module(classes=3).eval().features(images)
        inside = network.features(images)[:, features_of(backbone.layout, report.slots)]
    torch.testing.assert_close(inside, alone, rtol=1e-5, atol=1e-5)
    assert any("no counterpart" in note for note in report.notes)
    masks = cross_masks(backbone.layout, report.slots)
    assert not any(report.weights[name][mask].any() for name, mask in masks.items() if name not in report.untouched)


@given(DEEPER, SHARES, SEEDS)
def test_a_deeper_heir_holds_every_slice(
    toys: ModuleType, pair: tuple[Backbone, Backbone], share: float, seed: int
) -> None:
    """Read at the slots, the heir's tensors of inherited layers are the learngene's bit for bit, in their order."""
    ancestor, backbone = pair
    learngene = toys.learngene(ancestor, share=share, seed=seed)
    report, _ = heir_of(learngene, backbone, toys)
    inherited = [name for name in backbone.layout.axes if name in {*report.full, *report.part}]
    assert len(inherited) == len(learngene.slices)
    for name, part in zip(inherited, learngene.slices.values(), strict=True):
        assert torch.equal(report.weights[name][grid(backbone.layout, name, report.slots, report.weights[name])], part)


ANY = st.sampled_from(
    [
        VGG(11, (3, 4, 5, 4, 6, 5, 4, 6)),
        VGG(13, (3, 4, 5, 4, 2, 5, 4, 6, 3, 5)),
        VGG(11, (2,) * 8),
        ResNet12((3, 4, 5, 4, 2, 5, 4, 6, 3, 5, 4, 6)),
        ResNet12((2,) * 12),
        ConvNet4((3, 4, 5, 4), channels=3),
        VGG(11, (3, 4, 5, 4, 6, 5, 4, 6), channels=1),
    ]
)


@given(ANY, ANY, SHARES, SEEDS, st.sampled_from(["zero", "random"]))
def test_reports_are_true(
    toys: ModuleType, ancestor: Backbone, backbone: Backbone, share: float, seed: int, cross: str
) -> None:
    """Every tensor is in one list, untouched ones keep their values, and the share counts what was written."""
    learngene = toys.learngene(ancestor, share=share, seed=seed)
    weights = toys.network(backbone, seed=1).state_dict()
    before = {name: tensor.clone() for name, tensor in weights.items()}
    report = inherit(learngene, weights, layout=backbone.layout, cross=cross)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in before.items())
    assert sorted([*report.full, *report.part, *report.filled, *report.untouched]) == sorted(weights)
    assert all(torch.equal(report.weights[name], weights[name]) for name in report.untouched)
    assert 0 < report.share <= 1
    assert all(len(set(slots.tolist())) == len(slots) for slots in report.slots.values())
    assert all(note.endswith(".") for note in report.notes)
    network = toys.network(backbone)
    network.load_state_dict(report.weights)
    assert network(images_for(backbone, toys, seed)).isfinite().all()


@given(backbones(), SEEDS, st.data())
def test_narrower_heirs_keep_the_channels_of_largest_norm(
    toys: ModuleType, backbone: Backbone, seed: int, data: st.DataObject
) -> None:
    """A narrower heir becomes a circuit of the learngene: in each group the channels of the largest weights."""
    learngene = toys.learngene(backbone, share=1, seed=seed)
    layout = backbone.layout
    narrow = backbone.resized(
        {group: data.draw(st.integers(1, width), label=group) for group, width in layout.groups.items()}
    )
    report, _ = heir_of(learngene, narrow, toys)
    kept = {}
    for group, width in narrow.layout.groups.items():
        norms = sum(
            part.square().flatten(1).sum(1)
            for name, part in learngene.slices.items()
            if layout.axes[name][0] == group and part.ndim > 1
        )
        kept[group] = norms.argsort(descending=True, stable=True)[:width].sort().values
    whole = whole_circuit(layout)
    expected = extract({**learngene.slices}, kept, backbone=backbone, provenance=kept)
    assert len(whole) == len(kept)
    assert report.share == 1
    assert all(torch.equal(report.weights[name], part) for name, part in expected.slices.items())
    narrower = sum(width < layout.groups[group] for group, width in narrow.layout.groups.items())
    assert sum("has room for" in note for note in report.notes) == narrower


def test_shallower_heirs_drop_layers_with_a_warning(toys: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """The surplus layers of each stage are named in the report and in one warning."""
    learngene = toys.learngene(VGG(13, (4,) * 10))
    with caplog.at_level(logging.WARNING):
        report, _ = heir_of(learngene, VGG(11, (4,) * 8), toys)
    dropped = ["conv2", "conv4"]
    assert [note.split()[0] for note in report.notes] == dropped
    (record,) = caplog.records
    assert all(name in record.getMessage() for name in dropped)
    assert torch.equal(report.weights["norm2.weight"][report.slots["conv2"]], learngene.slices["norm3.weight"])


@torch.no_grad()
@pytest.mark.parametrize("kind", [VGG(11, (4,) * 8), ResNet12((4,) * 12)])
def test_colours_of_grey_images_make_no_difference(kind: VGG | ResNet12, toys: ModuleType) -> None:
    """A circuit for one channel sees in grey colour images what it saw, and one for colours in one channel likewise."""
    grey, colour = (type(kind)(widths=kind.widths, channels=channels) for channels in (1, 3))
    images = torch.randn(2, 1, 32, 32, generator=toys.generator())
    for ancestor, heir in ((grey, colour), (colour, grey)):
        learngene = toys.learngene(ancestor)
        report, network = heir_of(learngene, heir, toys)
        alone = learngene.to_module(classes=3).eval().features(images.expand(-1, ancestor.channels, -1, -1))
        inside = network.features(images.expand(-1, heir.channels, -1, -1))[:, features_of(heir.layout, report.slots)]
        torch.testing.assert_close(inside, alone, rtol=1e-5, atol=1e-5)
        assert any("input channels instead of" in note for note in report.notes)


def test_vgg_and_resnet12_exchange_layers_by_stage_and_position(toys: ModuleType) -> None:
    """The k-th convolution of a stage goes to the k-th of the same stage, and shortcuts add nothing to genes."""
    learngene = toys.learngene(VGG(11, (4,) * 8))
    report, _ = heir_of(learngene, ResNet12((6,) * 12), toys)
    layout = ResNet12((6,) * 12).layout
    partners = {"block1_conv1": "conv1", "block2_conv1": "conv2", "block3_conv1": "conv3", "block3_conv2": "conv4"}
    for name, source in partners.items():
        here = report.weights[f"{name}.weight"]
        assert torch.equal(
            here[grid(layout, f"{name}.weight", report.slots, here)], learngene.slices[f"{source}.weight"]
        )
    assert not report.weights["block2_shortcut.weight"][report.slots["block2.out"]].any()
    assert {"block1_conv2.weight", "block1_shortcut.weight"} <= set(report.filled)


def test_a_partial_learngene_moves_alone(toys: ModuleType) -> None:
    """Layers of a partial learngene go to their counterparts, and surplus layers stay as they are."""
    backbone = VGG(11, (4,) * 8)
    weights, whole = toys.network(backbone).state_dict(), whole_circuit(backbone.layout)
    learngene = extract(weights, whole, backbone=backbone, provenance=whole, tensors={"conv8.weight", "norm8.weight"})
    report, _ = heir_of(learngene, VGG(13, (6,) * 10), toys)
    assert {*report.full, *report.part} == {"conv10.weight", "norm10.weight"}
    assert report.filled == ()
    fresh = toys.network(VGG(13, (6,) * 10), seed=1).state_dict()
    assert torch.equal(report.weights["conv2.weight"], fresh["conv2.weight"])

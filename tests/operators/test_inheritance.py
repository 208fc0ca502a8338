"""Inheritance: a circuit that moves into another network computes there what it computed alone."""

from itertools import cycle
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.backbones import MLP, VGG, ConvNet4, ResNet12
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Pixels, Recipe, Training, train_all
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.inheritance import cross_masks, extract, gene_slots, inherit

Kind = MLP | ConvNet4 | VGG | ResNet12

WIDTHS = st.integers(1, 7)
CHANNELS = st.integers(1, 3)
BACKBONES = (
    st.builds(MLP, widths=st.lists(WIDTHS, min_size=1, max_size=4).map(tuple), inputs=st.integers(1, 9))
    | st.builds(ConvNet4, widths=st.tuples(*[WIDTHS] * 4), channels=CHANNELS)
    | st.builds(VGG, widths=st.tuples(*[WIDTHS] * 8), channels=CHANNELS)
    | st.builds(ResNet12, widths=st.tuples(*[WIDTHS] * 12), channels=CHANNELS)
)
SHARES = st.floats(0.05, 1)
SEEDS = st.integers(0, 2**32)
CROSS = st.sampled_from(["zero", "random"])
# Per group how much wider the heir is than the ancestor, again and again.
SURPLUS = st.lists(st.integers(0, 4), min_size=4, max_size=4)


def widened(backbone: Kind, surplus: list[int]) -> Kind:
    """Return the same structure with surplus channels in each group."""
    return backbone.resized(
        {
            group: width + more
            for (group, width), more in zip(backbone.layout.groups.items(), cycle(surplus), strict=False)
        }
    )


def bits(tensor: Tensor) -> bytes:
    """Return the bytes of a tensor."""
    return tensor.detach().contiguous().numpy().tobytes()


def same(first: Learngene, second: Learngene) -> bool:
    """Return whether all slices are equal bit for bit."""
    return all(bits(tensor) == bits(second.slices[name]) for name, tensor in first.slices.items())


@given(BACKBONES, SHARES, SURPLUS, CROSS, SEEDS)
def test_what_is_inherited_can_be_extracted(
    toys: ModuleType, backbone: Kind, share: float, surplus: list[int], cross: str, seed: int
) -> None:
    """Extracting at the slots gives the learngene's slices back bit for bit, from heirs of any larger width."""
    learngene, heir = toys.learngene(backbone, share=share, seed=seed), widened(backbone, surplus)
    weights = toys.network(heir, seed=seed + 1).state_dict()
    inheritance = inherit(learngene, weights, layout=heir.layout, cross=cross)
    back = extract(inheritance.weights, inheritance.slots, backbone=heir, provenance=learngene.provenance)
    assert same(learngene, back)
    for group, slots in inheritance.slots.items():
        equal = heir.layout.groups[group] == backbone.layout.groups[group]
        assert slots.tolist() == (learngene.indices[group].tolist() if equal else list(range(len(slots))))
    if heir == backbone:
        again = inherit(back, weights, layout=heir.layout, cross=cross)
        assert all(bits(tensor) == bits(again.weights[name]) for name, tensor in inheritance.weights.items())


@given(BACKBONES, SHARES, SURPLUS, SEEDS, st.data())
def test_some_tensors_can_be_read_and_inherited(
    toys: ModuleType, backbone: Kind, share: float, surplus: list[int], seed: int, data: st.DataObject
) -> None:
    """What is extracted of some tensors is inherited by them alone; the share counts them alone."""
    whole, heir = toys.learngene(backbone, share=share, seed=seed), widened(backbone, surplus)
    held = data.draw(st.sets(st.sampled_from([*whole.slices]), min_size=1))
    ancestor = toys.network(backbone, seed=seed).state_dict()
    partial = extract(ancestor, whole.indices, backbone=backbone, provenance=whole.provenance, tensors=held)
    assert set(partial.slices) == held
    assert all(bits(part) == bits(whole.slices[name]) for name, part in partial.slices.items())
    fresh = toys.network(heir, seed=seed + 1).state_dict()
    some, every = (inherit(learngene, fresh, layout=heir.layout) for learngene in (partial, whole))
    for name, tensor in some.weights.items():
        assert bits(tensor) == bits((every.weights if name in held else fresh)[name])
    assert some.share == partial.parameters / heir.layout.parameters() <= every.share


@given(BACKBONES, SHARES, SEEDS)
def test_memory_layouts_make_no_difference(toys: ModuleType, backbone: Kind, share: float, seed: int) -> None:
    """A network with channels last in memory gives the same bytes, in the usual order."""
    learngene = toys.learngene(backbone, share=share, seed=seed)
    network = toys.network(backbone, seed=seed).to(memory_format=torch.channels_last)
    again = extract(network.state_dict(), learngene.indices, backbone=backbone, provenance=learngene.provenance)
    assert again.to_bytes() == learngene.to_bytes()
    assert all(tensor.is_contiguous() for tensor in again.slices.values())


@given(BACKBONES, SHARES, SURPLUS, SEEDS)
def test_zero_cross_weights_keep_the_circuit_computing(
    toys: ModuleType, backbone: Kind, share: float, surplus: list[int], seed: int
) -> None:
    """In evaluation, the gene channels of every layer of any wide enough heir give what the circuit alone gives."""
    learngene, heir = toys.learngene(backbone, share=share, seed=seed), widened(backbone, surplus)
    network, images = toys.network(heir, seed=seed + 1), toys.normal_images(backbone, seed=seed)
    inheritance = inherit(learngene, network.state_dict(), layout=heir.layout, cross="zero")
    network.load_state_dict(inheritance.weights)
    circuit = learngene.to_module(classes=3)
    alone = toys.group_outputs(circuit, backbone, images)
    inside = toys.group_outputs(network, heir, images)
    assert list(alone) == list(backbone.layout.groups)
    for group, outputs in alone.items():
        torch.testing.assert_close(inside[group][:, inheritance.slots[group]], outputs, rtol=1e-5, atol=1e-5)
    last = inheritance.slots[[*alone][-1]]
    with torch.no_grad():
        features = network.features(images)[:, last]
        torch.testing.assert_close(features, circuit.features(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("surplus", [0, 3])
@pytest.mark.parametrize("backbone", [MLP(widths=(8, 9, 7), inputs=10), ConvNet4(widths=(6, 7, 7, 8))])
def test_random_cross_weights_disturb_the_circuit(backbone: Kind, surplus: int, toys: ModuleType) -> None:
    """With random cross weights the first layer's genes compute as before, and all later ones something else."""
    learngene, heir = toys.learngene(backbone), widened(backbone, [surplus] * 4)
    network, images = toys.network(heir, seed=1), toys.normal_images(backbone)
    inheritance = inherit(learngene, network.state_dict(), layout=heir.layout, cross="random")
    network.load_state_dict(inheritance.weights)
    alone = toys.group_outputs(learngene.to_module(classes=3), backbone, images)
    inside = toys.group_outputs(network, heir, images)
    changes = [
        float((inside[group][:, slots] - alone[group]).abs().max()) for group, slots in inheritance.slots.items()
    ]
    assert changes[0] < 1e-5
    assert min(changes[1:]) > 1e-2


@given(BACKBONES, SHARES, SURPLUS, SEEDS)
def test_cross_masks_are_the_weights_into_the_circuit(
    toys: ModuleType, backbone: Kind, share: float, surplus: list[int], seed: int
) -> None:
    """A mask marks non-gene inputs of gene channels and has its tensor's shape; nothing else has a mask."""
    learngene, heir = toys.learngene(backbone, share=share, seed=seed), widened(backbone, surplus)
    slots = gene_slots(learngene, heir.layout)
    masks = cross_masks(heir.layout, slots)
    for name, axes in heir.layout.axes.items():
        source = axes[1] if len(axes) > 1 else None
        if source is None or len(slots[source]) == heir.layout.groups[source]:
            assert name not in masks
            continue
        mask = masks[name]
        assert mask.dtype == torch.bool
        assert tuple(mask.shape) == heir.layout.shapes[name]
        marked = (
            {tuple(place) for place in mask.flatten(2).nonzero()[:, :2].tolist()}
            if mask.ndim > 2
            else {tuple(place) for place in mask.nonzero().tolist()}
        )
        outside = set(range(heir.layout.groups[source])) - set(slots[source].tolist())
        assert marked == {(gene, other) for gene in slots[axes[0]].tolist() for other in outside}
        assert mask.sum() == len(marked) * mask[0, 0].numel()


@given(BACKBONES, SHARES, SURPLUS, CROSS, SEEDS)
def test_the_report_partitions_the_tensors(
    toys: ModuleType, backbone: Kind, share: float, surplus: list[int], cross: str, seed: int
) -> None:
    """Each tensor is inherited in full, in part or not at all; the head is not, and the share is what it says."""
    learngene, heir = toys.learngene(backbone, share=share, seed=seed), widened(backbone, surplus)
    weights = toys.network(heir, seed=seed + 1).state_dict()
    report = inherit(learngene, weights, layout=heir.layout, cross=cross)
    assert sorted([*report.full, *report.part, *report.untouched]) == sorted(weights)
    assert set(report.untouched) == {name for name in weights if name not in heir.layout.axes}
    assert {"head.weight", "head.bias"} <= set(report.untouched)
    for name in heir.layout.axes:
        whole = learngene.slices[name].numel() == weights[name].numel()
        assert name in (report.full if whole else report.part)
    for name in report.untouched:
        assert torch.equal(report.weights[name], weights[name])
    inherited = sum(t.numel() for name, t in learngene.slices.items() if name not in heir.layout.buffers)
    assert report.share == inherited / heir.layout.parameters() <= 1


@given(BACKBONES, CROSS, SEEDS)
def test_a_whole_network_is_copied(toys: ModuleType, backbone: Kind, cross: str, seed: int) -> None:
    """A learngene of all channels gives an heir of equal width everything but the head."""
    source, fresh = (toys.network(backbone, seed=number).state_dict() for number in (seed, seed + 1))
    whole = whole_circuit(backbone.layout)
    learngene = extract(source, whole, backbone=backbone, provenance=whole)
    report = inherit(learngene, fresh, layout=backbone.layout, cross=cross)
    assert report.share == 1
    assert report.part == ()
    assert all(torch.equal(report.weights[name], source[name]) for name in backbone.layout.axes)
    assert torch.equal(report.weights["head.weight"], fresh["head.weight"])


@pytest.mark.parametrize("isolate", [True, False])
@pytest.mark.parametrize("surplus", [0, 2])
@pytest.mark.parametrize("kind", ["MLP_BACKBONE", "CONVNET"])
def test_an_isolated_heir_stays_separable(kind: str, surplus: int, isolate: bool, toys: ModuleType) -> None:
    """Masked training keeps cross weights zero and the extracted circuit equal to the gene channels; plain doesn't."""
    backbone = getattr(toys, kind)
    learngene, heir = toys.learngene(backbone), widened(backbone, [surplus] * 4)
    dataset = toys.dataset(size=8 if kind == "MLP_BACKBONE" else 16)
    network = toys.network(heir, classes=4, seed=1)
    inheritance = inherit(learngene, network.state_dict(), layout=heir.layout)
    network.load_state_dict(inheritance.weights)
    masks = cross_masks(heir.layout, inheritance.slots)
    task = sample_task(dataset.ancestry, ways=4, shots=8, test_per_class=0, generator=toys.generator())
    pixels = Pixels.of(dataset)
    train_all(
        [
            Training(
                network=network,
                task=task,
                pixels=pixels,
                recipe=Recipe(updates=5, batch=16),
                generator=toys.generator(),
                zero=masks if isolate else {},
            )
        ]
    )
    trained = network.state_dict()
    child = extract(trained, inheritance.slots, backbone=heir, provenance=learngene.provenance)
    assert not torch.allclose(child.slices[f"{next(iter(masks))}"], learngene.slices[f"{next(iter(masks))}"])
    assert masks
    assert all((trained[name][mask] == 0).all() == isolate for name, mask in masks.items())
    images = pixels(task.source.images[:6])
    alone = toys.group_outputs(child.to_module(classes=4), backbone, images)
    inside = toys.group_outputs(network, heir, images)
    apart = [
        torch.allclose(inside[group][:, slots], alone[group], rtol=1e-4, atol=1e-5)
        for group, slots in inheritance.slots.items()
    ]
    assert apart == [True, *[isolate] * (len(apart) - 1)]


@given(BACKBONES, SHARES, SURPLUS, SEEDS)
def test_channels_have_no_order(toys: ModuleType, backbone: Kind, share: float, surplus: list[int], seed: int) -> None:
    """Permuting the channels of an heir consistently, the head's columns included, leaves its outputs unchanged."""
    learngene, heir = toys.learngene(backbone, share=share, seed=seed), widened(backbone, surplus)
    network, images = toys.network(heir, seed=seed + 1), toys.normal_images(backbone, seed=seed)
    weights = inherit(learngene, network.state_dict(), layout=heir.layout).weights
    source = toys.generator(seed)
    orders = {group: torch.randperm(width, generator=source) for group, width in heir.layout.groups.items()}
    permuted = dict(weights)
    for name, axes in [*heir.layout.axes.items(), ("head.weight", (None, [*orders][-1]))]:
        for axis, group in enumerate(axes):
            if group is not None:
                permuted[name] = permuted[name].index_select(axis, orders[group])
    with torch.no_grad():
        network.load_state_dict(weights)
        before = network(images)
        network.load_state_dict(permuted)
        torch.testing.assert_close(network(images), before, rtol=1e-5, atol=1e-5)


@given(BACKBONES, SHARES, SEEDS)
def test_an_heir_as_narrow_as_the_circuit_becomes_it(toys: ModuleType, backbone: Kind, share: float, seed: int) -> None:
    """An heir with exactly the circuit's channels holds nothing else."""
    learngene = toys.learngene(backbone, share=share, seed=seed)
    exact = backbone.resized(learngene.counts)
    report = inherit(learngene, toys.network(exact).state_dict(), layout=exact.layout)
    assert report.share == 1
    assert all(torch.equal(report.weights[name], tensor) for name, tensor in learngene.slices.items())


@pytest.mark.parametrize(
    ("backbone", "heir", "message"),
    [
        (
            MLP(widths=(8, 8), inputs=9),
            ConvNet4(widths=(4, 4, 4, 4)),
            "of the backbone mlp with the groups hidden1, hidden2 can't",
        ),
        (VGG(11, (3,) * 8), MLP(widths=(8,), inputs=9), "with the groups hidden1: their first layers differ"),
        (MLP(widths=(8, 8), inputs=9), MLP(widths=(8, 8), inputs=16), "hidden1.weight has the shape"),
        (ConvNet4((4, 4, 4, 4), channels=2), ConvNet4((4, 4, 4, 4), channels=3), "conv1.weight has the shape"),
    ],
)
def test_foreign_heirs_are_refused(backbone: Kind, heir: Kind, message: str, toys: ModuleType) -> None:
    """Another family, size of inputs or number of colours is named in one sentence, and nothing is changed."""
    weights = toys.network(heir).state_dict()
    before = {name: tensor.clone() for name, tensor in weights.items()}
    with pytest.raises(ValueError, match=message) as caught:
        inherit(toys.learngene(backbone), weights, layout=heir.layout)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights.items())


def test_missing_tensors_are_named(toys: ModuleType) -> None:
    """As of a module that names its layers otherwise than the backbone's networks do."""
    backbone = toys.MLP_BACKBONE
    weights = {f"mine.{name}": tensor for name, tensor in toys.network(backbone).state_dict().items()}
    name = next(iter(backbone.layout.axes))
    with pytest.raises(ValueError, match=rf"^weights must hold every tensor of the layout, but they lack {name}.*\.$"):
        inherit(toys.learngene(backbone), weights, layout=backbone.layout)


def test_an_unknown_cross_is_refused(toys: ModuleType) -> None:
    """Only the two words are allowed."""
    backbone = toys.MLP_BACKBONE
    with pytest.raises(ValueError, match=r"""^cross must be "zero" or "random", but it is 'none'\.$"""):
        inherit(toys.learngene(backbone), toys.network(backbone).state_dict(), layout=backbone.layout, cross="none")

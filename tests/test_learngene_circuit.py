"""The circuit that a learngene holds: its sizes, parts of it, and the network that it is by itself."""

from dataclasses import replace
from types import ModuleType

import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.backbones import MLP, ConvNet4
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.seeds import stream

Kind = MLP | ConvNet4

WIDTHS = st.integers(1, 7)
BACKBONES = st.builds(
    MLP, widths=st.lists(WIDTHS, min_size=1, max_size=4).map(tuple), inputs=st.integers(1, 9)
) | st.builds(ConvNet4, widths=st.tuples(*[WIDTHS] * 4), channels=st.integers(1, 3))
SHARES = st.floats(0.05, 1)
SEEDS = st.integers(0, 2**32)


@given(BACKBONES, SHARES, SEEDS)
def test_sizes_are_those_of_the_circuit(toys: ModuleType, backbone: Kind, share: float, seed: int) -> None:
    """Counts, parameters and share are what the slices hold, and a whole circuit has the share 1."""
    learngene = toys.learngene(backbone, share=share, seed=seed)
    sizes = {name: tensor.numel() for name, tensor in learngene.slices.items() if name not in backbone.layout.buffers}
    assert learngene.parameters == sum(sizes.values())
    assert learngene.counts == {group: len(indices) for group, indices in learngene.indices.items()}
    assert learngene.share == learngene.parameters / backbone.layout.parameters()
    assert (learngene.share == 1) == (learngene.counts == dict(backbone.layout.groups))


@given(BACKBONES, SHARES, SEEDS, st.data())
def test_a_learngene_may_hold_some_tensors_only(
    toys: ModuleType, backbone: Kind, share: float, seed: int, data: st.DataObject
) -> None:
    """A partial learngene counts what it holds, survives its file, and becomes a module with other weights fresh."""
    whole = toys.learngene(backbone, share=share, seed=seed)
    held = data.draw(st.sets(st.sampled_from([*whole.slices]), min_size=1))
    learngene = replace(whole, slices={name: part for name, part in whole.slices.items() if name in held})
    sizes = {name: part.numel() for name, part in learngene.slices.items() if name not in backbone.layout.buffers}
    assert learngene.parameters == sum(sizes.values())
    assert learngene.share == learngene.parameters / backbone.layout.parameters() <= whole.share
    loaded = Learngene.from_bytes(learngene.to_bytes())
    assert loaded.to_bytes() == learngene.to_bytes()
    assert set(loaded.slices) == held
    weights, other = (gene.to_module(classes=2, seed=5).state_dict() for gene in (learngene, whole))
    fresh = backbone.resized(whole.counts).build(2, generator=stream(5, "head")).state_dict()
    for name, tensor in weights.items():
        assert torch.equal(tensor, other[name] if name in held else fresh[name])


@given(BACKBONES, SHARES, SEEDS, st.integers(1, 6))
def test_the_circuit_is_a_network_of_its_own(
    toys: ModuleType, backbone: Kind, share: float, seed: int, classes: int
) -> None:
    """The module holds the slices, in memory of its own, and a head for the classes that the seed alone decides."""
    learngene = toys.learngene(backbone, share=share, seed=seed)
    before = learngene.to_bytes()
    network = learngene.to_module(classes=classes, seed=3)
    weights = network.state_dict()
    assert {name for name in weights if not name.endswith("num_batches_tracked")} == {
        *learngene.slices,
        "head.weight",
        "head.bias",
    }
    assert all(torch.equal(weights[name], tensor) for name, tensor in learngene.slices.items())
    with torch.no_grad():
        assert network.eval()(toys.normal_images(backbone, count=2)).shape == (2, classes)
    assert torch.equal(weights["head.weight"], learngene.to_module(classes=classes, seed=3).head.weight)
    assert not torch.equal(weights["head.weight"], learngene.to_module(classes=classes).head.weight)
    for tensor in weights.values():
        tensor.zero_()
    assert learngene.to_bytes() == before


@torch.no_grad()
def test_a_whole_circuit_is_the_network(toys: ModuleType) -> None:
    """The module of a learngene with every channel has the features of the ancestor."""
    backbone, images = toys.CONVNET, toys.normal_images(toys.CONVNET)
    learngene = toys.learngene(backbone, share=1.0)
    assert all(torch.equal(kept, whole_circuit(backbone.layout)[group]) for group, kept in learngene.indices.items())
    circuit = learngene.to_module(classes=3).eval()
    torch.testing.assert_close(circuit.features(images), toys.network(backbone).features(images))

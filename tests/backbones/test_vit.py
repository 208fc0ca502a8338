"""The vision transformer: groups of channels, heads and hidden units, and where its circuits stay what they are."""

from dataclasses import replace
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from neuroevo.backbones import ViT
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract, inherit

SMALL = ViT((6, 3, 5, 2, 4), head_width=2, channels=2, size=16)
SEEDS = st.integers(0, 2**32)


@torch.no_grad()
def test_features_by_hand(toys: ModuleType) -> None:
    """With layer norms: attention and perceptron, each on the normed stream and added to it, and an average."""
    backbone = replace(SMALL, norm="layer")
    w = toys.network(backbone).state_dict()
    images = torch.randn(3, 2, 16, 16, generator=toys.generator())
    tokens = F.conv2d(images, w["patches.weight"], w["patches.bias"], stride=4) + w["positions"]
    tokens = tokens.flatten(2).transpose(1, 2)

    def linear(name: str, inputs: torch.Tensor) -> torch.Tensor:
        return inputs @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def normed(name: str, inputs: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(inputs, (6,), w[f"{name}.weight"], w[f"{name}.bias"])

    for block, heads in (("block1", 3), ("block2", 2)):
        inside = normed(f"{block}_norm1", tokens)
        query, key, value = (linear(f"{block}_{name}", inside) for name in ("query", "key", "value"))
        read = []
        for head in range(heads):
            part = slice(2 * head, 2 * head + 2)
            scores = query[..., part] @ key[..., part].transpose(1, 2) / 2**0.5
            read.append(scores.softmax(-1) @ value[..., part])
        tokens = tokens + linear(f"{block}_out", torch.cat(read, -1))
        hidden = F.gelu(linear(f"{block}_expand", normed(f"{block}_norm2", tokens)))
        tokens = tokens + linear(f"{block}_contract", hidden)
    expected = normed("norm", tokens).mean(1)
    torch.testing.assert_close(toys.network(backbone).features(images), expected, rtol=1e-4, atol=1e-5)


@given(st.sampled_from(["batch", "layer"]), SEEDS)
def test_circuits_with_the_whole_stream_compute_alone(toys: ModuleType, norm: str, seed: int) -> None:
    """At equal width of the stream, heirs with more heads, units and blocks compute what the circuit computes."""
    backbone, generator = replace(SMALL, norm=norm), toys.generator(seed)
    kept = {**random_circuit(backbone.layout, share=0.3, generator=generator), "stream": torch.arange(6)}
    network = toys.network(backbone, seed=seed)
    learngene = extract(network.state_dict(), kept, backbone=backbone, provenance=kept)
    heir = replace(backbone, widths=(6, 4, 6, 3, 5, 2, 2))
    grown = toys.network(heir, seed=seed + 1)
    report = inherit(learngene, grown.state_dict(), layout=heir.layout)
    grown.load_state_dict(report.weights)
    images = torch.randn(3, 2, 16, 16, generator=generator)
    with torch.no_grad():
        alone = learngene.to_module(classes=3).eval().features(images)
        torch.testing.assert_close(grown.features(images), alone, rtol=1e-4, atol=1e-5)
    assert report.slots["block3.heads"].tolist() == []


@pytest.mark.parametrize("surplus", [0, 3])
def test_what_is_inherited_can_be_extracted(surplus: int, toys: ModuleType) -> None:
    """Bit for bit, whole heads at a time."""
    learngene = toys.learngene(SMALL)
    heir = SMALL.resized({group: width + surplus for group, width in SMALL.layout.groups.items()})
    report = inherit(learngene, toys.network(heir, seed=1).state_dict(), layout=heir.layout)
    back = extract(report.weights, report.slots, backbone=heir, provenance=learngene.provenance)
    assert all(torch.equal(part, back.slices[name]) for name, part in learngene.slices.items())
    heads = learngene.counts["block1.heads"]
    assert learngene.slices["block1_query.weight"].shape == (2 * heads, learngene.counts["stream"])


def test_positions_of_other_images_are_interpolated(toys: ModuleType) -> None:
    """An heir for larger images gets the positions in between, and the report says so."""
    learngene, heir = toys.learngene(SMALL), replace(SMALL, size=32)
    report = inherit(learngene, toys.network(heir, seed=1).state_dict(), layout=heir.layout)
    (note,) = report.notes
    assert note == "positions was interpolated from 4x4 to 8x8."
    slots = report.slots["stream"]
    expected = F.interpolate(learngene.slices["positions"].unsqueeze(0), [8, 8], mode="bilinear")[0]
    assert torch.equal(report.weights["positions"][slots], expected)

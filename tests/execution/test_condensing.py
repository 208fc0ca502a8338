"""Condensing: the circuit learns as if it ran alone, and the whole network does not learn from it."""

from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import Backbone, Network
from neuroevo.execution.condensing import Condensing, divergence
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract, inherit
from neuroevo.operators.places import features_of

CLASSES = 3


def heir_of(backbone: Backbone, generator: torch.Generator) -> tuple[Network, Learngene]:
    """Return an heir with zero cross weights, and the learngene that it inherited."""
    circuit = random_circuit(backbone.layout, share=0.4, generator=generator)
    provenance = {group: torch.arange(len(indices)) for group, indices in circuit.items()}
    ancestor, heir = (backbone.build(CLASSES, generator=generator) for _ in range(2))
    learngene = extract(ancestor.state_dict(), circuit, backbone=backbone, provenance=provenance)
    heir.load_state_dict(inherit(learngene, heir.state_dict(), layout=backbone.layout).weights)
    return heir.train(), learngene


def alone(heir: Network, learngene: Learngene) -> Network:
    """Return the circuit as a network of its own, in training, with its columns of the heir's head."""
    circuit = learngene.to_module(classes=CLASSES)
    columns = features_of(learngene.backbone.layout, learngene.indices)
    circuit.head.load_state_dict({"weight": heir.head.weight[:, columns].detach(), "bias": heir.head.bias.detach()})
    return circuit.train()


def batch(generator: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
    """Return images and labels."""
    images = torch.rand(6, 1, size, size, generator=generator)
    return images, torch.randint(CLASSES, (6,), generator=generator)


@pytest.mark.parametrize(("name", "size"), [("MLP_BACKBONE", 8), ("CONVNET", 16)])
@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_the_circuit_inside_answers_as_it_would_alone(name: str, size: int, weight: float, toys: ModuleType) -> None:
    """The loss is computed from the whole network and from the extracted circuit, each run separately."""
    generator = toys.generator(3)
    backbone = getattr(toys, name)
    heir, learngene = heir_of(backbone, generator)
    images, labels = batch(generator, size)
    loss = Condensing(features_of(backbone.layout, learngene.indices), weight)(heir, images, labels)
    whole, circuit = heir(images), alone(heir, learngene)(images)
    expected = F.cross_entropy(whole, labels) + F.cross_entropy(circuit, labels) + weight * divergence(whole, circuit)
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-5)


def test_the_whole_does_not_learn_from_distillation(toys: ModuleType) -> None:
    """Distillation changes only the circuit's columns of the head: its gradient stops at the teacher."""
    generator = toys.generator(4)
    heir, learngene = heir_of(toys.CONVNET, generator)
    images, labels = batch(generator, 16)
    columns = learngene.indices["conv4"]
    gradients = []
    for weight in (0.0, 50.0):
        heir.zero_grad()
        Condensing(columns, weight)(heir, images, labels).backward()
        assert heir.head.weight.grad is not None
        gradients.append(heir.head.weight.grad.clone())
    others = torch.ones(heir.head.in_features, dtype=torch.bool).index_fill_(0, columns, False)
    torch.testing.assert_close(gradients[0][:, others], gradients[1][:, others])
    assert not torch.allclose(gradients[0][:, columns], gradients[1][:, columns])


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(2, 6))
def test_divergence_is_none_between_equals_and_positive_else(seed: int, count: int, classes: int) -> None:
    """KL(p || q) is 0 for equal logits and never below 0, and a constant added to the logits changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(count, classes, generator=generator, dtype=torch.float64) for _ in range(2))
    torch.testing.assert_close(divergence(first, first + 3), torch.zeros((), dtype=torch.float64))
    assert float(divergence(first, second)) >= 0
    by_hand = (first.softmax(1) * (first.log_softmax(1) - second.log_softmax(1))).sum() / count
    torch.testing.assert_close(divergence(first, second), by_hand)

"""Learngenes of networks that were trained elsewhere."""

from types import ModuleType

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from neuroevo.backbones import ConvNet4, trace
from neuroevo.operators.inheritance import inherit
from neuroevo.operators.trained import cut, fitted


def trained() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """Return a network that has learned to say where on a line a bump lies, and the task."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 4
    places = torch.arange(32) - (4 + 8 * labels).unsqueeze(1)
    inputs = torch.exp(-(places.float() ** 2) / 8) + 0.3 * torch.randn(120, 32, generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = nn.Sequential(
            *(nn.Conv1d(1, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(4)),
            *(nn.Conv1d(8, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)),
        )
    learn(module, inputs.unsqueeze(1), labels, updates=60)
    return module, inputs.unsqueeze(1), labels


def learn(network: nn.Module, inputs: torch.Tensor, labels: torch.Tensor, *, updates: int) -> float:
    """Train a network, and return its last loss."""
    optimiser = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9)
    network.train()
    for _ in range(updates):
        loss = F.cross_entropy(network(inputs), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return float(loss.detach())


def test_a_descendant_of_a_trained_network_starts_better_than_scratch() -> None:
    """With 40 % of the trained weights and a new head its loss after few updates is lower, on the same start."""
    module, inputs, labels = trained()
    backbone, weights = trace(module, image=(1, 32), weights=True)
    learngene = cut(weights, backbone=backbone, share=0.4)
    losses = []
    for inherits in (True, False):
        network = backbone.build(4, generator=torch.Generator().manual_seed(1))
        if inherits:
            network.load_state_dict(inherit(learngene, network.state_dict(), layout=backbone.layout).weights)
        losses.append(learn(network, inputs, labels, updates=5))
    assert losses[0] < 0.8 * losses[1]


def test_all_of_a_network_comes_back_bit_for_bit() -> None:
    """At share 1, under the module's names as under the backbone's."""
    module, *_ = trained()
    backbone, weights = trace(module, image=(1, 32), weights=True)
    for state in (module.state_dict(), weights):
        resized, own = fitted(state, backbone.resized(dict.fromkeys(backbone.names, 3)))
        assert resized == backbone
        learngene = cut(own, backbone=resized, share=1)
        assert all(torch.equal(part, weights[name]) for name, part in learngene.slices.items())
        heir = resized.build(4, generator=torch.Generator().manual_seed(2))
        report = inherit(learngene, heir.state_dict(), layout=resized.layout)
        assert all(torch.equal(report.weights[name], weights[name]) for name in resized.layout.axes)


def test_what_does_not_fit_is_named(toys: ModuleType) -> None:
    """Missing tensors, other shapes, and numbers that are not finite."""
    backbone = ConvNet4(widths=(2, 3, 4, 5), channels=1)
    state = toys.network(backbone, seed=0).state_dict()
    assert fitted(state, ConvNet4(channels=1))[0] == backbone
    name = [*backbone.layout.axes][-1]
    with pytest.raises(ValueError, match=f"1 of its {len(backbone.layout.axes)} tensors are missing.*{name}"):
        fitted({each: tensor for each, tensor in state.items() if each != name}, backbone)
    with pytest.raises(ValueError, match=f"{name} must have the shape"):
        fitted({**state, name: torch.zeros(1, 1)}, backbone)
    with pytest.raises(ValueError, match=f"{name} must have finite weights"):
        fitted({**state, name: torch.full_like(state[name], torch.nan)}, backbone)

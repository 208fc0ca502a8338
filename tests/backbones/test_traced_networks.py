"""The table of docs/traced-networks.md: each model is taken, computes what it did, and its circuits are closed."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from neuroevo.backbones import trace
from neuroevo.operators.circuits import random_circuit, whole_circuit
from neuroevo.operators.inheritance import extract, inherit
from neuroevo.operators.places import features_of
from neuroevo.testing.architectures import random_network

PAGE = (Path(__file__).parents[2] / "docs" / "traced-networks.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (torchvision|timm) \| `(\w+)` \| (\d+) \|$", re.MULTILINE)
MODELS = [(library, name, int(size)) for library, name, size in ROW.findall(PAGE)]


def made(library: str, name: str) -> nn.Module:
    """Return a model with random weights, which PyTorch draws from the global generator."""
    module = pytest.importorskip(library)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if library == "timm":
            model: nn.Module = module.create_model(name)
            return model
        # These two warn that torchvision will initialise them otherwise one day.
        settings = {"init_weights": True} if name in ("inception_v3", "googlenet") else {}
        return module.models.get_model(name, weights=None, **settings)


def generator(seed: int) -> torch.Generator:
    """Return a generator."""
    return torch.Generator().manual_seed(seed)


def test_the_table_is_read() -> None:
    """As many models as the page says."""
    assert [sum(library == each for library, *_ in MODELS) for each in ("torchvision", "timm")] == [23, 12]


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name", "size"), MODELS, ids=lambda value: str(value))
@torch.no_grad()
def test_a_model_of_the_table(library: str, name: str, size: int) -> None:
    """Tracing compares it with the model; all of it comes back bit for bit, and a part in a wider heir is closed."""
    backbone, weights = trace(made(library, name), image=(3, size, size), weights=True)
    whole = whole_circuit(backbone.layout)
    everything = extract(weights, whole, backbone=backbone, provenance=whole)
    assert all(torch.equal(part, weights[each]) for each, part in everything.slices.items())
    circuit = random_circuit(backbone.layout, share=0.4, generator=generator(0))
    learngene = extract(weights, circuit, backbone=backbone, provenance=circuit)
    wider = backbone.resized({group: width + 1 for group, width in backbone.groups.items()})
    heir = random_network(wider, generator=generator(1)).double()
    report = inherit(learngene, heir.state_dict(), layout=wider.layout)
    heir.load_state_dict(report.weights)
    images = torch.randn(2, 3, size, size, dtype=torch.float64, generator=generator(2))
    alone = learngene.to_module(classes=2).double().eval().features(images)
    inside = heir.features(images)[:, features_of(wider.layout, report.slots)]
    assert float((inside - alone).abs().max()) <= 1e-9 * float(alone.abs().max())

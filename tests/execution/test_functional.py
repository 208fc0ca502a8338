"""Calls with other parameters: every module gives what a copy that holds them gives, and stays as it was."""

import copy
import pickle
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training, train_all
from neuroevo.execution.forward import Forward
from neuroevo.execution.functional import shares_parameters
from neuroevo.space import Space
from neuroevo.testing.laws.content import difference, module_content


class Twice(nn.Module):
    """A layer under two names, and another one with its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first
        self.third = nn.Linear(4, 4)
        self.third.weight = self.first.weight

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs of all three."""
        return self.third(torch.tanh(self.second(torch.tanh(self.first(inputs)))))


class Listed(nn.Module):
    """A module list that holds one layer twice."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.Linear(4, 4)
        self.layers = nn.ModuleList([layer, nn.Linear(4, 4), layer])

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs of the last."""
        for layer in self.layers:
            inputs = torch.tanh(layer(inputs))
        return inputs


class Last(nn.Module):
    """The last outputs of a recurrent layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs [N, features]."""
        return self.layer(inputs)[0][:, -1]


class Branching(nn.Module):
    """Control flow by values, which vmap refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.twin = self.layer

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs with a sign by the sum."""
        outputs = self.twin(self.layer(inputs))
        return outputs if outputs.sum() > 0 else -outputs


def sequential(*layers: nn.Module) -> nn.Sequential:
    """Return a chain that ends with its first layer."""
    return nn.Sequential(*layers, layers[0])


VECTORS, SERIES, IMAGES = (3, 4), (3, 5, 4), (3, 1, 6, 6)
MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "two names": (Twice, VECTORS),
    "list": (Listed, VECTORS),
    "branching": (Branching, VECTORS),
    "chain with a layer twice": (lambda: sequential(nn.Linear(4, 4), nn.Tanh()), VECTORS),
    "normed": (lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.PReLU(), nn.LayerNorm(4)), VECTORS),
    "weight norm": (lambda: sequential(parametrizations.weight_norm(nn.Linear(4, 4)), nn.ReLU()), VECTORS),
    "spectral norm": (lambda: nn.Sequential(parametrizations.spectral_norm(nn.Linear(4, 4))), VECTORS),
    "lstm": (lambda: Last(nn.LSTM(4, 3, batch_first=True)), SERIES),
    "gru": (lambda: Last(nn.GRU(4, 3, batch_first=True)), SERIES),
    "signals": (lambda: nn.Sequential(nn.Conv1d(5, 2, 2), nn.ReLU(inplace=True), nn.Flatten()), SERIES),
    "images": (lambda: sequential(nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)), IMAGES),
}


@torch.random.fork_rng(devices=[])
def made(name: str) -> tuple[nn.Module, Tensor]:
    """Return a module in evaluation mode, and inputs."""
    torch.manual_seed(0)
    make, shape = MODULES[name]
    return make().eval(), torch.randn(shape)


@torch.no_grad()
def plainly(module: nn.Module, weights: dict[str, Tensor], inputs: Tensor) -> Tensor:
    """Return the outputs of a copy that holds the weights."""
    network = copy.deepcopy(module)
    for name, parameter in network.named_parameters():
        parameter.copy_(weights.get(name, parameter))
    outputs: Tensor = network(inputs)
    return outputs


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("name", MODULES)
@settings(max_examples=2)
@given(count=st.integers(1, 3), seed=st.integers(0, 99), some=st.booleans(), shared=st.booleans())
def test_a_population_is_what_each_network_is(name: str, count: int, seed: int, some: bool, shared: bool) -> None:
    """Two evaluations give the plain outputs, and leave tensors, ties, hooks and the rest of the module unchanged."""
    module, inputs = made(name)
    first = next(iter(dict(module.named_parameters())))
    space = Space.of_module(module, only=[first] if some else [])
    genomes = space.sample(count, generator=torch.Generator().manual_seed(seed))
    batches = inputs if shared else torch.stack([inputs + place for place in range(count)])
    weights = [space.split(genome) for genome in genomes]
    expected = [plainly(module, one, inputs if shared else batches[place]) for place, one in enumerate(weights)]
    forward, before = Forward(module), module_content(SimpleNamespace(module=module))
    for _ in range(2):
        found = forward(space.split(genomes), batches, shared=shared)
        torch.testing.assert_close(found, torch.stack(expected), rtol=1e-4, atol=1e-5)
    assert not difference(before, module_content(SimpleNamespace(module=module)))
    copy.deepcopy(module)
    if "norm" not in name:
        pickle.dumps(module)


def test_networks_that_share_parameters_are_known() -> None:
    """Two names or places of one parameter."""
    assert [shares_parameters(made(name)[0]) for name in ("two names", "list", "normed")] == [True, True, False]


def test_networks_that_share_parameters_are_not_stacked_in_training(
    toys: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Their places would learn each on their own: a loop trains them, and they stay tied."""
    images = toys.labelled("tied", classes=2)
    task = sample_task(images, ways=2, shots=3, test_per_class=2, generator=toys.generator())
    network = toys.MLP_BACKBONE.build(2, generator=toys.generator())
    network.twin = next(layer for layer in network.modules() if isinstance(layer, nn.Linear))
    pixels, recipe = Pixels((0.5,), (0.25,)), Recipe(updates=2, batch=2)
    training = Training(network=network, task=task, recipe=recipe, pixels=pixels, generator=toys.generator())
    before = network.twin.weight.clone()
    train_all([training], execution=Execution(mode="stacked"))
    assert "a parameter stands in several places" in caplog.text
    assert network.twin.weight is next(network.parameters())
    assert not torch.equal(network.twin.weight, before)

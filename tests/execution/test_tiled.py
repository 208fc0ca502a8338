"""Convolutional networks in tiles: the outputs that one network alone gives for all images."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call

from neuroevo.execution import tiled
from neuroevo.execution.forward import Forward
from neuroevo.execution.tiled import Tiled
from neuroevo.execution.training import channels_last


def made(layer: type[nn.Module], *sizes: int, **settings: object) -> nn.Module:
    """Return a layer with uninitialised weights."""
    return nn.utils.skip_init(layer, *sizes, **settings)


def drawn(module: nn.Module, seed: int = 0) -> nn.Module:
    """Draw all weights of a module."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data.normal_(generator=generator)
    return module.eval()


def network(channels: int, *, pool: type[nn.Module] = nn.MaxPool2d, rising: nn.Module | None = None) -> nn.Sequential:
    """Return a small convolutional network for images of 8 x 6."""
    return drawn(
        nn.Sequential(
            nn.Sequential(made(nn.Conv2d, channels, 3, 3, padding=1), rising or nn.ReLU(), pool(2)),
            made(nn.Conv2d, 3, 5, 3, padding=1, bias=False),
            nn.GELU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            made(nn.Linear, 10, 4),
        )
    )


def population(module: nn.Module, count: int, *, only: frozenset[str] = frozenset()) -> dict[str, Tensor]:
    """Return random parameters [P, *shape]."""
    generator = torch.Generator().manual_seed(1)
    named = dict(module.named_parameters())
    names = only or named
    return {name: torch.randn(count, *named[name].shape, generator=generator) for name in names}


def one_by_one(module: nn.Module, parameters: dict[str, Tensor], inputs: Tensor, *, shared: bool) -> Tensor:
    """Return the outputs of each network, computed naively."""
    count = len(next(iter(parameters.values())))
    rows = [{name: values[row] for name, values in parameters.items()} for row in range(count)]
    return torch.stack(
        [functional_call(module, own, (inputs if shared else inputs[row],)) for row, own in enumerate(rows)]
    ).detach()


@settings(max_examples=15)
@given(
    count=st.integers(1, 5),
    images=st.integers(1, 9),
    channels=st.sampled_from([1, 3]),
    shared=st.booleans(),
    some=st.booleans(),
    room=st.sampled_from([1, 300, 2**20]),
)
def test_tiles_change_nothing(count: int, images: int, channels: int, shared: bool, some: bool, room: int) -> None:
    """Whatever the population, the tiles and the evolved parameters, outputs equal those of one network at a time."""
    module = network(channels)
    parameters = population(module, count, only=frozenset({"1.weight", "5.bias"}) if some else frozenset())
    shape = (images, channels, 8, 6) if shared else (count, images, channels, 8, 6)
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiled, "TILE", room)
        found = Forward(module)(parameters, inputs, shared=shared)
    torch.testing.assert_close(found, one_by_one(module, parameters, inputs, shared=shared), atol=1e-4, rtol=1e-4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_which_modules_are_tiled_and_where() -> None:
    """Those with convolutions of images, and for images on a CPU only."""
    assert Tiled.of(nn.Sequential(made(nn.Linear, 3, 2), nn.ReLU())) is None
    run = Tiled.of(network(1))
    assert run is not None
    assert run.takes(torch.zeros(2, 1, 8, 6), shared=True)
    assert not run.takes(torch.zeros(2, 1, 8, 6), shared=False)
    assert not run.takes(torch.zeros(0, 1, 8, 6), shared=True)
    assert not run.takes(torch.zeros(2, 1, 8, 6, device="meta"), shared=True)


@pytest.mark.parametrize("rising", [nn.ReLU(), nn.Tanh(), nn.GELU(), nn.LeakyReLU(-1.0)])
@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
def test_pooling_comes_first_where_that_is_the_same(pool: type[nn.Module], rising: nn.Module) -> None:
    """A max pooling is moved before non-decreasing activations, with equal bits, and before no others."""
    module = network(1, pool=pool, rising=rising)
    run = Tiled(module)
    run(population(module, 1), torch.zeros(1, 1, 8, 6), shared=True)
    first = run.module[0]
    swapped = pool is nn.MaxPool2d and type(rising) in (nn.ReLU, nn.Tanh)
    assert (type(first[1]) is pool) is swapped
    inputs = torch.randn(3, 1, 8, 6, generator=torch.Generator().manual_seed(0))
    inputs[0, 0, 0, 0] = math.nan
    parameters = population(module, 2)
    torch.testing.assert_close(
        Forward(module)(parameters, inputs),
        one_by_one(module, parameters, inputs, shared=True),
        atol=1e-4,
        rtol=1e-4,
        equal_nan=True,
    )


class Odd(nn.Module):
    """A network that uses its layers in a way of its own.

    Args:
        use: Takes the layers, a convolution, a ReLU and a pooling, and images, and returns outputs.
    """

    def __init__(self, use: Callable[[nn.Sequential, Tensor], Tensor]) -> None:
        super().__init__()
        self.layers = nn.Sequential(made(nn.Conv2d, 1, 2, 3), nn.ReLU(), nn.MaxPool2d(2))
        self.use = use

    def forward(self, images: Tensor) -> Tensor:
        """Return what is made of the layers."""
        return self.use(self.layers, images)


def between(layers: nn.Sequential, images: Tensor) -> Tensor:
    """Return the means of all layers, which are called one by one."""
    means = []
    for layer in layers:
        images = layer(images)
        means.append(images.mean((2, 3)))
    return torch.cat(means, 1)


def part(layers: nn.Sequential, images: Tensor) -> Tensor:
    """Return the mean of the first two layers, after a call of all."""
    return layers(images).mean((2, 3)) + layers[:2](images).mean((2, 3))


def hooked(layers: nn.Sequential, images: Tensor) -> Tensor:
    """Return what a hook sees behind the activation."""
    seen: list[Tensor] = []
    handle = layers[1].register_forward_hook(lambda module, given, outputs: seen.append(outputs.mean((2, 3))))
    layers(images)
    handle.remove()
    return seen[0]


def viewed(layers: nn.Sequential, images: Tensor) -> Tensor:
    """Flatten as PyTorch's tutorials do, which takes no channels last."""
    return layers[0](images).view(images.size(0), -1)


def mixed(layers: nn.Sequential, images: Tensor) -> Tensor:
    """Return features less their mean over all images."""
    features = layers(images).flatten(1)
    return features - features.mean(0)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("use", [between, part, hooked, viewed, mixed], ids=lambda use: use.__name__)
def test_modules_that_are_more_than_their_layers(use: Any, shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers that are used one by one, watched or viewed, and images that affect each other: the plain outputs."""
    monkeypatch.setattr(tiled, "TILE", 100)
    module = drawn(Odd(use))
    parameters = population(module, 3)
    inputs = torch.randn((6, 1, 8, 6) if shared else (3, 6, 1, 8, 6), generator=torch.Generator().manual_seed(2))
    found = Forward(module)(parameters, inputs, shared=shared)
    torch.testing.assert_close(found, one_by_one(module, parameters, inputs, shared=shared), atol=1e-4, rtol=1e-4)


def test_batch_statistics_are_those_of_all_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """A norm without running statistics sees all images at once, however large they are."""
    monkeypatch.setattr(tiled, "TILE", 100)
    module = drawn(nn.Sequential(made(nn.Conv2d, 1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False), nn.Flatten()))
    parameters, inputs = population(module, 2), torch.randn(6, 1, 8, 6, generator=torch.Generator().manual_seed(2))
    found = Forward(module)(parameters, inputs)
    torch.testing.assert_close(found, one_by_one(module, parameters, inputs, shared=True), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_kernels_and_images_lie_with_channels_last(channels: int) -> None:
    """The strides say it, also for one channel; the numbers are the same."""
    images = torch.arange(24.0 * channels).reshape(2, channels, 4, 3)
    moved = channels_last(images)
    assert moved.stride() == (12 * channels, 1, 3 * channels, channels)
    assert torch.equal(moved, images)
    assert torch.equal(channels_last(images.flatten(1)), images.flatten(1))

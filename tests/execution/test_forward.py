"""Forward passes of populations: stacked, or one after the other, with the same numbers."""

import copy
import logging
import math
from collections.abc import Callable, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from neuroevo.execution import dense
from neuroevo.execution.dense import tanh_
from neuroevo.execution.forward import Forward


class Branching(nn.Module):
    """A network with data-dependent control flow, so that it can't be stacked."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what the layer gives, or its negative."""
        outputs: Tensor = self.layer(inputs)
        return outputs if bool(outputs.sum() > 0) else -outputs


class Subclass(nn.Linear):
    """A linear layer that does something else."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what the layer gives, doubled."""
        return 2 * super().forward(inputs)


def tied() -> nn.Module:
    """Return a chain in which one layer occurs twice."""
    layer = nn.Linear(6, 6)
    return nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(6, 2))


def hooked() -> nn.Module:
    """Return a chain that does more than its layers say."""
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    module[1].register_forward_hook(lambda module, arguments, outputs: outputs + 1)
    return module


MODULES: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2)),
    "wide": lambda: nn.Sequential(nn.Linear(6, 300), nn.Tanh(), nn.Linear(300, 2)),
    "deep": lambda: nn.Sequential(nn.Sequential(nn.Linear(6, 4, bias=False), nn.ReLU()), nn.Linear(4, 3), nn.GELU()),
    "one layer": lambda: nn.Linear(6, 2),
    "activation first": lambda: nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Linear(6, 2), nn.Sigmoid()),
    "tied": tied,
    "hooked": hooked,
    "subclass": lambda: nn.Sequential(Subclass(6, 5), nn.ReLU(), nn.Linear(5, 2)),
    "batch norm": lambda: nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2)),
    "dropout": lambda: nn.Sequential(nn.Linear(6, 5), nn.Dropout(), nn.Linear(5, 2)),
    "convolutions": lambda: nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 3, 3), nn.Flatten(), nn.Linear(12, 2)),
    "branching": Branching,
}


@torch.random.fork_rng(devices=[])
def made(name: str) -> nn.Module:
    """Return a module in evaluation mode; PyTorch initialises from its global generator."""
    return MODULES[name]().eval()


def parameters(module: nn.Module, count: int) -> dict[str, Tensor]:
    """Return random sets of parameters."""
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(count, *value.shape, generator=generator) for name, value in module.named_parameters()}


BY_PRODUCTS = {"mlp", "wide", "deep", "one layer", "activation first", "tied"}
"""Those that are chains of batched products."""


def answers(module: nn.Module, parameters: dict[str, Tensor], batches: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs of each network alone."""
    found = []
    for row, inputs in enumerate(batches):
        network = copy.deepcopy(module)
        network.load_state_dict({key: value[row] for key, value in parameters.items()}, strict=False)
        found.append(network(inputs).detach())
    return found


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 40])
@pytest.mark.parametrize("name", MODULES)
def test_all_ways_give_what_the_networks_give(name: str, rows: int, shared: bool) -> None:
    """By products, stacked or looped, outputs equal those of each network alone, and nothing is changed."""
    module = made(name)
    before = copy.deepcopy(module.state_dict())
    inputs = torch.randn(*(() if shared else (4,)), rows, 6, generator=torch.Generator().manual_seed(1))
    given = inputs.clone()
    several = parameters(module, 4)
    forward = Forward(module)
    assert (forward.dense is not None) == (name in BY_PRODUCTS)
    found = forward(several, inputs, shared=shared)
    expected = answers(module, several, [inputs] * 4 if shared else list(inputs))
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert all(torch.equal(value, parameters(module, 4)[key]) for key, value in several.items())
    assert torch.equal(inputs, given)
    assert not found.requires_grad


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize("bytes_", [1, 2**12, 2**15])
def test_tiles_change_no_bit(bytes_: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network's outputs do not depend on the others in its tile; inputs that do not fit are accepted, too."""
    module = made("wide")
    inputs = torch.randn(rows, 6, generator=torch.Generator().manual_seed(1))
    several = parameters(module, 9)
    whole = Forward(module)(several, inputs)
    monkeypatch.setattr(dense, "TILE", bytes_)
    assert torch.equal(Forward(module)(several, inputs), whole)


@given(st.integers(1, 5000), st.sampled_from(["cpu", "meta"]))
def test_a_tile_fits_the_cache_of_a_cpu_and_is_large_elsewhere(rows: int, device: str) -> None:
    """It holds at least one network, else no more than fit, and large numbers are multiples of eight."""
    forward, inputs = Forward(made("wide")), torch.empty(rows, 6, device=device)
    size, each = forward.tile(inputs), rows * 300 * 4
    assert size * each <= max(each, dense.TILE if device == "cpu" else dense.LARGE_TILE)
    assert size < dense.EVEN or size % dense.EVEN == 0
    assert (size + dense.EVEN) * each > dense.TILE
    assert Forward(made("convolutions")).tile(inputs) is None


@given(st.floats(-20, 20, width=32), st.sampled_from([1, 5000]))
def test_the_quick_hyperbolic_tangent(number: float, count: int) -> None:
    """It is within 2e-7, and right at the ends."""
    numbers = torch.full((2, count), number)
    numbers[1, 0] = math.inf
    numbers[1, -1] = -math.inf if count > 1 else math.inf
    expected = numbers.double().tanh()
    assert (tanh_(numbers.clone()) - expected).abs().max() <= 2e-7
    assert tanh_(torch.full((1, count), math.nan)).isnan().all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions(dtype: torch.dtype) -> None:
    """Chains of products work in any floating point."""
    module = made("wide").to(dtype)
    inputs = torch.randn(20, 6, generator=torch.Generator().manual_seed(1)).to(dtype)
    several = {name: value.to(dtype) for name, value in parameters(module, 3).items()}
    tolerance = 1e-12 if dtype == torch.float64 else 0.2
    expected = torch.stack(answers(module, several, [inputs] * 3))
    torch.testing.assert_close(Forward(module)(several, inputs), expected, rtol=tolerance, atol=tolerance)


def test_inputs_of_more_dimensions_are_stacked() -> None:
    """A linear layer on sequences is no chain of products, and gives what it should."""
    module = made("mlp")
    inputs = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(1))
    several = parameters(module, 2)
    expected = torch.stack(answers(module, several, [inputs] * 2))
    torch.testing.assert_close(Forward(module)(several, inputs), expected, rtol=1e-4, atol=1e-5)


def test_the_widest_layer_bounds_the_memory() -> None:
    """The widest layer is held for all networks at a time; for a chain in tiles the last one."""
    inputs = torch.ones(1, 6)
    assert Forward(made("wide")).numbers(inputs) == 2
    assert Forward(made("convolutions")).numbers(inputs) == 12
    assert not Forward(made("wide")).module._forward_hooks


def test_too_little_memory_is_not_taken_for_a_module_that_cannot_be_stacked() -> None:
    """The error of the CPU's allocator is passed on, because the caller can divide the population."""

    class Vast(nn.Linear):
        def forward(self, inputs: Tensor) -> Tensor:
            """Request more memory than there is."""
            return inputs.new_empty(2**58)

    with torch.random.fork_rng(devices=[]):
        forward = Forward(Vast(6, 2))
    with pytest.raises(RuntimeError, match="you tried to allocate"):
        forward({"bias": torch.zeros(2, 2)}, torch.ones(3, 6))
    assert forward.stacks


def test_what_cannot_be_stacked_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """The log says once which module runs one network after the other, and why."""
    forward, inputs = Forward(made("branching")), torch.ones(3, 6)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            forward(parameters(forward.module, 2), inputs)
    (message,) = caplog.messages
    assert message.startswith("Branching runs one network after the other: ")
    assert "vmap" in message


def test_a_module_that_fails_says_so() -> None:
    """A failure that also occurs one network at a time is an error."""
    module = made("mlp")
    with pytest.raises(RuntimeError, match="xpected size"):
        Forward(module)(parameters(module, 2), torch.ones(3, 5))


def test_a_part_of_the_parameters() -> None:
    """Parameters that are left out are the module's own."""
    module, inputs = made("mlp"), torch.ones(3, 6)
    biases = {"2.bias": torch.tensor([[0.0, 0.0], [1.0, -1.0]])}
    first, second = Forward(module)(biases, inputs)
    torch.testing.assert_close(second - first, torch.tensor([1.0, -1.0]).expand(3, 2))

"""Forward passes of populations: stacked, or one after the other, with the same numbers."""

import copy
import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from neuroevo.execution.forward import Forward


class Branching(nn.Module):
    """A network whose way depends on its numbers, so that it can't be stacked."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what the layer gives, or its negative."""
        outputs: Tensor = self.layer(inputs)
        return outputs if bool(outputs.sum() > 0) else -outputs


MODULES: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2)),
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
    """Return so many random sets of parameters."""
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(count, *value.shape, generator=generator) for name, value in module.named_parameters()}


@pytest.mark.parametrize("name", MODULES)
def test_all_ways_give_what_the_networks_give(name: str) -> None:
    """Stacked or looped, outputs are those of each network by itself, in evaluation mode, and nothing is trained."""
    module = made(name)
    before = copy.deepcopy(module.state_dict())
    inputs = torch.randn(7, 6, generator=torch.Generator().manual_seed(1))
    several = parameters(module, 4)
    found = Forward(module)(several, inputs)
    for row in range(4):
        network = copy.deepcopy(module)
        network.load_state_dict({key: value[row] for key, value in several.items()}, strict=False)
        torch.testing.assert_close(found[row], network(inputs).detach(), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert not found.requires_grad


def test_what_cannot_be_stacked_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The log says once which module runs one network after the other, and why."""
    forward, inputs = Forward(made("branching")), torch.ones(3, 6)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            forward(parameters(forward.module, 2), inputs)
    (message,) = caplog.messages
    assert message.startswith("Branching runs one network after the other: ")
    assert "vmap" in message


def test_a_module_that_fails_says_so() -> None:
    """What fails one network at a time, too, is an error."""
    module = made("mlp")
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        Forward(module)(parameters(module, 2), torch.ones(3, 5))


def test_a_part_of_the_parameters() -> None:
    """Parameters that are left out are the module's own."""
    module, inputs = made("mlp"), torch.ones(3, 6)
    biases = {"2.bias": torch.tensor([[0.0, 0.0], [1.0, -1.0]])}
    first, second = Forward(module)(biases, inputs)
    torch.testing.assert_close(second - first, torch.tensor([1.0, -1.0]).expand(3, 2))

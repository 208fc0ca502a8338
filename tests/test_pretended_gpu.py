"""The GPU that tests pretend to have refuses and counts what a real one would."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.problems import Function
from neuroevo.space import Space
from neuroevo.strategies import SNES

WAITING: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda x: x[0].item(),
    "float": lambda x: float(x[0]),
    "bool": lambda x: bool((x > 0).all()),
    "tolist": lambda x: x.tolist(),
    "cpu": lambda x: x.cpu(),
    "to": lambda x: x.to(torch.zeros(1)),
    "copy": lambda x: torch.zeros(3).copy_(x),
    "nonzero": lambda x: x.nonzero(),
    "mask": lambda x: x[x > 1],
    "mask written to": lambda x: x.clone().__setitem__(x > 1, x[:1]),
    "masked_select": lambda x: x.masked_select(x > 1),
    "unique": lambda x: x.unique(),
    "equal": lambda x: torch.equal(x, x),
    "repeat": lambda x: x.repeat_interleave(x.long()),
}
FREE: dict[str, Callable[[Tensor], Any]] = {
    "where": lambda x: torch.where(x > 1, x, 0.0),
    "number of the host": lambda x: x * torch.tensor(2.0),
    "sort": lambda x: x.argsort(),
    "index": lambda x: x[(x > 1).long()],
    "gradient": lambda x: torch.autograd.grad((x.clone().requires_grad_() ** 2).sum(), x, allow_unused=True),
    "network": lambda x: torch.func.vmap(lambda one: one.exp().sum())(x.unsqueeze(1)),
}
REFUSED: dict[str, Callable[[Tensor], Any]] = {
    "sum with the host": lambda x: x + torch.zeros(3),
    "cat with the host": lambda x: torch.cat([x, torch.zeros(3)]),
    "host with index of the device": lambda x: torch.zeros(3)[x.long()],
    "where": lambda x: torch.where(torch.ones(3) > 0, x, x),
    "product": lambda x: nn.functional.linear(x, torch.zeros(2, 3)),
    "draws of the host": lambda x: torch.rand(3, generator=torch.Generator(), device=x.device),
}


def there(pretended: ModuleType) -> Tensor:
    """Return three numbers on the GPU."""
    return torch.tensor([0.0, 1.0, 2.0]).to(pretended.GPU)


@pytest.mark.parametrize("name", WAITING)
def test_what_reads_a_value_waits(name: str, pretended: ModuleType) -> None:
    """Reading a value, or a size that depends on values, is counted once."""
    with pretended.pretended_gpu() as seen:
        place = there(pretended)
        seen.clear()
        WAITING[name](place)
        assert sum(seen.waits.values()) >= 1


@pytest.mark.parametrize("name", [name for name in FREE if name != "gradient"])
def test_what_reads_none_does_not_wait(name: str, pretended: ModuleType) -> None:
    """Operations on values neither wait nor copy."""
    with pretended.pretended_gpu() as seen:
        place = there(pretended)
        seen.clear()
        FREE[name](place)
        assert not seen.waits
        assert not seen.copies


@pytest.mark.parametrize("name", REFUSED)
def test_devices_do_not_mix(name: str, pretended: ModuleType) -> None:
    """Tensors of two devices in one operation are an error, as on a GPU."""
    with pretended.pretended_gpu():
        place = there(pretended)
        with pytest.raises(RuntimeError, match=r"device|tensor|generator"):
            REFUSED[name](place)


def test_numpy_sees_no_tensor_of_the_gpu(pretended: ModuleType) -> None:
    """Neither does it copy one by itself."""
    with pretended.pretended_gpu():
        place = there(pretended)
        for view in (place.numpy, lambda: np.asarray(place)):
            with pytest.raises(TypeError, match="copy it to the host first"):
                view()


def test_learning_there_is_learning_here(pretended: ModuleType) -> None:
    """An update of a network gives the numbers of the CPU, without a wait."""
    inputs = torch.rand(5, 3, generator=torch.Generator().manual_seed(1))

    def learned(device: torch.device) -> Tensor:
        layer = nn.utils.skip_init(nn.Linear, 3, 2)
        for parameter in layer.parameters():
            nn.init.constant_(parameter, 0.5)
        layer = layer.to(device)
        given, optimizer = inputs.to(device), torch.optim.SGD(layer.parameters(), lr=0.1)
        seen.clear()
        layer(given).square().sum().backward()
        optimizer.step()
        assert not seen.waits
        return layer.weight.detach().cpu()

    with pretended.pretended_gpu() as seen:
        assert torch.equal(learned(pretended.GPU), learned(pretended.CPU))


class Careless:
    """A problem that reads each individual's score by itself."""

    def __init__(self, device: torch.device) -> None:
        self.space = Space.box(3).to(device)
        self.weights = (-1.0,)

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return its score."""
        return (float(individual.genome.square().sum()),)

    def batch(self, individuals: list[Individual]) -> list[tuple[float, ...]]:
        """Return their scores."""
        return [self(one) for one in individuals]


def test_a_read_for_each_individual_is_found(pretended: ModuleType) -> None:
    """The counts grow with the population, and say in which line."""
    with pretended.pretended_gpu() as seen:
        waits = []
        for population in (8, 32):
            search = SNES(Careless(pretended.GPU), population=population)
            seen.clear()
            next(evolve(search, 1))
            waits.append(sum(seen.waits.values()))
    assert waits[1] - waits[0] == 24


def test_a_batched_function_is_read_once(pretended: ModuleType) -> None:
    """The values of a whole population come back together, and the line that reads them is named."""
    with pretended.pretended_gpu() as seen:
        problem = Function(lambda x: x.square().sum(-1), Space.box(3), batched=True).to(pretended.GPU)
        genomes = [Individual(row, id=place) for place, row in enumerate(torch.ones(4, 3).to(pretended.GPU))]
        seen.clear()
        assert problem.batch(genomes) == [(3.0,)] * 4
        assert [line.split(":")[0] for line in seen.waits] == ["to the host at problems/function.py"]

"""CUDA graphs and streams; without a GPU only the parts that do not need one are tested."""

from types import ModuleType

import pytest
import torch

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training, train_all
from neuroevo.execution.cuda import restore
from neuroevo.execution.descent import optimizer_of, set_rate
from neuroevo.execution.training import Optimizer

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
GPU = "cuda"


def make(toys: ModuleType, device: str, *, backbone: str = "CONVNET") -> list[Training]:
    """Return training runs on a device."""
    dataset = toys.dataset(size=16 if backbone == "CONVNET" else 8).to(device)
    runs = []
    for number in range(3):
        generator = toys.generator(number)
        task = sample_task(dataset.ancestry, ways=4, shots=9, test_per_class=7, generator=generator)
        runs.append(
            Training(
                network=getattr(toys, backbone).build(4, generator=generator).to(device),
                task=task,
                pixels=Pixels.of(dataset),
                recipe=Recipe(updates=5, batch=8, learning_rate=1e-3),
                generator=generator,
                measure_at=(0, 3, 5),
            )
        )
    return runs


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_before_the_first_update_there_was_no_momentum(name: Optimizer, toys: ModuleType) -> None:
    """Changes by the warm-up are undone: the updates after it equal those of a run without."""
    plain, warmed = (toys.MLP_BACKBONE.build(4, generator=toys.generator()) for _ in range(2))
    images = torch.randn(6, 1, 8, 8, generator=toys.generator(1))
    recipe = Recipe(updates=3, optimizer=name)
    optimizers = [optimizer_of(network.parameters(), recipe) for network in (plain, warmed)]

    def step(network: torch.nn.Module, optimizer: torch.optim.Optimizer, rate: float) -> None:
        set_rate(optimizer, rate)
        optimizer.zero_grad()
        network(images).square().sum().backward()
        optimizer.step()

    before = [parameter.detach().clone() for parameter in warmed.parameters()]
    for _ in range(3):
        step(warmed, optimizers[1], 0.1)
    restore([*warmed.parameters()], before, optimizers[1])
    for rate in (0.01, 0.02):
        step(plain, optimizers[0], rate)
        step(warmed, optimizers[1], rate)
    torch.testing.assert_close([*plain.parameters()], [*warmed.parameters()], atol=0, rtol=0)


def test_a_rate_in_memory_is_set_like_one_that_is_not() -> None:
    """The rate of a captured update is a tensor that stays the same object."""
    parameter = torch.zeros(2, requires_grad=True)
    rate = torch.tensor(0.5)
    for optimizer in (torch.optim.SGD([parameter], lr=rate), torch.optim.SGD([parameter], lr=0.5)):
        set_rate(optimizer, 0.25)
        assert float(optimizer.param_groups[0]["lr"]) == 0.25
    assert float(rate) == 0.25


@needs_gpu
@pytest.mark.parametrize("mode", ["looped", "stacked"])
@pytest.mark.parametrize("backbone", ["CONVNET", "MLP_BACKBONE"])
def test_a_gpu_gives_the_numbers_of_a_cpu(mode: str, backbone: str, toys: ModuleType) -> None:
    """Captured updates on several streams, or stacked, end close to the networks of the looped mode on the CPU."""
    here, there = make(toys, "cpu", backbone=backbone), make(toys, GPU, backbone=backbone)
    expected, found = train_all(here), train_all(there, execution=Execution(mode=mode))
    for one, other in zip(here, there, strict=True):
        state = {name: tensor.cpu() for name, tensor in other.network.state_dict().items()}
        torch.testing.assert_close(state, one.network.state_dict(), atol=1e-3, rtol=1e-2)
    assert [outcome.loss for outcome in found] == pytest.approx([outcome.loss for outcome in expected], rel=1e-2)


@needs_gpu
def test_training_does_not_wait_for_the_gpu(toys: ModuleType) -> None:
    """Between the first update and the outcomes nothing is read back."""
    trainings = make(toys, GPU)
    train_all(trainings)  # what is made once may wait
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with pytest.warns(UserWarning, match="synchroniz") as found:
            train_all(make(toys, GPU), execution=Execution(mode="stacked"))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(found) <= 4 * len(trainings)


@needs_gpu
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_coarser_numbers_stay_near(precision: str, toys: ModuleType) -> None:
    """On a GPU tf32 and bf16 end close to float32."""
    exact, coarse = make(toys, GPU), make(toys, GPU)
    train_all(exact)
    train_all(coarse, execution=Execution(precision=precision))
    for one, other in zip(exact, coarse, strict=True):
        torch.testing.assert_close(one.network.head.weight, other.network.head.weight, atol=2e-2, rtol=0.1)

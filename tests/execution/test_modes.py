"""The mode in which a population is trained: a rule that looks at the device and the structure."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training, modes, train_all
from neuroevo.execution.modes import chosen


def make(toys: ModuleType, seed: int = 0) -> Training:
    """Return a training run."""
    dataset, generator = toys.dataset(), toys.generator(seed)
    return Training(
        network=toys.MLP_BACKBONE.build(4, generator=generator),
        task=sample_task(dataset.ancestry, ways=4, shots=9, test_per_class=2, generator=generator),
        pixels=Pixels.of(dataset),
        recipe=Recipe(updates=3, batch=8),
        generator=generator,
        measure_at=(3,),
    )


@pytest.mark.parametrize("wrong", [{"mode": "fast"}, {"precision": "half"}, {"chunk": 0}])
def test_an_execution_names_what_there_is(wrong: dict[str, Any]) -> None:
    """The error for an unknown name lists the known ones, and a chunk is at least one network."""
    (name, value), *_ = wrong.items()
    with pytest.raises(ValueError, match=rf"^{name} must be .*, but it is .*{value}.*\.$"):
        Execution(**wrong)


def test_the_rule_knows_device_and_structure(toys: ModuleType) -> None:
    """By default networks are looped on a CPU and stacked on other devices."""
    training = make(toys)
    task = training.task
    elsewhere = replace(training, task=replace(task, train=task.train.to("meta")))
    assert [chosen(mode, training) for mode in ("auto", "looped", "stacked")] == ["looped", "looped", "stacked"]
    assert [chosen(mode, elsewhere) for mode in ("auto", "looped", "stacked")] == ["stacked", "looped", "stacked"]


def test_the_rule_is_what_is_done(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default a CPU's populations are looped, bit for bit, and the stacked mode is not entered."""
    monkeypatch.setattr(modes, "train_stacked", lambda *_, **__: 1 / 0)
    default, looped = [make(toys, seed) for seed in range(3)], [make(toys, seed) for seed in range(3)]
    assert train_all(default) == train_all(looped, execution=Execution(mode="looped"))
    with pytest.raises(ZeroDivisionError):
        train_all([make(toys)], execution=Execution(mode="stacked"))


@pytest.mark.parametrize("mode", ["looped", "stacked"])
def test_bfloat16_is_coarse_but_near(mode: modes.Mode, toys: ModuleType) -> None:
    """In bf16 the weights stay float32 and end close to those of float32, but not equal."""
    exact, coarse = make(toys), make(toys)
    train_all([exact], execution=Execution(mode=mode))
    train_all([coarse], execution=Execution(mode=mode, precision="bf16"))
    for one, other in zip(exact.network.parameters(), coarse.network.parameters(), strict=True):
        assert other.dtype == torch.float32
        torch.testing.assert_close(one, other, atol=1e-2, rtol=0.1)
    assert not torch.equal(exact.network.hidden1.weight, coarse.network.hidden1.weight)


def test_tensor_floats_are_for_gpus_and_for_a_while(toys: ModuleType) -> None:
    """On a CPU tf32 changes no bit, and PyTorch's switches are restored afterwards."""
    before = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
    plain, tensor_floats = make(toys), make(toys)
    outcomes = train_all([plain]), train_all([tensor_floats], execution=Execution(precision="tf32"))
    assert outcomes[0] == outcomes[1]
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before

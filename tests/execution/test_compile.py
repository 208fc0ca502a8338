"""`torch.compile` of stacked networks, where the machine has a compiler."""

import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest
import torch

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training, train_all

COMPILER = shutil.which(os.environ.get("CXX", "g++"))
HEADERS = Path(__import__("sysconfig").get_paths()["include"], "Python.h")


def make(toys: ModuleType, count: int) -> list[Training]:
    """Return training runs."""
    dataset = toys.dataset()
    task = sample_task(dataset.ancestry, ways=4, shots=9, test_per_class=3, generator=toys.generator())
    return [
        Training(
            network=toys.MLP_BACKBONE.build(4, generator=toys.generator(number)),
            task=task,
            pixels=Pixels.of(dataset),
            recipe=Recipe(updates=4, batch=8),
            generator=toys.generator(number),
            measure_at=(0, 4),
        )
        for number in range(count)
    ]


@pytest.mark.slow
@pytest.mark.skipif(COMPILER is None or not HEADERS.exists(), reason="there is no C++ compiler or no Python.h")
@pytest.mark.filterwarnings("ignore")
def test_compiled_networks_are_those_that_were_not(toys: ModuleType) -> None:
    """The compiled forward pass gives the same networks up to rounding."""
    plain, compiled = make(toys, 3), make(toys, 3)
    before = torch.get_rng_state()
    try:
        found = train_all(compiled, execution=Execution(mode="stacked", compile=True), workers=1)
    finally:
        torch.set_rng_state(before)
    expected = train_all(plain)
    assert [one.accuracy for one in found] == [one.accuracy for one in expected]
    for one, other in zip(plain, compiled, strict=True):
        torch.testing.assert_close(one.network.state_dict(), other.network.state_dict(), atol=1e-5, rtol=1e-4)

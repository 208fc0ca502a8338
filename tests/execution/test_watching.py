"""Watching updates: each is heard of once, in every mode, and nothing else changes."""

from types import ModuleType

import pytest

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training, train_all
from neuroevo.execution.watching import watching

UPDATES = 4


def make(toys: ModuleType, seed: int) -> Training:
    """Return a training run that depends on the seed alone."""
    dataset, generator = toys.dataset(size=8), toys.generator(seed)
    task = sample_task(dataset.ancestry, ways=4, shots=30, test_per_class=10, generator=generator)
    network = toys.MLP_BACKBONE.build(4, generator=generator)
    recipe = Recipe(updates=UPDATES, batch=16)
    return Training(network=network, task=task, pixels=Pixels.of(dataset), recipe=recipe, generator=generator)


@pytest.mark.parametrize("mode", ["looped", "stacked"])
@pytest.mark.parametrize("workers", [1, 3])
def test_every_update_is_heard_of(mode: str, workers: int, toys: ModuleType) -> None:
    """As many as networks times updates, by all who watch, and the results are the same as without them."""
    execution = Execution(mode=mode)  # type: ignore[arg-type]
    unseen = train_all([make(toys, seed) for seed in range(3)], workers=workers, execution=execution)
    first: list[int] = []
    second: list[int] = []
    with watching(first.append), watching(second.append):
        seen = train_all([make(toys, seed) for seed in range(3)], workers=workers, execution=execution)
    assert seen == unseen
    assert sum(first) == sum(second) == 3 * UPDATES
    train_all([make(toys, 0)])
    assert sum(first) == 3 * UPDATES


def test_an_error_ends_the_watching(toys: ModuleType) -> None:
    """What watched is not called any more."""
    heard: list[int] = []
    with pytest.raises(KeyError), watching(heard.append):
        raise KeyError
    train_all([make(toys, 0)])
    assert heard == []

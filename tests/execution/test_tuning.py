"""Tuning: the faster mode is found by the clock once, and settled for the whole run."""

from types import ModuleType

import pytest

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training, tuning
from neuroevo.execution.chunks import bytes_of_one
from neuroevo.execution.tuning import settled, tuned


def make(toys: ModuleType) -> Training:
    """Return a short training run."""
    dataset, generator = toys.dataset(), toys.generator()
    return Training(
        network=toys.MLP_BACKBONE.build(4, generator=generator),
        task=sample_task(dataset.ancestry, ways=4, shots=9, test_per_class=0, generator=generator),
        pixels=Pixels.of(dataset),
        recipe=Recipe(updates=2, batch=8),
        generator=generator,
    )


@pytest.mark.parametrize(("looped", "stacked", "mode"), [(2.0, 1.0, "stacked"), (1.0, 2.0, "looped"), (1, 1, "looped")])
def test_the_faster_way_is_taken(
    looped: float, stacked: float, mode: str, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lower median decides, whatever the first, slow run of each; other settings are kept."""
    times = {"looped": [99.0, looped, 50.0, looped], "stacked": [0.0, stacked, stacked, 60.0]}
    monkeypatch.setattr(tuning, "_seconds", lambda _, execution, __: times[execution.mode].pop(0))
    found, seconds = tuned(lambda: [make(toys)], execution=Execution(precision="bf16"))
    assert found == Execution(mode=mode, precision="bf16")
    assert seconds == {"looped": looped, "stacked": stacked}


def test_both_ways_are_run(toys: ModuleType) -> None:
    """A real measurement takes time in both modes, and new networks for each run."""
    made: list[Training] = []

    def population() -> list[Training]:
        made.append(make(toys))
        return [made[-1]]

    _, seconds = tuned(population)
    assert len(made) == 8
    assert all(training.generator.get_state().ne(make(toys).generator.get_state()).any() for training in made)
    assert set(seconds) == {"looped", "stacked"}
    assert min(seconds.values()) > 0


def test_what_is_settled_names_way_and_chunk(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` becomes the mode that it stands for, and a stacked population gets the chunk that the memory allows."""
    training = make(toys)
    monkeypatch.setattr("neuroevo.execution.chunks.CPU_BYTES", 6 * bytes_of_one(training))
    assert settled(Execution(), training) == Execution(mode="looped")
    assert settled(Execution(mode="stacked"), training) == Execution(mode="stacked", chunk=6)
    assert settled(Execution(mode="stacked", chunk=9), training) == Execution(mode="stacked", chunk=9)

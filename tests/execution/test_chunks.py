"""The number of networks that are trained together: limited by memory, and halved when it runs out."""

import logging
from collections.abc import Sequence
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Outcome, Pixels, Recipe, Training, batched_map, chunks
from neuroevo.execution.chunks import bytes_of_one, in_chunks, largest_chunk
from neuroevo.individual import Failure


def make(toys: ModuleType, count: int, *, batch: int = 8, backbone: str = "MLP_BACKBONE") -> list[Training]:
    """Return training runs."""
    dataset = toys.dataset(size=16 if backbone == "CONVNET" else 8)
    task = sample_task(dataset.ancestry, ways=4, shots=40, test_per_class=0, generator=toys.generator())
    return [
        Training(
            network=getattr(toys, backbone).build(4, generator=toys.generator()),
            task=task,
            pixels=Pixels.of(dataset),
            recipe=Recipe(updates=1, batch=batch),
            generator=toys.generator(number),
        )
        for number in range(count)
    ]


class Narrow:
    """Trains as many networks at a time as there is room for, and says by their first draws which they were."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sizes: list[int] = []

    def __call__(self, trainings: Sequence[Training]) -> list[Outcome]:
        """Draw from every generator, and fail or not."""
        drawn = [float(torch.rand((), generator=training.generator)) for training in trainings]
        if len(trainings) > self.room:
            raise torch.OutOfMemoryError("full")
        self.sizes.append(len(trainings))
        return [Outcome((), number) for number in drawn]


@given(count=st.integers(1, 9), room=st.integers(1, 9), size=st.none() | st.integers(1, 9), workers=st.integers(1, 3))
def test_what_does_not_fit_is_halved_and_begun_again(
    toys: ModuleType, count: int, room: int, size: int | None, workers: int
) -> None:
    """Outcomes come in order and from the generators' first draws, whatever the memory; no chunk is above its limit."""
    run = Narrow(room)
    outcomes = in_chunks(run, make(toys, count), size=size, workers=workers)
    assert outcomes == [Outcome((), float(torch.rand((), generator=toys.generator(i)))) for i in range(count)]
    assert sum(run.sizes) == count
    assert max(run.sizes) <= min(room, size or count)


def test_a_network_that_does_not_fit_is_reported_with_numbers(toys: ModuleType) -> None:
    """When one network alone runs out of memory the error says how much it takes and how much there is."""
    words = r"^training one MLPNetwork on batches of 8 takes about 1 MiB, but \d+ of \d+ MiB are free on cpu: .*\.$"
    with pytest.raises(torch.OutOfMemoryError, match=words):
        in_chunks(Narrow(0), make(toys, 3), size=None, workers=1)


def test_one_that_does_not_fit_fails_with_the_numbers(toys: ModuleType) -> None:
    """In a generation the network that does not fit alone is a failure that says why."""

    def live(training: Training) -> Outcome:
        return in_chunks(Narrow(0), [training], size=None, workers=1)[0]

    (failure,) = batched_map(live, make(toys, 1))
    assert isinstance(failure, Failure)
    assert "takes about 1 MiB, but" in failure.reason


def test_the_memory_bounds_a_chunk(
    toys: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A chunk is as large as the bytes that there are allow, and the log says how large."""
    trainings, run = make(toys, 7), Narrow(9)
    monkeypatch.setattr(chunks, "CPU_BYTES", 4 * bytes_of_one(trainings[0]))
    assert largest_chunk(trainings[0]) == 4
    with caplog.at_level(logging.INFO):
        in_chunks(run, trainings, size=None, workers=1)
    assert sorted(run.sizes) == [3, 4]
    assert "7 networks are trained 4 at a time, 1 MiB each" in caplog.text


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_the_bytes_of_a_network_are_those_that_its_backward_pass_keeps(backbone: str, toys: ModuleType) -> None:
    """The estimate counts real tensors of the same pass, grows with the batch and touches neither network nor draws."""
    (training,) = make(toys, 1, backbone=backbone)
    before = {name: tensor.clone() for name, tensor in training.network.state_dict().items()}
    saved: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor.nbytes) or tensor, lambda t: t):
        training.network.train()(training.images(training.task.train[:8]))
    state = 3 * sum(tensor.nbytes for tensor in before.values())
    training.network.load_state_dict(before)
    assert bytes_of_one(training) == pytest.approx(state + sum(saved), rel=0.1)
    assert bytes_of_one(make(toys, 1, backbone=backbone, batch=80)[0]) > 3 * (bytes_of_one(training) - state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in training.network.state_dict().items())

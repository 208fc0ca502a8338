"""Tasks: laws of the draw, for any images, numbers and seeds."""

import random
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task, default_ways, sample_task

FIELDS = ("classes", "train", "train_labels", "test", "test_labels")


@dataclass(frozen=True)
class Request:
    """A source and the arguments of a task."""

    source: LabelledImages
    ways: int
    shots: int | None
    test_per_class: int
    seed: int

    def draw(self, shots: int | None = -1) -> Task:
        """Draw the task, perhaps with another number of shots."""
        return sample_task(
            self.source,
            ways=self.ways,
            shots=self.shots if shots == -1 else shots,
            test_per_class=self.test_per_class,
            generator=torch.Generator().manual_seed(self.seed),
        )


def source_of(labels: list[int], classes: int) -> LabelledImages:
    """Return blank images with the given labels."""
    names = tuple(f"class {label}" for label in range(classes))
    return LabelledImages(torch.zeros(len(labels), 1, 2, 2).byte(), torch.tensor(labels), names)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw a source with classes of unequal numbers in mixed order, and a request it can fulfil."""
    counts = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    labels = draw(st.permutations([k for k, count in enumerate(counts) for _ in range(count)]))
    ways = draw(st.integers(1, len(counts)))
    test_per_class = draw(st.integers(0, min(counts) - 1))
    shots = draw(st.none() | st.integers(1, min(counts) - test_per_class))
    seed = draw(st.integers(0, 2**32))
    return Request(source_of(labels, len(counts)), ways, shots, test_per_class, seed)


@given(requests())
def test_labels_are_positions_of_the_images_classes(request: Request) -> None:
    """The class that a label stands for is the class of its image, and no class comes twice."""
    task = request.draw()
    assert len(task.classes) == len(set(task.classes.tolist())) == request.ways
    for rows, labels in ((task.train, task.train_labels), (task.test, task.test_labels)):
        assert torch.equal(task.classes[labels], request.source.labels[rows])


@given(requests())
def test_no_image_is_drawn_twice(request: Request) -> None:
    """Training and test rows together are all different."""
    task = request.draw()
    rows = torch.cat([task.train, task.test]).tolist()
    assert len(set(rows)) == len(rows)


@given(requests())
def test_every_class_has_the_numbers_asked_for(request: Request) -> None:
    """Each class has `shots` training and `test_per_class` test images, or all but the latter."""
    task = request.draw()
    counts = torch.bincount(request.source.labels)[task.classes]
    train = torch.bincount(task.train_labels, minlength=request.ways)
    test = torch.bincount(task.test_labels, minlength=request.ways)
    assert test.tolist() == [request.test_per_class] * request.ways
    if request.shots is None:
        assert torch.equal(train, counts - request.test_per_class)
    else:
        assert train.tolist() == [request.shots] * request.ways


@given(requests())
def test_equal_generators_draw_equal_tasks(request: Request) -> None:
    """The generator alone decides."""
    first, second = request.draw(), request.draw()
    assert all(torch.equal(getattr(first, name), getattr(second, name)) for name in FIELDS)


@given(requests())
def test_shots_change_neither_classes_nor_test(request: Request) -> None:
    """Few-shot tasks train on a part of the full task's images and are tested on the same."""
    some, every = request.draw(), request.draw(shots=None)
    assert torch.equal(some.classes, every.classes)
    assert torch.equal(some.test, every.test)
    assert set(some.train.tolist()) <= set(every.train.tolist())


@given(requests())
def test_global_generators_stay_untouched(request: Request) -> None:
    """A draw leaves the generators of Python and torch where they were."""
    before = random.getstate(), torch.get_rng_state()
    request.draw()
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_draws_reach_all_images_in_all_orders() -> None:
    """Over many draws each class takes each position and each image serves for training."""
    source = source_of([0, 1, 2, 0, 1, 2, 0, 1, 2], 3)
    generator = torch.Generator().manual_seed(0)
    tasks = [sample_task(source, ways=2, shots=1, test_per_class=1, generator=generator) for _ in range(200)]
    assert {tuple(task.classes.tolist()) for task in tasks} == {
        (first, second) for first in range(3) for second in range(3) if first != second
    }
    assert {row for task in tasks for row in task.train.tolist()} == set(range(9))
    assert {row for task in tasks for row in task.test.tolist()} == set(range(9))


@pytest.mark.parametrize(
    ("ways", "shots", "test_per_class", "words"),
    [
        (3, 1, 1, r"ways must lie in 1\.\.2.*3"),
        (0, 1, 1, r"ways must lie in 1\.\.2"),
        (2, 0, 1, "shots must be at least 1"),
        (2, 1, -1, "test_per_class must be at least 0"),
        (2, 3, 2, "at most 4.*is 5"),
        (2, None, 4, "at most 4.*is 5"),
    ],
)
def test_impossible_requests_are_refused(ways: int, shots: int | None, test_per_class: int, words: str) -> None:
    """More classes or images than there are, and numbers too small, are refused."""
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match=words):
        sample_task(
            source_of([0, 0, 0, 0, 1, 1, 1, 1], 2),
            ways=ways,
            shots=shots,
            test_per_class=test_per_class,
            generator=generator,
        )


@given(st.integers(1, 100))
def test_default_ways_are_twenty_or_all(classes: int) -> None:
    """A task has at most 20 classes by default, and never more than there are."""
    assert default_ways(classes) == (20 if classes >= 20 else classes)


def test_default_ways_need_a_class() -> None:
    """No class makes no task."""
    with pytest.raises(ValueError, match="classes must be at least 1"):
        default_ways(0)

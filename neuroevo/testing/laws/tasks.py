"""Laws of drawing tasks, with the signature of `neuroevo.data.tasks.sample_task`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.testing.laws.agreement import Refused, outcome
from neuroevo.testing.laws.content import content, difference
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.references import tasks as references
from neuroevo.testing.strategies import labelled_images, seeds

PARTS = ("classes", "train", "train_labels", "test", "test_labels")
"""The tensors of a task; its source is the argument itself."""

COUNTS = (3, 5, 4, 3)
"""Images of each class of the source whose tasks are counted."""

SIZES: tuple[tuple[int, int | None, int], ...] = ((2, 1, 1), (4, 2, 1), (1, 3, 0), (3, None, 2))
"""Ways, shots and test images per class of these tasks."""

CALLS = 600


def check_tasks(sample: Callable[..., Task], *, examples: int | None = None) -> None:
    """Raise LawBroken for the first of `task_laws` that a way to draw tasks breaks.

    Args:
        sample: Takes labelled images, `ways`, `shots`, `test_per_class` and `generator` as
            `neuroevo.data.tasks.sample_task`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    check(sample, task_laws(), label=name_of(sample), examples=examples)


def task_laws() -> list[Law]:
    """Return the laws of drawing tasks: sizes, no leaks, and all classes, images and orders equally likely."""
    return [
        *purity_laws(_possible, _parts),
        Law("a task has as many classes and images as wanted", "a number of all classes in place of each", _sizes),
        Law(
            "images are of their classes, and none occurs twice",
            "rows and labels in different orders, or a draw with replacement: test images leak into the training",
            _no_leak,
        ),
        Law(
            "the number of shots changes neither classes nor test images",
            "training images are drawn before the test's",
            _shots_are_free,
        ),
        Law("tasks that can't be drawn are refused", "a class with too few images is filled up", _refusals),
        other_seeds_other_results(_roomy, _parts),
        distributed_as(references.sample_task, _counted, _task, _numbers, name=FREQUENT, item="number", calls=CALLS),
    ]


FREQUENT = "classes, images and their orders are as frequent as the reference's"


def _task(sample: Any, arguments: Arguments, generator: torch.Generator) -> Task:
    settings = {name: value for name, value in arguments.items() if name != "source"}
    task: Task = sample(arguments["source"], **settings, generator=generator)
    return task


def _parts(sample: Any, arguments: Arguments, generator: torch.Generator) -> dict[str, Tensor]:
    task = _task(sample, arguments, generator)
    return {name: getattr(task, name) for name in PARTS}


def _possible(case: Case) -> Arguments:
    source: LabelledImages = case.draw("source", labelled_images(min_per_class=2, max_classes=5))
    fewest = references.smallest_class(source)
    shots = case.draw("shots", st.none() | st.integers(1, fewest))
    return {
        "source": source,
        "ways": case.draw("ways", st.integers(1, len(source.classes))),
        "shots": shots,
        "test_per_class": case.draw("test", st.integers(0, fewest - (shots or 1))),
    }


def _nearly(case: Case) -> Arguments:
    """Draw arguments at the limits of what is possible, and a little beyond them."""
    source: LabelledImages = case.draw("source", labelled_images(max_classes=4))
    fewest, classes = references.smallest_class(source), len(source.classes)
    test = case.draw("test", st.integers(0, fewest) | st.just(-1))
    return {
        "source": source,
        "ways": case.draw("ways", st.just(classes) | st.integers(0, classes + 1)),
        "shots": case.draw("shots", st.integers(max(0, fewest - test), fewest - test + 1) | st.none()),
        "test_per_class": test,
    }


def _source() -> LabelledImages:
    """Return images whose classes have different numbers, in mixed order."""
    labels = torch.arange(len(COUNTS)).repeat_interleave(torch.tensor(COUNTS))
    labels = labels[torch.randperm(len(labels), generator=seeded(0))]
    images = torch.zeros(len(labels), 1, 1, 1, dtype=torch.uint8)
    return LabelledImages(images, labels, tuple("abcd"))


def _roomy(case: Case) -> Arguments:
    return {"source": _source(), "ways": 3, "shots": 2, "test_per_class": 1}


def _counted(case: Case) -> Iterator[Arguments]:
    for ways, shots, test in case.each("sizes", SIZES):
        yield {"source": _source(), "ways": ways, "shots": shots, "test_per_class": test}


def _numbers(task: Task, arguments: Arguments) -> Sample:
    """Return the classes in their order, the use of each image, and which come first, [1, C]."""
    use = torch.zeros(sum(COUNTS))
    use[task.train], use[task.test] = 1, 2
    ends = [part[end] for part in (task.train, task.test) for end in (0, -1) if len(part)]
    row = torch.cat([task.classes + 1, torch.stack(ends) + 1, use])
    numbers: Sample = row.double().numpy()[None]
    return numbers


def _drawn(sample: Any, case: Case) -> tuple[Arguments, Task]:
    arguments = _possible(case)
    return arguments, _task(sample, arguments, seeded(case.draw("seed", seeds())))


def _sizes(sample: Any, case: Case) -> None:
    arguments, task = _drawn(sample, case)
    ways, shots, test = (arguments[name] for name in ("ways", "shots", "test_per_class"))
    if task.classes.tolist() != list(dict.fromkeys(task.classes.tolist())) or len(task.classes) != ways:
        raise Breach(f"the classes are {task.classes.tolist()}, of {ways} ways")
    for label, number in enumerate(task.classes.tolist()):
        there = int((arguments["source"].labels == number).sum())
        wanted = (there - test if shots is None else shots, test)
        found = tuple(int((labels == label).sum()) for labels in (task.train_labels, task.test_labels))
        if found != wanted:
            raise Breach(f"label {label} has {found} images to train and to test on, and not {wanted}")


def _no_leak(sample: Any, case: Case) -> None:
    arguments, task = _drawn(sample, case)
    rows = torch.cat([task.train, task.test])
    if len(rows.unique()) < len(rows):
        raise Breach(f"the rows are {task.train.tolist()} and {task.test.tolist()}")
    labels = torch.cat([task.train_labels, task.test_labels])
    if not torch.equal(arguments["source"].labels[rows], task.classes[labels]):
        raise Breach("the images are not of their classes")
    if task.source is not arguments["source"]:
        raise Breach("the task has other images than its source")


def _shots_are_free(sample: Any, case: Case) -> None:
    arguments, seed = _possible(case), case.draw("seed", seeds())
    tasks = [_parts(sample, {**arguments, "shots": shots}, seeded(seed)) for shots in (arguments["shots"], 1)]
    for name in ("classes", "test", "test_labels"):
        if difference(*(content(task[name]) for task in tasks)):
            raise Breach(f"{name} is {tasks[0][name].tolist()}, but with 1 shot {tasks[1][name].tolist()}")


def _refusals(sample: Any, case: Case) -> None:
    arguments, seed = _nearly(case), case.draw("seed", seeds())

    def drawn(function: Any) -> Any:
        return outcome(lambda **given: _task(function, given, seeded(seed)), arguments)

    wanted, found = drawn(references.sample_task), drawn(sample)
    # Which classes are drawn may decide whether there are enough images.
    counts = torch.bincount(arguments["source"].labels, minlength=len(arguments["source"].classes))
    if len(counts.unique()) > 1 and arguments["ways"] < len(counts):
        return
    if isinstance(wanted, Refused) and not isinstance(found, Refused):
        raise Breach("it was drawn all the same")
    if isinstance(found, Refused) and not isinstance(wanted, Refused):
        raise found.error

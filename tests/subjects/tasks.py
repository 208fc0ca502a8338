"""Tasks, and the numbers of their classes and images."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from neuroevo.data import tasks
from neuroevo.data.images import LabelledImages
from neuroevo.testing.laws import agreement_laws, task_laws
from neuroevo.testing.references import tasks as references
from neuroevo.testing.strategies import labelled_images
from subjects.subject import Subject

FILES = ("neuroevo/data/tasks.py",)
NUMBERS = st.integers(0, 7)


def refused_ways(ways: int, classes: int) -> None:
    """Refuse more classes than there are, and none."""
    if ways < 1 or ways > classes:
        raise ValueError("ways")


def refused_classes(source: LabelledImages) -> None:
    """Refuse a class without images."""
    if {*source.labels.tolist()} != {*range(len(source.classes))}:
        raise ValueError("classes")


def with_a_name_more(source: LabelledImages) -> LabelledImages:
    """Return images with a class of which there is none."""
    return replace(source, classes=(*source.classes, "without images"))


SUBJECTS = [
    Subject("drawing of tasks", FILES, lambda: tasks.sample_task, task_laws),
    Subject(
        "default ways of tasks",
        FILES,
        lambda: tasks.default_ways,
        lambda: agreement_laws(references.default_ways, st.fixed_dictionaries({"classes": st.integers(-1, 30)})),
    ),
    Subject(
        "refused ways of tasks",
        FILES,
        lambda: tasks.check_ways,
        lambda: agreement_laws(refused_ways, st.fixed_dictionaries({"ways": NUMBERS, "classes": NUMBERS})),
    ),
    Subject(
        "refused classes of tasks",
        FILES,
        lambda: tasks.check_classes_have_images,
        lambda: agreement_laws(
            refused_classes,
            st.fixed_dictionaries({"source": labelled_images() | labelled_images().map(with_a_name_more)}),
        ),
    ),
    Subject(
        "smallest class of tasks",
        FILES,
        lambda: tasks.smallest_class,
        lambda: agreement_laws(references.smallest_class, st.fixed_dictionaries({"source": labelled_images()})),
    ),
    Subject(
        "unseen images of tasks",
        FILES,
        lambda: tasks.unseen_per_class,
        lambda: agreement_laws(
            references.unseen_per_class,
            st.fixed_dictionaries({"source": labelled_images(), "shots": NUMBERS, "wanted": NUMBERS}),
        ),
    ),
]

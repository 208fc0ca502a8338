"""Tasks, and the numbers of their classes and images."""

from __future__ import annotations

from hypothesis import strategies as st

from neuroevo.data import tasks
from neuroevo.testing.laws import agreement_laws, task_laws
from neuroevo.testing.references import tasks as references
from neuroevo.testing.strategies import labelled_images
from subjects.subject import Subject

FILES = ("neuroevo/data/tasks.py",)
NUMBERS = st.integers(1, 7)

SUBJECTS = [
    Subject("drawing of tasks", FILES, lambda: tasks.sample_task, task_laws),
    Subject(
        "default ways of tasks",
        FILES,
        lambda: tasks.default_ways,
        lambda: agreement_laws(references.default_ways, st.fixed_dictionaries({"classes": st.integers(-1, 30)})),
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

"""Replacement."""

from __future__ import annotations

from neuroevo.operators import replacement
from neuroevo.testing.laws.replacement import replacement_laws
from subjects.subject import Subject

COVERS = ("operators/replacement.py",)

SUBJECTS = [
    Subject(
        "generational replacement",
        COVERS,
        lambda: replacement.generational,
        lambda: replacement_laws(
            like="generational",
            least_children=1,
            grid={"elites": (0, 1, 2, 5, 400)},
            refuses=[{"elites": -1}, {"parents": 2, "children": 1}, {"parents": 3, "children": 0, "elites": 1}],
        ),
    ),
    Subject(
        "generational replacement by default",
        COVERS,
        lambda: replacement.generational,
        lambda: replacement_laws(like="generational", least_children=1),
    ),
    Subject(
        "plus replacement", COVERS, lambda: replacement.plus, lambda: replacement_laws(like="plus", keeps_best=True)
    ),
]

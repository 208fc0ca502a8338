"""Pareto fronts and crowding."""

from __future__ import annotations

from neuroevo.operators import fronts
from neuroevo.testing.laws.fronts import crowding_laws, front_laws
from subjects.subject import Subject

COVERS = ("operators/fronts.py",)

SUBJECTS = [
    Subject("front numbers", COVERS, lambda: fronts.front_numbers, front_laws),
    Subject("crowding", COVERS, lambda: fronts.crowding, crowding_laws),
]

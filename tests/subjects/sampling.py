"""Sampling around means."""

from __future__ import annotations

from neuroevo.operators import sampling
from neuroevo.testing.laws.sampling import sampling_laws
from subjects.subject import Subject

COVERS = ("operators/sampling.py",)

SUBJECTS = [
    Subject("normal sampling", COVERS, lambda: sampling.normal, lambda: sampling_laws(like="normal")),
    Subject("mirrored sampling", COVERS, lambda: sampling.mirrored, lambda: sampling_laws(like="mirrored")),
]

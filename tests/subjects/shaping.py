"""Shaping of the fitness."""

from __future__ import annotations

from neuroevo.operators import shaping
from neuroevo.testing.laws.shaping import shaping_laws
from subjects.subject import Subject

SUBJECTS = [
    Subject(
        "centred ranks",
        ("operators/shaping.py",),
        lambda: shaping.centred_ranks,
        lambda: shaping_laws(like="centred ranks"),
    ),
    Subject(
        "NES utilities",
        ("operators/shaping.py",),
        lambda: shaping.nes_utilities,
        lambda: shaping_laws(like="NES utilities"),
    ),
]

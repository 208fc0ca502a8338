"""Operators on bits."""

from __future__ import annotations

from functools import partial

import torch

from neuroevo.operators import bits
from neuroevo.testing.laws import mutation_laws
from subjects.subject import Subject

SUBJECTS = [
    Subject(
        "bit flip",
        ("operators/bits.py",),
        lambda: partial(bits.flip, rate=0.3),
        lambda: mutation_laws(rate="rate", bounds=(0, 1), dtypes=(torch.bool,)),
    )
]

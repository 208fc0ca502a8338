"""Operators on bits."""

from __future__ import annotations

from functools import partial

import torch

from neuroevo.discrete import Bits
from neuroevo.operators import bits, crossover
from neuroevo.testing.laws import crossover_laws, mutation_laws
from subjects.mutation import RATES
from subjects.subject import Subject

COVERS = ("operators/bits.py", "operators/trials.py")
BATCH = torch.zeros(2, 3, dtype=torch.bool)
REFUSED = {
    f"rate={rate}": lambda mutate, generator, rate=rate: mutate(BATCH, rate=rate, generator=generator) for rate in RATES
} | {"numbers": lambda mutate, generator: mutate(BATCH.long(), generator=generator)}

SUBJECTS = [
    Subject(
        "bit flip",
        COVERS,
        lambda: partial(bits.flip, rate=0.3),
        lambda: mutation_laws(
            rate="rate", bounds=(0, 1), dtypes=(torch.bool,), leading=True, like="bit flip", refuses=REFUSED
        ),
    ),
    Subject(
        "uniform crossover of bits",
        ("operators/crossover.py",),
        lambda: crossover.uniform,
        lambda: crossover_laws(space=Bits(5), rate="rate", like="uniform"),
    ),
]

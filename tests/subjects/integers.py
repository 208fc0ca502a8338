"""Mutation of integers within bounds."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from neuroevo.discrete import Integers
from neuroevo.operators import integers
from neuroevo.testing.laws import mutation_laws
from subjects.mutation import RATES
from subjects.subject import Subject

COVERS = ("operators/integers.py", "operators/trials.py", "neuroevo/discrete.py")
NAMED = Integers.named(layers=(1, 4), width=(-8, 250), depth=(-3, -2))
PER_GENE: dict[str, Any] = {"low": NAMED.low, "high": NAMED.high}
ANY: dict[str, Any] = {"rate": "rate", "leading": True}
WITHIN: dict[str, Any] = {"bounds": (-3, 6), "dtypes": (torch.int64,)}
BATCH = torch.zeros(2, 3, dtype=torch.int64)
REFUSED = {
    f"{name}={value}": lambda mutate, generator, name=name, value=value: mutate(
        BATCH, **{name: value}, generator=generator
    )
    for name, value in [*(("rate", rate) for rate in RATES), ("low", 7), ("high", -4)]
} | {
    "real genomes": lambda mutate, generator: mutate(BATCH.double(), generator=generator),
    "integers of 32 bits": lambda mutate, generator: mutate(BATCH.int(), generator=generator),
}
NO_STEP = {"step=0": lambda mutate, generator: mutate(BATCH, step=0, generator=generator)}
REFERENCE: dict[str, Any] = {name: bound.numpy() for name, bound in PER_GENE.items()}

SUBJECTS = [
    Subject(
        "random reset of integers",
        COVERS,
        lambda: partial(integers.reset, low=-3, high=6),
        lambda: mutation_laws(like="random reset", low=-3, high=6, refuses=REFUSED, **WITHIN, **ANY),
    ),
    Subject(
        "random reset of integers with bounds for each",
        COVERS,
        lambda: partial(integers.reset, **PER_GENE),
        lambda: mutation_laws(like="random reset", space=NAMED, **REFERENCE, **ANY),
    ),
    Subject(
        "creep of integers",
        COVERS,
        lambda: partial(integers.creep, low=-3, high=6),
        lambda: mutation_laws(
            like="creep", grid={"step": (4,)}, low=-3, high=6, refuses=REFUSED | NO_STEP, **WITHIN, **ANY
        ),
    ),
    Subject(
        "creep of integers with bounds for each",
        COVERS,
        lambda: partial(integers.creep, step=2, **PER_GENE),
        lambda: mutation_laws(like="creep", step=2, space=NAMED, **REFERENCE, **ANY),
    ),
]

"""Operators on permutations."""

from __future__ import annotations

from typing import Any

import torch

from neuroevo.operators import permutations
from neuroevo.testing.laws import crossover_laws, mutation_laws
from subjects.crossover import UNPAIRED
from subjects.mutation import RATES
from subjects.subject import Subject

COVERS = ("operators/permutations.py", "operators/trials.py")
ANY: dict[str, Any] = {"permutations": True, "leading": True}
ORDER = torch.arange(6).reshape(2, 3) % 3
WRONG_RATES = {
    f"rate={rate}": lambda mutate, generator, rate=rate: mutate(ORDER, rate=rate, generator=generator) for rate in RATES
}
NO_ORDERS = UNPAIRED | {
    "a gene twice": lambda cross, generator: cross(ORDER, ORDER.clamp(max=1), generator=generator),
    "genes from 1 on": lambda cross, generator: cross(ORDER + 1, ORDER, generator=generator),
    "orders of 32 bits": lambda cross, generator: cross(ORDER.int(), ORDER.int(), generator=generator),
}

SUBJECTS = [
    Subject(
        "swap mutation",
        COVERS,
        lambda: permutations.swap,
        lambda: mutation_laws(like="swap", min_genes=2, **ANY),
    ),
    Subject(
        "insertion mutation",
        COVERS,
        lambda: permutations.insert,
        lambda: mutation_laws(like="insertion", **ANY),
    ),
    Subject(
        "inversion mutation",
        COVERS,
        lambda: permutations.invert,
        lambda: mutation_laws(like="inversion", least=2, min_genes=2, **ANY),
    ),
    *(
        Subject(
            f"{name} of one gene",
            COVERS,
            lambda mutate=mutate: mutate,
            lambda: mutation_laws(deterministic=True, length=1, **ANY),
        )
        for name, mutate in (("swap mutation", permutations.swap), ("inversion mutation", permutations.invert))
    ),
    Subject(
        "scramble mutation",
        COVERS,
        lambda: permutations.shuffle,
        lambda: mutation_laws(rate="rate", like="scramble", min_genes=2, refuses=WRONG_RATES, **ANY),
    ),
    Subject(
        "swap mutation of weights",
        COVERS,
        lambda: permutations.swap,
        lambda: mutation_laws(like="swap", min_genes=2, leading=True),
    ),
    Subject(
        "partially mapped crossover",
        COVERS,
        lambda: permutations.partially_mapped,
        lambda: crossover_laws(like="partially mapped", even_lengths=True, refuses=NO_ORDERS, **ANY),
    ),
    Subject(
        "order crossover",
        COVERS,
        lambda: permutations.ordered,
        lambda: crossover_laws(like="ordered", even_lengths=True, refuses=NO_ORDERS, **ANY),
    ),
]

"""Differential variation."""

from __future__ import annotations

import torch

from neuroevo.operators import differential
from neuroevo.testing.laws.differential import differential_laws
from subjects.subject import Subject

COVERS = ("operators/differential.py", "operators/trials.py")

SUBJECTS = [
    Subject(
        "rand/1",
        COVERS,
        lambda: differential.rand_one,
        lambda: differential_laws(
            like="rand/1", factor="factor", grid={"factor": (0.5, 0.0, 1.0, -0.7)}, refuses=[{"population": 3}]
        ),
    ),
    Subject(
        "binomial crossover",
        COVERS,
        lambda: differential.binomial,
        lambda: differential_laws(
            like="binomial",
            batches=2,
            least=1,
            grid={"rate": (0.5, 0.0, 1.0, 0.1, 0.39, 0.9)},
            refuses=[{"rate": -0.1}, {"rate": 1.5}],
        ),
    ),
    Subject(
        "iso+line",
        COVERS,
        lambda: differential.iso_line,
        lambda: differential_laws(
            like="iso+line",
            batches=2,
            least=1,
            grid={"iso": (0.5, 0.0, 0.01), "line": (0.2, 0.0, 1.0), "least": (1.0, 0.1, 0.01)},
            refuses=[{"least": 0.0}, {"least": 1.5}],
        ),
    ),
    Subject(
        "iso+line by default",
        COVERS,
        lambda: differential.iso_line,
        lambda: differential_laws(
            like="iso+line", batches=2, least=1, grid={"iso": (torch.tensor(0.01, dtype=torch.float16),)}
        ),
    ),
]

"""Optimisers."""

from __future__ import annotations

from neuroevo.operators import optimisers
from neuroevo.testing.laws.optimiser import optimiser_laws
from subjects.subject import Subject

COVERS = ("operators/optimisers.py",)
RATES = (0.5, 0.0, 1e-3)

SUBJECTS = [
    Subject(
        "gradient ascent",
        COVERS,
        lambda: optimisers.ascent,
        lambda: optimiser_laws(like="ascent", grid={"learning_rate": RATES}),
    ),
    Subject(
        "Adam",
        COVERS,
        lambda: optimisers.adam,
        lambda: optimiser_laws(
            like="Adam",
            grid={
                "learning_rate": RATES,
                "beta1": (0.9, 0.0, 0.3),
                "beta2": (0.999, 0.0, 0.7),
                "epsilon": (1e-8, 0.1),
            },
        ),
    ),
    Subject(
        "Adam by default",
        COVERS,
        lambda: optimisers.adam,
        lambda: optimiser_laws(like="Adam", grid={"learning_rate": RATES}),
    ),
    Subject(
        "ClipUp",
        COVERS,
        lambda: optimisers.clipup,
        lambda: optimiser_laws(
            like="ClipUp",
            direction_only=True,
            grid={"learning_rate": RATES, "max_speed": (0.6, 0.1, 1e9), "momentum": (0.9, 0.0, 0.5)},
        ),
    ),
    Subject(
        "ClipUp by default",
        COVERS,
        lambda: optimisers.clipup,
        lambda: optimiser_laws(like="ClipUp", grid={"learning_rate": RATES, "max_speed": (0.6, 1.0)}),
    ),
]

"""Strategies whose operators return what they must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from neuroevo.problems.function import ARM, RASTRIGIN
from neuroevo.problems.graphs import xor
from neuroevo.strategies import (
    NEAT,
    PBT,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    MAPElites,
    OpenAIES,
)
from neuroevo.testing.laws import refusal_laws
from subjects.subject import Subject

COVERS = ("neuroevo/strategies/search/checks.py", "neuroevo/strategies/toolbox.py")

SELECTED = ("nothing", "another thing", "one less", "one more", "a thing among them", "a stranger")
CHILDREN = (
    "nothing",
    "one less",
    "one more",
    "a thing among them",
    "another shape",
    "another dtype",
    "the memory of an argument",
)
LIKE = ("nothing", "another thing", "another shape", "another dtype", "the memory of an argument")
SHAPED = ("nothing", "another thing", "another shape")
STEP = ("nothing", "another thing", "one less", "another shape", "another dtype")

WRONG: Mapping[str, tuple[Any, Mapping[str, Sequence[str]]]] = {
    "genetic": (
        lambda seed: Genetic(RASTRIGIN(3), population=4, seed=seed),
        {
            "select": SELECTED,
            "mate": CHILDREN,
            "mutate": CHILDREN,
            "vary": ("nothing", "another thing", "one less", "one more", "a thing among them"),
            "replace": ("nothing", "another thing", "none", "a thing among them"),
        },
    ),
    "differential evolution": (
        lambda seed: Differential(RASTRIGIN(3), population=5, seed=seed),
        {"differ": LIKE, "trial": LIKE},
    ),
    "SNES": (lambda seed: SNES(RASTRIGIN(3), seed=seed), {"sample": SHAPED, "shape": SHAPED}),
    "OpenAI's ES": (
        lambda seed: OpenAIES(RASTRIGIN(3), seed=seed),
        {"sample": SHAPED, "shape": SHAPED, "optimise": STEP},
    ),
    "the evolution strategy": (
        lambda seed: EvolutionStrategy(RASTRIGIN(3), seed=seed),
        {"sample": SHAPED, "recombine": ("nothing", "another thing", "another shape", "another dtype")},
    ),
    "MAP-Elites": (
        lambda seed: MAPElites(ARM(3), population=4, cells=4, seed=seed),
        {"select": SELECTED, "line": LIKE},
    ),
    "population-based training": (
        lambda seed: PBT(RASTRIGIN(3), population=4, steps=1, seed=seed),
        {"exploit": ("nothing", "one less"), "explore": SHAPED, "learn": LIKE},
    ),
    "NEAT": (
        lambda seed: NEAT(xor(), population=6, seed=seed, connection_rate=1.0, node_rate=1.0),
        dict.fromkeys(
            ("crossover", "perturb_weights", "add_connection", "add_node", "distance"), ("nothing", "another thing")
        ),
    ),
}

SUBJECTS = [
    Subject(f"refusals of {name}", COVERS, partial(lambda one: one, make), partial(refusal_laws, wrong))
    for name, (make, wrong) in WRONG.items()
]

"""Genetic Transfer Learning beside plain references, and its parts."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import torch

from neuroevo.backbones import MLP
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.execution import Recipe
from neuroevo.operators.layers import layers
from neuroevo.seeds import stream
from neuroevo.strategies import (
    GTL,
    PAPER,
    AsynchronousGTL,
    Finetune,
    HeurLG,
    Layerwise,
    LinearProbe,
    NarrowPretraining,
    OneCandidate,
    PrunedCircuit,
    RandomCircuit,
    Reptile,
    Scratch,
    UntrainedCircuit,
)
from neuroevo.testing.laws.replayed import call_laws
from neuroevo.testing.references.strategies.asynchronous import PlainAsynchronousGTL
from neuroevo.testing.references.strategies.gtl import PlainGTL
from neuroevo.testing.references.strategies.rivals import PlainReptile, PlainRival
from subjects.gtl_settings import DEFAULTS
from subjects.subject import Subject

BACKBONE = MLP(widths=(4, 3), inputs=16)
BASES = ("neuroevo/strategies/strategy.py", "neuroevo/strategies/toolbox.py", "neuroevo/strategies/learngenes.py")
PARTS = ("gtl", "operators", "pool", "tree", "scoring", "checks", "settings")
FILES = (*BASES, *(f"neuroevo/strategies/gtl/{part}.py" for part in PARTS))


@cache
def tiny() -> Dataset:
    """Return 3, 3 and 2 classes with 14 images of 4 x 4 pixels each: a pattern under noise."""
    return Dataset.of("tiny", *(patterns(role, classes) for role, classes in zip("ahn", (3, 3, 2), strict=True)))


def patterns(role: str, classes: int) -> LabelledImages:
    """Return images of the classes of a role."""
    generator, labels = stream(0, role), torch.arange(classes).repeat(14)
    means = torch.randint(0, 2, (classes, 1, 4, 4), generator=generator) * 128
    noise = torch.randint(0, 128, (len(labels), 1, 4, 4), generator=generator)
    return LabelledImages((means[labels] + noise).to(torch.uint8), labels, tuple(f"{role}{i}" for i in range(classes)))


SMALL: dict[str, Any] = {
    "life": Recipe(updates=1, batch=8),
    "critic": Recipe(updates=1, batch=4),
    "critic_shots": 2,
    "final_critics": 1,
    "share": 0.5,
    "workers": 1,
}


def gtl(seed: int, **settings: Any) -> GTL:
    """Return a strategy whose training runs take one update."""
    return GTL(tiny(), BACKBONE, seed=seed, **{**SMALL, **settings})


def replayed(name: str, settings: dict[str, Any], plain: dict[str, Any] | None = None, **others: Any) -> Subject:
    """Return GTL with settings beside its reference with the same."""
    reference = PlainGTL(**(settings if plain is None else plain))
    laws = call_laws(reference, failing="live")
    return Subject(name, FILES, lambda: lambda seed: gtl(seed, **settings, **others), lambda: laws)


RECIPES = ("critic", "critic_shots", "final_critics", "life", "share")
DOCUMENTED = {name: value for name, value in DEFAULTS.items() if name not in RECIPES}
"""The documented defaults, which a result says in its notes."""

SUBJECTS = [
    # With one ancestor some operators are never called.
    replayed("GTL with two", {"population": 2}, {"population": 2, "settings": {**DOCUMENTED, "population": 2}}),
    replayed(
        "GTL with five and groups of two",
        {"population": 5, "tournament": 2, "parents": 2, "elites": 2, "finalists": 2, "pool": 3, "turnover": 1},
        mutation_rate=0.4,
    ),
    replayed(
        "GTL of the paper",
        {"population": 4, "tournament": 3, "pool": 2, "turnover": 2},
        {
            "population": 4,
            "tournament": 3,
            "pool": 2,
            "turnover": 2,
            "memory": False,
            "founders": 0,
            "parents": None,
            "average": False,
            "elites": 0,
            "beta": 0.36787944117144233,
            "finalists": 3,
        },
        **PAPER,
    ),
    replayed(
        "Baldwinian GTL",
        {
            "population": 3,
            "tournament": 1,
            "founders": 2,
            "parents": 3,
            "lamarckian": False,
            "credit": "grl",
            "beta": 0.7,
            "decay": 0.9,
        },
        mutation_rate=0.5,
        resize_rate=0.5,
        condense=False,
    ),
]

RIVALS: dict[str, type[OneCandidate]] = {
    "scratch": Scratch,
    "untrained-circuit": UntrainedCircuit,
    "random-circuit": RandomCircuit,
    "narrow-pretraining": NarrowPretraining,
    "finetune": Finetune,
    "linear-probe": LinearProbe,
    "heur-lg": HeurLG,
    "pruned-circuit": PrunedCircuit,
}
ONE_UPDATE = Recipe(updates=1, batch=4)


def rival(name: str) -> Subject:
    """Return a strategy of one candidate beside its reference."""

    def make(seed: int) -> OneCandidate:
        return RIVALS[name](tiny(), BACKBONE, seed=seed, share=0.5, pretraining=ONE_UPDATE, workers=1)

    covers = (*BASES, "neuroevo/strategies/transfer/base.py", "neuroevo/strategies/transfer/rivals.py")
    laws = call_laws(PlainRival(name, share=0.5, updates=1), generations=3)
    return Subject(f"rival {name}", covers, lambda: make, lambda: laws)


def reptile(name: str, **settings: Any) -> Subject:
    """Return Reptile beside its reference."""

    def make(seed: int) -> Reptile:
        recipe = Recipe(updates=7, batch=4)
        return Reptile(tiny(), BACKBONE, seed=seed, share=0.5, pretraining=recipe, workers=1, **settings)

    covers = (*BASES, "neuroevo/strategies/transfer/base.py", "neuroevo/strategies/transfer/reptile.py")
    plain = PlainReptile(share=0.5, updates=7, **{"task_ways": 3, **settings})
    return Subject(name, covers, lambda: make, lambda: call_laws(plain, generations=2))


SUBJECTS += [
    *map(rival, RIVALS),
    reptile("Reptile", inner=2, tasks=2, step=0.5, task_ways=2),
    reptile("Reptile with one task at a time", inner=3),
    reptile("Reptile by default"),
]


def common_layers(layout: Any, pair: tuple[dict[str, list[int]], dict[str, list[int]]]) -> float:
    """Return the parameters of the layers that two hold in common, in units of those of all that either holds."""
    first, second = pair
    tensors, total = layers(layout), layout.parameters()
    shares = {layer: layout.parameters(tensors=names) / total for layer, names in tensors.items()}
    common = sum(shares[layer] for layer, ids in first.items() if second.get(layer) == ids)
    return common / (sum(shares[layer] for layer in [*first, *second]) - common)


class PlainLayerwise(PlainGTL):
    """GTL over whole layers, with GRL's settings."""

    name = "layerwise"


GRL: dict[str, Any] = {"memory": False, "founders": 0, "parents": None, "average": False, "elites": 0}
GRL |= {"beta": 1 / math.e, "credit": "grl", "finalists": 3, "overlap": common_layers}

SUBJECTS += [
    Subject(
        "layerwise GTL",
        (*FILES, "neuroevo/strategies/gtl/layerwise.py"),
        lambda: lambda seed: Layerwise(tiny(), BACKBONE, seed=seed, **SMALL, population=4),
        lambda: call_laws(PlainLayerwise(**GRL, population=4), failing="live"),
    ),
]


ASYNCHRONOUS: dict[str, dict[str, Any]] = {
    "asynchronous GTL": {"population": 2},
    "asynchronous GTL with threes": {
        "population": 5,
        "tournament": 3,
        "founders": 2,
        "elites": 2,
        "pool": 3,
        "turnover": 1,
        "finalists": 2,
        "decay": 0.8,
        "beta": 0.5,
        "memory": False,
    },
    "asynchronous GTL without founders": {
        "population": 3,
        "tournament": 2,
        "founders": 0,
        "parents": None,
        "lamarckian": False,
        "elites": 0,
    },
}
OTHERS: dict[str, Any] = {"condense": False, "mutation_rate": 0.4}


def asynchronous(name: str) -> Subject:
    """Return GTL without barriers beside its reference."""
    settings = ASYNCHRONOUS[name]

    def make(seed: int) -> AsynchronousGTL:
        return AsynchronousGTL(tiny(), BACKBONE, seed=seed, **{**SMALL, **settings, **OTHERS})

    covers = ("neuroevo/strategies/gtl/asynchronous.py", *FILES)
    laws = call_laws(PlainAsynchronousGTL(average=False, **settings), failing="live")
    return Subject(name, covers, lambda: make, lambda: laws)


SUBJECTS += map(asynchronous, ASYNCHRONOUS)

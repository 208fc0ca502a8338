"""GTL and strategies of one candidate as any loop meets them: budgets, states, lineages and the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from neuroevo.execution import Recipe
from neuroevo.strategies import GTL, PAPER, AsynchronousGTL, Finetune, Layerwise, Reptile, Scratch
from neuroevo.testing.laws import Law, strategy_laws
from subjects.gtl_operators import BACKBONE
from subjects.gtl_settings import dataset
from subjects.subject import Subject

GTL_FILES = ("gtl/gtl", "gtl/pool", "gtl/tree", "learngenes", "toolbox", "gtl/scoring")
RIVAL_FILES = ("transfer/base", "transfer/rivals", "learngenes", "toolbox")
CASES = 2
"""Cases of each law: each of them trains networks."""

SMALL: dict[str, Any] = {
    "life": Recipe(updates=1, batch=8),
    "critic": Recipe(updates=1, batch=4),
    "critic_shots": 2,
    "critics": 1,
    "final_critics": 1,
    "share": 0.5,
    "workers": 1,
}
ALWAYS = ("evaluate", "map")
BARE = ("live", "extract", "mutate", "select", "inherit", "choose_parents", "rescore", *ALWAYS)
"""Operators that every run calls."""


def conduct(
    name: str, files: Sequence[str], kind: Any, verbs: Sequence[str], *, generations: int = 2, **given: Any
) -> Subject:
    """Return a strategy that is judged by its conduct."""

    def make(seed: int) -> Any:
        return kind(dataset(), BACKBONE, seed=seed, **given)

    def laws() -> list[Law]:
        return [replace(law, examples=CASES) for law in strategy_laws(generations=generations, verbs=verbs)]

    covers = tuple(f"neuroevo/strategies/{file}.py" for file in files)
    return Subject(f"conduct of {name}", covers, lambda: make, laws)


PRETRAINED: dict[str, Any] = {"pretraining": Recipe(updates=2, batch=8), "workers": 1}
gtl = partial(conduct, files=GTL_FILES, kind=GTL)

SUBJECTS = [
    gtl("GTL", verbs=(*BARE, "found", "remember", "average"), **SMALL, population=3, finalists=2, turnover=1),
    gtl(
        "GTL of the paper",
        verbs=BARE,
        **{**PAPER, **SMALL, "population": 4, "critics": 2, "final_critics": 3, "finalists": 9, "pool": 3},
        generations=3,
    ),
    conduct(
        "GTL in a steady state",
        ("gtl/asynchronous", *GTL_FILES),
        AsynchronousGTL,
        (*BARE, "found", "remember"),
        **{**SMALL, "population": 3, "finalists": 4},
    ),
    conduct("layerwise GTL", ("gtl/layerwise", *GTL_FILES), Layerwise, BARE, **SMALL, population=3, noise=0.1),
    conduct("finetune", RIVAL_FILES, Finetune, ("live", "inherit", *ALWAYS), **PRETRAINED),
    conduct("scratch", RIVAL_FILES, Scratch, ALWAYS, **PRETRAINED),
    conduct(
        "Reptile",
        ("transfer/reptile", *RIVAL_FILES[:1], *RIVAL_FILES[2:]),
        Reptile,
        ("live", "average", "move", "inherit", *ALWAYS),
        **PRETRAINED,
        inner=1,
    ),
]

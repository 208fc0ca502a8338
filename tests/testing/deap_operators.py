"""Which laws the operators of `deap.tools` break: found by running them, and written down as the page in `docs/`.

`SUBJECTS` says how each operator is called and which laws it is judged by. All of them draw from Python's global
generator, which is reported once; for the other laws it is seeded for each call.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import torch
from deap import tools
from hypothesis import settings
from torch import Tensor

from neuroevo.individual import Fitness
from neuroevo.testing.deap_verbs import StockFitness, as_crossover, as_mutation, as_selection
from neuroevo.testing.laws import Law, LawBroken, check_law, crossover_laws, mutation_laws, selection_laws

EXAMPLES = 100
GLOBAL = "global generators are neither read nor written"
DOUBLE = (torch.float64,)
WHOLE = (torch.int64,)


class Subject(NamedTuple):
    """An operator of DEAP.

    Attributes:
        name: How it is called in the table.
        adapt: Returns it as the laws want it; takes `seed_globals`.
        laws: What it is judged by.
    """

    name: str
    adapt: Callable[..., Callable[..., Any]]
    laws: Sequence[Law]


def array(row: Tensor) -> Any:
    """Return a numpy array with memory of its own, as `toolbox.clone` would make it."""
    return row.numpy().copy()


def _mutation(name: str, mutate: Any, **laws: Any) -> Subject:
    return Subject(name, partial(as_mutation, mutate), mutation_laws(**{"dtypes": DOUBLE, **laws}))


def _crossover(name: str, mate: Any, *, make: Any = Tensor.tolist, **laws: Any) -> Subject:
    return Subject(name, partial(as_crossover, mate, make=make), crossover_laws(**{"dtypes": DOUBLE, **laws}))


def _selection(
    name: str, select: Any, *, fitness: Any = StockFitness, only_ties_are_random: bool = False, **laws: Any
) -> Subject:
    judged = selection_laws(**laws)
    if only_ties_are_random:
        judged = [law for law in judged if law.name != "other seeds give other results"]
    return Subject(name, partial(as_selection, select, fitness=fitness), judged)


BOUNDED: dict[str, Any] = {"eta": 20.0, "low": -1.0, "up": 1.0}
TOURNAMENT = partial(tools.selTournament, tournsize=3)
DOUBLE_TOURNAMENT = partial(tools.selDoubleTournament, fitness_size=3, parsimony_size=1, fitness_first=True)
BEST: dict[str, Any] = {"deterministic": True, "with_replacement": False}
STRENGTH: dict[str, Any] = {"only_ties_are_random": True, "with_replacement": False}

SUBJECTS = (
    _mutation("`mutGaussian`", partial(tools.mutGaussian, mu=0, sigma=1, indpb=0.5), rate="indpb"),
    _mutation(
        "`mutPolynomialBounded`",
        partial(tools.mutPolynomialBounded, **BOUNDED, indpb=0.5),
        rate="indpb",
        bounds=(-1.0, 1.0),
    ),
    _mutation("`mutFlipBit`", partial(tools.mutFlipBit, indpb=0.5), rate="indpb", bounds=(0, 1), dtypes=WHOLE),
    _mutation(
        "`mutUniformInt`",
        partial(tools.mutUniformInt, low=0, up=9, indpb=0.5),
        rate="indpb",
        bounds=(0, 9),
        dtypes=WHOLE,
    ),
    _mutation("`mutShuffleIndexes`", partial(tools.mutShuffleIndexes, indpb=0.5), rate="indpb"),
    _mutation(
        "`mutShuffleIndexes`, 2 or more genes", partial(tools.mutShuffleIndexes, indpb=0.5), rate="indpb", min_genes=2
    ),
    _mutation("`mutInversion`", tools.mutInversion),
    _crossover("`cxOnePoint`", tools.cxOnePoint, cuts=1),
    _crossover("`cxOnePoint`, 2 or more genes", tools.cxOnePoint, cuts=1, min_genes=2),
    _crossover("`cxOnePoint`, numpy arrays of 2 or more", tools.cxOnePoint, make=array, cuts=1, min_genes=2),
    _crossover("`cxTwoPoint`", tools.cxTwoPoint, cuts=2),
    _crossover("`cxTwoPoint`, 2 or more genes", tools.cxTwoPoint, cuts=2, min_genes=2),
    _crossover("`cxTwoPoint`, numpy arrays of 2 or more", tools.cxTwoPoint, make=array, cuts=2, min_genes=2),
    _crossover("`cxUniform`", partial(tools.cxUniform, indpb=0.5), rate="indpb"),
    _crossover("`cxBlend`", partial(tools.cxBlend, alpha=0.5), exchanges=False),
    _crossover("`cxSimulatedBinary`", partial(tools.cxSimulatedBinary, eta=20.0), exchanges=False),
    _crossover(
        "`cxSimulatedBinaryBounded`",
        partial(tools.cxSimulatedBinaryBounded, **BOUNDED),
        exchanges=False,
        bounds=(-1.0, 1.0),
    ),
    _selection("`selRandom`", tools.selRandom),
    _selection("`selBest`", tools.selBest, **BEST),
    _selection("`selBest`, `neuroevo.Fitness`", tools.selBest, fitness=Fitness, **BEST),
    _selection("`selTournament`", TOURNAMENT, tournament=3),
    _selection("`selTournament`, `neuroevo.Fitness`", TOURNAMENT, fitness=Fitness, tournament=3),
    _selection("`selDoubleTournament`", DOUBLE_TOURNAMENT, tournament=3),
    _selection("`selDoubleTournament`, `neuroevo.Fitness`", DOUBLE_TOURNAMENT, fitness=Fitness, tournament=3),
    _selection("`selRoulette`", tools.selRoulette, proportional=True),
    _selection(
        "`selStochasticUniversalSampling`",
        tools.selStochasticUniversalSampling,
        proportional=True,
        separate_draws=False,
    ),
    _selection("`selLexicase`, one objective", tools.selLexicase, only_ties_are_random=True),
    _selection("`selNSGA2`", tools.selNSGA2, **BEST),
    _selection("`selNSGA2`, `neuroevo.Fitness`", tools.selNSGA2, fitness=Fitness, **BEST),
    _selection("`selSPEA2`", tools.selSPEA2, **STRENGTH),
    _selection("`selSPEA2`, `neuroevo.Fitness`", tools.selSPEA2, fitness=Fitness, **STRENGTH),
)


def draws_globally(subject: Subject) -> bool:
    """Return whether an operator moves or reads a global generator."""
    (law,) = (law for law in subject.laws if law.name == GLOBAL)
    return bool([*_broken(subject, law, seed_globals=False)])


def findings(subject: Subject) -> list[LawBroken]:
    """Return the other laws that an operator breaks, with its draws seeded."""
    others = [law for law in subject.laws if law.name != GLOBAL]
    return [found for law in others for found in _broken(subject, law, seed_globals=True)]


def _broken(subject: Subject, law: Law, *, seed_globals: bool) -> Iterator[LawBroken]:
    # What an operator draws unasked is the same in every run, too.
    random.seed(0)
    try:
        check_law(subject.adapt(seed_globals=seed_globals), law, label="it", examples=EXAMPLES)
    except LawBroken as broken:
        yield broken


def table() -> Iterator[str]:
    """Yield the lines of the page's table, in Markdown: a row for each complaint, which several laws may share."""
    yield "| operator | laws | breaks | what happened | smallest case |"
    yield "| --- | --- | --- | --- | --- |"
    for subject in SUBJECTS:
        row = f"| {subject.name} | {len(subject.laws) - 1} "
        found = findings(subject)
        if not found:
            yield f"{row}| nothing | | |"
        for complaint, alike in groupby(found, lambda broken: broken.complaint):
            first, *more = alike
            others = f" and {len(more)} more" if more else ""
            yield f"{row}| {first.law}{others} | {_line(complaint)} | `{_line(first.case)}` |"


def _line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    # The same cases as in the tests.
    settings.register_profile("page", derandomize=True, deadline=None)
    settings.load_profile("page")
    sys.stdout.writelines(f"{line}\n" for line in table())

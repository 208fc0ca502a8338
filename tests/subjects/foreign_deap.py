"""DEAP's operators; all but sorting draw from the global generator, which is seeded for each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from deap import tools

from neuroevo.individual import Fitness
from neuroevo.testing.deap_verbs import as_crossover, as_mutation, as_selection
from neuroevo.testing.laws import Law, crossover_laws, mutation_laws, selection_laws
from neuroevo.testing.strategies import fitnesses
from subjects import variants
from subjects.subject import Subject

REALS: dict[str, Any] = {"dtypes": (torch.float64,)}
BITS: dict[str, Any] = {"bounds": (0, 1), "dtypes": (torch.bool,)}
WHOLE: dict[str, Any] = {"bounds": (0, 9), "dtypes": (torch.int64,)}
ORDERS: dict[str, Any] = {"permutations": True, "min_genes": 2}
MUTANTS = "mutants are distributed as the reference's"
CHILDREN = "children are distributed as the reference's"
SEEDS = "other seeds give other results"
SORTED: dict[str, Any] = {"deterministic": True, "with_replacement": False}


deap_mutation = partial(as_mutation, seed_globals=True)
deap_crossover = partial(as_crossover, seed_globals=True)
deap_selection = partial(as_selection, fitness=Fitness, seed_globals=True)


def _subject(
    name: str,
    make: Callable[[], object],
    laws: Callable[[], Sequence[Law]],
    failures: Mapping[str, str] | None = None,
) -> Subject:
    return Subject(f"DEAP {name}", (), make, laws, origin="DEAP", expected_failures=failures or {})


def _without_overflow(laws: Sequence[Law]) -> list[Law]:
    # Weights whose sum is no double are outside of what DEAP takes.
    return [law for law in laws if law.name != "scaling all weights changes nothing"]


MUTATIONS = [
    _subject(
        "mutGaussian",
        lambda: deap_mutation(partial(tools.mutGaussian, mu=0, sigma=0.5, indpb=0.5)),
        lambda: mutation_laws(rate="indpb", like="gaussian", sigma=0.5, **REALS),
    ),
    _subject(
        "mutPolynomialBounded",
        lambda: deap_mutation(partial(tools.mutPolynomialBounded, eta=20, low=-1, up=1, indpb=0.5)),
        lambda: mutation_laws(rate="indpb", bounds=(-1, 1), like="polynomial", eta=20, low=-1, high=1, **REALS),
    ),
    _subject(
        "mutFlipBit",
        lambda: deap_mutation(partial(tools.mutFlipBit, indpb=0.5)),
        lambda: mutation_laws(rate="indpb", like="bit flip", **BITS),
    ),
    _subject(
        "mutUniformInt",
        lambda: deap_mutation(partial(tools.mutUniformInt, low=0, up=9, indpb=0.5)),
        lambda: mutation_laws(rate="indpb", reference=variants.drawn_integers, **WHOLE),
    ),
    _subject(
        "mutShuffleIndexes",
        lambda: deap_mutation(partial(tools.mutShuffleIndexes, indpb=0.3)),
        lambda: mutation_laws(reference=variants.swaps, **ORDERS),
    ),
    _subject(
        "mutInversion",
        lambda: deap_mutation(tools.mutInversion),
        lambda: mutation_laws(like="inversion", **ORDERS),
        {MUTANTS: "fault: the segment ends before its second point, so that the last gene never moves"},
    ),
]

CROSSOVERS = [
    _subject(
        "cxOnePoint",
        lambda: deap_crossover(tools.cxOnePoint),
        lambda: crossover_laws(cuts=1, min_genes=2, like="one-point", **REALS),
    ),
    _subject(
        "cxTwoPoint",
        lambda: deap_crossover(tools.cxTwoPoint),
        lambda: crossover_laws(cuts=2, min_genes=2, like="two-point", **REALS),
    ),
    _subject(
        "cxUniform",
        lambda: deap_crossover(partial(tools.cxUniform, indpb=0.5)),
        lambda: crossover_laws(rate="indpb", like="uniform", **REALS),
    ),
    _subject(
        "cxBlend",
        lambda: deap_crossover(partial(tools.cxBlend, alpha=0.3)),
        lambda: crossover_laws(exchanges=False, like="blend", alpha=0.3, **REALS),
    ),
    _subject(
        "cxSimulatedBinary",
        lambda: deap_crossover(partial(tools.cxSimulatedBinary, eta=15)),
        lambda: crossover_laws(exchanges=False, like="simulated binary", eta=15, rate=1.0, exchange=0.0, **REALS),
    ),
    _subject(
        "cxSimulatedBinaryBounded",
        lambda: deap_crossover(partial(tools.cxSimulatedBinaryBounded, eta=15, low=-1, up=1)),
        lambda: crossover_laws(
            exchanges=False, bounds=(-1, 1), like="simulated binary", eta=15, low=-1, high=1, **REALS
        ),
    ),
    _subject(
        "cxPartialyMatched",
        lambda: deap_crossover(tools.cxPartialyMatched),
        lambda: crossover_laws(like="partially mapped", **ORDERS),
        {CHILDREN: "fault: later pairs of the segment undo earlier ones, so that a child lacks the other's segment"},
    ),
    _subject(
        "cxUniformPartialyMatched",
        lambda: deap_crossover(partial(tools.cxUniformPartialyMatched, indpb=0.5)),
        lambda: crossover_laws(rate="indpb", reference=variants.uniformly_mapped, **ORDERS),
    ),
    _subject(
        "cxOrdered",
        lambda: deap_crossover(tools.cxOrdered),
        lambda: crossover_laws(reference=variants.ordered_the_other_way, **ORDERS),
    ),
]

SELECTIONS = [
    _subject("selRandom", lambda: deap_selection(tools.selRandom), lambda: selection_laws(reference=variants.any_of)),
    _subject(
        "selTournament",
        lambda: deap_selection(partial(tools.selTournament, tournsize=3)),
        lambda: selection_laws(tournament=3, like="tournament", size=3),
    ),
    _subject(
        "selDoubleTournament",
        lambda: deap_selection(
            partial(tools.selDoubleTournament, fitness_size=2, parsimony_size=1, fitness_first=True)
        ),
        lambda: selection_laws(tournament=2, like="tournament", size=2),
    ),
    _subject(
        "selRoulette",
        lambda: deap_selection(tools.selRoulette),
        lambda: _without_overflow(selection_laws(proportional=True, like="roulette")),
    ),
    _subject(
        "selStochasticUniversalSampling",
        lambda: deap_selection(tools.selStochasticUniversalSampling),
        lambda: _without_overflow(
            selection_laws(proportional=True, separate_draws=False, reference=variants.pointers_on_the_sorted)
        ),
    ),
    _subject("selBest", lambda: deap_selection(tools.selBest), lambda: selection_laws(**SORTED)),
    _subject("selNSGA2", lambda: deap_selection(tools.selNSGA2), lambda: selection_laws(**SORTED)),
    _subject(
        "selLexicase",
        lambda: deap_selection(tools.selLexicase),
        lambda: [law for law in selection_laws(fitness=fitnesses(non_finite=False)) if law.name != SEEDS],
        {"NaN never beats a number": "fault: no candidate is left where the best value of a case is NaN"},
    ),
]

SUBJECTS = [*MUTATIONS, *CROSSOVERS, *SELECTIONS]

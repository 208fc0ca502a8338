"""pymoo's operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from pymoo.algorithms.soo.nonconvex.ga import comp_by_cv_and_fitness
from pymoo.operators.crossover.binx import BX
from pymoo.operators.crossover.expx import ExponentialCrossover
from pymoo.operators.crossover.hux import HUX
from pymoo.operators.crossover.ox import OrderCrossover
from pymoo.operators.crossover.pntx import SinglePointCrossover, TwoPointCrossover
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.crossover.ux import UX
from pymoo.operators.mutation.bitflip import BFM
from pymoo.operators.mutation.gauss import GM
from pymoo.operators.mutation.inversion import InversionMutation
from pymoo.operators.mutation.pm import PM
from pymoo.operators.selection.rnd import RandomSelection
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from neuroevo.testing.laws import Law, crossover_laws, mutation_laws, selection_laws
from neuroevo.testing.pymoo_operators import as_crossover, as_mutation, as_selection, as_survival
from neuroevo.testing.strategies import fitnesses
from subjects import variants
from subjects.subject import Subject

REALS: dict[str, Any] = {"dtypes": (torch.float64,)}
BITS: dict[str, Any] = {"bounds": (0, 1), "dtypes": (torch.bool,)}
ORDERS: dict[str, Any] = {"permutations": True, "min_genes": 2}
MUTANTS = "mutants are distributed as the reference's"
CHILDREN = "children are distributed as the reference's"


def _subject(
    name: str,
    make: Callable[[], object],
    laws: Callable[[], Sequence[Law]],
    failures: Mapping[str, str] | None = None,
) -> Subject:
    return Subject(f"pymoo {name}", (), make, laws, origin="pymoo", expected_failures=failures or {})


MUTATIONS = [
    _subject(
        "PM",
        lambda: as_mutation(PM(eta=20, prob=1.0, prob_var=0.5), low=-1, high=1),
        lambda: mutation_laws(rate="prob_var", bounds=(-1, 1), like="polynomial", eta=20, low=-1, high=1, **REALS),
    ),
    _subject(
        "GaussianMutation",
        lambda: as_mutation(GM(sigma=0.1, prob=1.0, prob_var=0.5), low=-1, high=1),
        lambda: mutation_laws(rate="prob_var", bounds=(-1, 1), **REALS),
        {"equal seeds give equal results": "fault: repair_random_init is called without random_state"},
    ),
    _subject(
        "BitflipMutation",
        lambda: as_mutation(BFM(prob=1.0, prob_var=0.5)),
        lambda: mutation_laws(rate="prob_var", like="bit flip", **BITS),
    ),
    _subject(
        "InversionMutation",
        lambda: as_mutation(InversionMutation(prob=1.0)),
        lambda: mutation_laws(like="inversion", least=2, **ORDERS),
    ),
    _subject(
        "InversionMutation, prob=0.5",
        lambda: as_mutation(InversionMutation(prob=0.5)),
        lambda: mutation_laws(reference=variants.half_inverted, **ORDERS),
        {MUTANTS: "fault: prob is applied to the rows in _do and to the individuals in do, which squares it"},
    ),
]

CROSSOVERS = [
    _subject(
        "SBX",
        lambda: as_crossover(SBX(eta=15, prob=1.0), low=-1, high=1),
        lambda: crossover_laws(
            exchanges=False, bounds=(-1, 1), rate="prob_var", like="simulated binary", eta=15, low=-1, high=1, **REALS
        ),
    ),
    _subject(
        "SBX, prob_bin=0",
        lambda: as_crossover(SBX(eta=15, prob=1.0, prob_bin=0.0), low=-1, high=1),
        lambda: crossover_laws(
            exchanges=False,
            bounds=(-1, 1),
            rate="prob_var",
            like="simulated binary",
            eta=15,
            low=-1,
            high=1,
            exchange=0.0,
            **REALS,
        ),
        dict.fromkeys(
            ("mirroring the genes mirrors the children", "swapping the parents swaps the children", CHILDREN),
            "fault: without exchange the first child still gets the lower gene, of whichever parent it is",
        ),
    ),
    _subject(
        "SinglePointCrossover",
        lambda: as_crossover(SinglePointCrossover(prob=1.0)),
        lambda: crossover_laws(cuts=1, min_genes=2, like="one-point", **REALS),
    ),
    _subject(
        "TwoPointCrossover",
        lambda: as_crossover(TwoPointCrossover(prob=1.0)),
        lambda: crossover_laws(cuts=2, min_genes=3, reference=variants.two_inner_points, **REALS),
    ),
    _subject(
        "UniformCrossover",
        lambda: as_crossover(UX(prob=1.0)),
        lambda: crossover_laws(like="uniform", **REALS),
    ),
    _subject(
        "HalfUniformCrossover",
        lambda: as_crossover(HUX(prob=1.0)),
        lambda: crossover_laws(reference=variants.half_exchanged, **BITS),
    ),
    _subject(
        "BinomialCrossover",
        lambda: as_crossover(BX(prob=1.0, bias=0.5)),
        lambda: crossover_laws(reference=variants.binomial, **REALS),
    ),
    _subject(
        "ExponentialCrossover",
        lambda: as_crossover(ExponentialCrossover(prob=1.0, prob_exp=0.5)),
        lambda: crossover_laws(reference=variants.exponential, **REALS),
    ),
    _subject(
        "OrderCrossover",
        lambda: as_crossover(OrderCrossover(prob=1.0)),
        lambda: crossover_laws(reference=variants.ordered_from_the_start, **ORDERS),
    ),
]

SELECTIONS = [
    _subject(
        "TournamentSelection",
        lambda: as_selection(TournamentSelection(func_comp=comp_by_cv_and_fitness)),
        lambda: selection_laws(separate_draws=False, reference=variants.tournaments_of_shuffled),
        {"NaN never beats a number": "fault: a comparison with NaN is a tie, which a coin decides"},
    ),
    _subject(
        "RandomSelection",
        lambda: as_selection(RandomSelection()),
        lambda: selection_laws(separate_draws=False, reference=variants.shuffled),
    ),
    _subject(
        "RankAndCrowding",
        lambda: as_survival(RankAndCrowding()),
        # Only ties are random.
        lambda: [
            law
            for law in selection_laws(fitness=fitnesses(non_finite=False), deterministic=True, with_replacement=False)
            if law.name != "the seed changes nothing"
        ],
    ),
]

SUBJECTS = [*MUTATIONS, *CROSSOVERS, *SELECTIONS]

"""Variants of GTL: the paper's reading, and what is left when a part is taken away.

A variant is a strategy and what its settings are; `neuroevo bench` gives each of them the gradient steps of `gtl`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuroevo.execution import Recipe
from neuroevo.problems.training_setup import SCALED
from neuroevo.strategies.gtl.gtl import GTL
from neuroevo.strategies.gtl.layerwise import Layerwise
from neuroevo.strategies.gtl.population import PopulationGTL
from neuroevo.strategies.gtl.settings import PAPER
from neuroevo.strategies.variant import Variant

SHORT: Mapping[str, Any] = {"population": 6, "life": Recipe(updates=100)}
"""Training runs of the paper's reading, many and short; the numbers are ours."""

CONTESTANTS = {
    "gtl-paper": Variant(
        GTL,
        summary="GTL as far as the paper is known: many short training runs, random cross weights, no isolation.",
        settings=PAPER,
        sizes=SHORT,
    ),
    "gtl-no-mutation": Variant(
        PopulationGTL, summary="GTL in a population without mutation.", settings={"mutation_rate": 0.0}
    ),
    "gtl-no-tournament": Variant(
        PopulationGTL,
        summary="GTL in a population without tournaments: every individual wins, and only the pool selects.",
        settings={"tournament": 1},
    ),
    "gtl-no-tree": Variant(PopulationGTL, summary="GTL in a population without the gene tree.", settings={"beta": 0.0}),
    "gtl-random-winners": Variant(
        PopulationGTL,
        summary="GTL in a population whose fitness is a random number: chance selects.",
        settings={"scoring": "random"},
    ),
    "gtl-no-migration": Variant(
        PopulationGTL,
        summary="GTL in a population that stays in the environments of its ancestors.",
        settings={"migration": 0.0},
    ),
    "gtl-oracle": Variant(
        PopulationGTL,
        summary="GTL in a population that lives only in environments known to be useful.",
        settings={"habitat": "useful"},
    ),
    "gtl-evolving-lives": Variant(
        PopulationGTL,
        summary="GTL in a population that evolves the learning rates, decays and distillation of training runs.",
        settings={"evolved_lives": SCALED, "average": False, "parents": None},
    ),
    "gtl-random-lives": Variant(
        PopulationGTL,
        summary="The same with random rates, decays and distillation in each training run.",
        settings={"evolved_lives": SCALED, "exploration": None, "average": False, "parents": None},
    ),
    "gtl-generation-0": Variant(
        PopulationGTL,
        summary="GTL in a population with all training runs in one generation, without parents that were trained.",
        settings={"cycle": 1},
        at_once=True,
    ),
    "gtl-cross-random": Variant(
        GTL,
        summary="GTL with random cross weights, and so without isolation and condensing.",
        settings={"cross": "random", "isolate": False, "condense": False},
    ),
    "gtl-no-condense": Variant(GTL, summary="GTL without condensing.", settings={"condense": False}),
    "gtl-no-average": Variant(
        PopulationGTL, summary="GTL in a population without averaging siblings.", settings={"average": False}
    ),
    "gtl-no-memory": Variant(GTL, summary="GTL without memory of known classes.", settings={"memory": False}),
    "gtl-own-cycles": Variant(
        GTL, summary="GTL with a cycle of the learning rate in every training run.", settings={"cycle": 1}
    ),
    "layerwise": Variant(
        Layerwise,
        summary="Evolves which layers are passed on, after GRL.",
        settings={"cycle": 1},
        sizes=SHORT,
    ),
}

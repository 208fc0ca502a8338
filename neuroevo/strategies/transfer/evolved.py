"""Evolved circuit: a search finds how wide the groups of a pre-trained network's circuit are to be.

What gradients can't choose. The ancestor is the network that all rivals pre-train, and so what the search adds is what
the same network's circuit is better by (compare `PrunedCircuit`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from deap import algorithms

from neuroevo.backbones import Backbone
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways, smallest_class
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.problems import Structures, TangentKernel
from neuroevo.strategies.checks import instance
from neuroevo.strategies.search.finalists import RECENT, ROUNDS
from neuroevo.strategies.search.separable_cma_es import SeparableCMAES
from neuroevo.strategies.strategy import budget_of
from neuroevo.strategies.toolbox import Checks, Verbs
from neuroevo.strategies.transfer.base import WHOLE_NETWORK, OneCandidate

SHOTS = 5
"""Training images per class of the tasks that structures are scored on."""
TESTED = 10
"""Unseen images per class of these tasks, fewer if a class has fewer."""


SIGMA = 0.4
"""First step of the logarithms of widths: a half wider or a third narrower; ours."""


class EvolvedCircuit(OneCandidate):
    """Transfers the strongest channels of a network trained on all `ancestry` classes, in an evolved structure.

    A search over `Structures` begins with equal widths. A structure's score is the accuracy that its circuit reaches on
    `held_out` classes by training that is linear in the weights (`TangentKernel`), on other tasks in each generation,
    and finalists are scored again. Registering `search` swaps the search.

    Args:
        dataset: As in `OneCandidate`.
        backbone: As in `OneCandidate`.
        structures: Structures in a generation of the search.
        search_generations: Generations of the search.
        settings: As in `OneCandidate`; `structure` is what is searched for.

    Raises:
        ValueError: A setting is out of its range.
    """

    name: ClassVar[str] = "evolved-circuit"
    pretrains: ClassVar[str] = WHOLE_NETWORK
    UNUSED: ClassVar[frozenset[str]] = frozenset({"structure"})

    VERBS: ClassVar[Verbs] = {"search": "search(problem) -> individual"}
    CHECKS: ClassVar[Checks] = {"search": instance(Individual)}

    def __init__(
        self,
        dataset: Dataset,
        backbone: Backbone,
        *,
        structures: int = 12,
        search_generations: int = 12,
        **settings: Any,
    ) -> None:
        super().__init__(dataset, backbone, **settings)
        if structures < 2 or search_generations < 1:
            raise ValueError(
                "structures must be at least 2 and search_generations at least 1, but they are "
                f"{structures} and {search_generations}."
            )
        scoring = self.toolbox.evaluate.func
        held_out = scoring.images
        shots = min(SHOTS, max(1, smallest_class(held_out) - 1))
        self.ability = TangentKernel(
            setup=scoring.setup,
            images=held_out,
            ways=default_ways(len(held_out.classes)),
            shots=shots,
            test_per_class=min(TESTED, smallest_class(held_out) - shots),
            fresh=True,
            seed=self.seed,
            workers=scoring.workers,
        )
        search = StructureSearch(structures, search_generations, self.seed, replace(self.ability.budget, evaluations=1))
        self.toolbox.register("search", search)

    def candidate(self) -> Learngene:
        """Pre-train, search for a structure, and return the circuit that has it."""
        whole = self.cut(self.pretrain(), whole_circuit(self.backbone.layout), self.backbone)
        problem = Structures(whole, self.ability, share=self.share)
        found = self.toolbox.search(problem)
        self.budget = self.budget.then(self._search_cost())
        (ability,) = found.fitness.values or (math.nan,)
        notes = {
            "structure": list(problem.structure(found)),
            **({"ability": ability} if math.isfinite(ability) else {}),
        }
        return problem.learngene(found).with_notes(**whole.notes, **notes)

    def cost(self, generation: int) -> Budget:
        """Return what a generation costs."""
        return super().cost(generation).then(self._search_cost())

    def _search_cost(self) -> Budget:
        return budget_of(self.toolbox.search, otherwise=Budget())


@dataclass(frozen=True)
class StructureSearch:
    """Searches structures by a separable CMA-ES that begins with equal widths.

    Attributes:
        population: Individuals in a generation.
        generations: Generations.
        seed: The seed of the search.
        scoring: What one evaluation costs.
    """

    population: int
    generations: int
    seed: int
    scoring: Budget

    @property
    def budget(self) -> Budget:
        """The cost of the whole search: the best of all, the last ones and the mean are scored again."""
        again = ROUNDS * (2 + min(RECENT, self.population - 1))
        return self.scoring.times(self.population * self.generations + again)

    def __call__(self, problem: Structures) -> Individual:
        """Return the best structure that is found; its fitness is its ability on fresh tasks."""
        search = SeparableCMAES(problem, population=self.population, sigma=SIGMA, seed=self.seed)
        algorithms.eaGenerateUpdate(search.toolbox, ngen=self.generations, verbose=False)
        return search.result()


STRATEGIES = {"evolved-circuit": EvolvedCircuit}

"""Novelty search: individuals with novel behaviour have children; the objective is only recorded.

Source: Lehman and Stanley, Abandoning Objectives: Evolution Through the Search for Novelty Alone (Evolutionary
Computation, 2011), section 3: novelty is the mean distance of a behaviour to its k nearest neighbours (equation 1),
here those in the archive; behaviours that are novel enough enter it. The archive is pyribs' `ProximityArchive`
(extra `qd`).

One generation: parents win tournaments of novelty, children mutate and take their parents' places. Defaults: k = 15
as there; a behaviour enters the archive if its novelty is a twentieth of the diagonal of the measures' ranges, our
choice, and so are the genetic algorithm's settings, those of `Genetic`. Cost of a generation: P evaluations, P
searches in a k-d tree, O(P D) operations, and O(A M) numbers for A behaviours in the archive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from neuroevo.generations import born_in
from neuroevo.individual import Fitness, Individual
from neuroevo.operators.mutation import gaussian
from neuroevo.population import Population, failed_of, in_columns, taken
from neuroevo.space import Space
from neuroevo.strategies.search.base import ALL, Search, compact, twin
from neuroevo.strategies.search.measures import Measured, archives, check_measures, table_of
from neuroevo.strategies.search.variation import (
    VARIATION,
    VARIATION_CHECKS,
    default_mutation,
    register_variation,
    select_by_tournament,
)
from neuroevo.strategies.toolbox import Checks, Verbs

STEP = 1 / 3
"""Step of a mutation, in units of the space's spread."""


class Novelty(Search):
    """Novelty search; `behaviours` are the measures [A, M] of all that was novel, `result` is the best by objective.

    The individuals that `select` gets have their novelty as fitness.

    Args:
        problem: What genomes are scored on, with measures.
        population: Individuals that live at a time, P.
        neighbours: Nearest ones that novelty is measured by, k.
        threshold: Novelty that a behaviour must have to enter the archive; default a twentieth of the diagonal of the
            measures' ranges.
        seed: The run's seed.
        tournament: Entrants of a tournament.
        sigma: Step of a mutation of real numbers, one for all genes or one for each; default a third of the space's
            spread. Most steps of all lengths would be short ones, which lead to nothing novel.
        rate: Probability that a gene mutates, in [0, 1].

    Raises:
        ValueError: The problem has no measures.
        RuntimeError: pyribs is not installed.
    """

    VERBS: ClassVar[Verbs] = {name: VARIATION[name] for name in ("select", "mutate", "vary")}
    CHECKS: ClassVar[Checks] = {name: VARIATION_CHECKS[name] for name in ("select", "mutate", "vary")}
    EVOLVING = ("behaviours", "novelty")
    OBJECTIVES = None
    SPACES = ALL

    def __init__(
        self,
        problem: Measured,
        *,
        population: int = 100,
        neighbours: int = 15,
        threshold: float | None = None,
        seed: int = 0,
        tournament: int = 3,
        sigma: Tensor | float | None = None,
        rate: float = 0.1,
    ) -> None:
        check_measures(problem)
        super().__init__(problem, population=population, seed=seed)
        diagonal = float(np.linalg.norm([high - low for low, high in problem.measures]))
        self.make_archive = partial(
            archives().ProximityArchive,
            solution_dim=1,
            measure_dim=len(problem.measures),
            k_neighbors=neighbours,
            novelty_threshold=diagonal / 20 if threshold is None else threshold,
            dtype=np.float64,
        )
        self.archive = self.make_archive()
        self.behaviours = torch.zeros(0, len(problem.measures), dtype=torch.float64)
        self.novelty = torch.zeros(0, dtype=torch.float64)
        if sigma is None and self.space.KIND == Space.KIND:
            sigma = STEP * self.space.spread
        register_variation(
            self.toolbox,
            self.space,
            self.ids,
            generator=self.generator,
            mutation=default_mutation(self.space, sigma=sigma, rate=rate, generator=self.generator, step=gaussian),
        )
        self.toolbox.register("select", select_by_tournament(tournament, self.generator))

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later children of the most novel ones."""
        if not self.individuals:
            return self.initial_population()
        children: Sequence[Individual] = self.toolbox.vary(self.toolbox.select(self._novel(), self.population))
        if isinstance(children, Population) and children.untouched:
            children = children.unscored(self.problem.weights)
        else:
            for child in children:
                child.fitness = Fitness(weights=self.problem.weights)
        born_in(self.generation, children)
        return children

    def _novel(self) -> Sequence[Individual]:
        """Return the individuals with their novelty as fitness."""
        if (known := in_columns(self.individuals)) is not None:
            return known.scored_by(self.novelty.unsqueeze(-1).numpy())
        return [
            twin(one, fitness=Fitness((value,)))
            for one, value in zip(self.individuals, self.novelty.tolist(), strict=True)
        ]

    def tell(self, population: Sequence[Individual]) -> None:
        """Measure novelty, and keep what is new; individuals that failed are no parents."""
        living = taken(population, np.flatnonzero(~failed_of(population)))
        if not living:
            return
        objectives, measures = table_of(living)
        added = self.archive.add(np.zeros((len(living), 1)), objectives, measures)
        self.novelty = torch.as_tensor(added["novelty"], dtype=torch.float64)
        new = torch.as_tensor(measures)[torch.as_tensor(added["status"] > 0)]
        self.behaviours = torch.cat([self.behaviours, new.to(self.behaviours.device)])
        self.individuals = compact(living)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        super().load_state_dict(state)
        self.behaviours, self.novelty = self.behaviours.cpu(), self.novelty.cpu()
        self.archive = self.make_archive()
        if len(self.behaviours):
            # An empty archive takes in whatever comes first, all at once.
            nothing = np.zeros((len(self.behaviours), 1))
            self.archive.add(nothing, nothing[:, 0], self.behaviours.numpy())

    def record(self) -> dict[str, Any]:
        """Return how many behaviours are in the archive, besides the best value."""
        return {**super().record(), "behaviours": len(self.behaviours)}


STRATEGIES = {"novelty": Novelty}
NEEDS = {"novelty": "the extra qd, and a problem with measures (arm)"}

"""SHADE: differential evolution that learns its weights and crossover rates from the trials that succeeded.

Source: Tanabe and Fukunaga, Success-History Based Parameter Adaptation for Differential Evolution (CEC 2013), with the
constants, the terminal value of rates and the mean of rates of L-SHADE (Improving the Search Performance of SHADE Using
Linear Population Size Reduction, CEC 2014), after JADE (Zhang and Sanderson 2009). For each individual x_k

    F ~ Cauchy(M_F[r], 0.1) in (0, 1],   CR ~ N(M_CR[r], 0.1) in [0, 1]      with a random place r of the memories
    v_k = x_k + F (x_best - x_k) + F (x_r1 - x_r2)      with one of the best 11 %, and r2 from the archive as well
    u_k = v_k in each gene with probability CR, else x_k
    x_k <- u_k if it is no worse; where it is better x_k joins the archive

and a generation with successes writes the mean of their F and CR, weighted by their improvement, sum w s^2 / sum w s,
into the next place of the memories. A gene of a mutant beyond a bound comes to lie half way between that and the
parent's, so that none ends at a bound.

Defaults are L-SHADE's: memories of 6 places that begin at 0.5, an archive of 2.6 P. Ours: P = 20, by experiment
(`docs/search-quality.md`), and it is constant, for linear reduction needs to know when the search ends; the oldest
leave a full archive, where theirs draw. Cost of a generation: P evaluations and O(P D) operations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.differential import LEAST, binomial, current_to_best
from neuroevo.operators.replacement import best
from neuroevo.population import ids_of, taken
from neuroevo.problems import Problem
from neuroevo.ranking import at_least_as_good
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, compact, scores_of
from neuroevo.strategies.search.bounds import halfway
from neuroevo.strategies.search.differential import better_of, trials_of
from neuroevo.strategies.toolbox import Checks, Verbs

PLACES = 6
BEGINNING = 0.5
WIDTH = 0.1
GREEDINESS = 0.11
ARCHIVE = 2.6
NEVER = -1.0
"""In the memory of rates: trials take one gene of the mutant for ever, because no other rate succeeded."""


class SHADE(Search):
    """Differential evolution with success-history based adaptation.

    Args:
        problem: What genomes are scored on.
        population: Individuals, P, at least 4.
        seed: The run's seed.
        greediness: Share of the best individuals, towards which mutants move, in (0, 1].
        archive: Individuals that were replaced and are kept, in units of P.

    Raises:
        ValueError: The greediness lies outside (0, 1], or the archive is below 0.
    """

    VERBS: ClassVar[Verbs] = {
        "differ": "differ(genomes [P, D], best [P, D], archive [A, D], factors=[P]) -> mutants [P, D]",
        "trial": "trial(genomes [P, D], mutants [P, D], rate=[P]) -> trials [P, D]",
    }
    CHECKS: ClassVar[Checks] = {"differ": checks.like(0), "trial": checks.like(0)}
    EVOLVING = ("factors", "rates", "place", "archive", "tried")
    STEPS: ClassVar[dict[str, str]] = {"factor": "factors"}
    MIN_POPULATION = LEAST

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 20,
        seed: int = 0,
        greediness: float = GREEDINESS,
        archive: float = ARCHIVE,
    ) -> None:
        super().__init__(problem, population=population, seed=seed)
        if not 0 < greediness <= 1:
            raise ValueError(f"greediness must lie in (0, 1], but it is {greediness}.")
        if not 0 <= archive < math.inf:
            raise ValueError(f"archive must be at least 0, but it is {archive}.")
        self.top = max(2, round(greediness * population))
        self.capacity = round(archive * population)
        self.factors = torch.full((PLACES,), BEGINNING, dtype=torch.float64)
        self.rates = self.factors.clone()
        self.place = 0
        self.archive = self.space.start.new_empty(0, self.space.size)
        self.tried: dict[str, Tensor] = {}
        self.toolbox.register("differ", partial(current_to_best, generator=self.generator))
        self.toolbox.register("trial", partial(binomial, generator=self.generator))

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later a trial for each."""
        if not self.individuals:
            return self.initial_population()
        genomes, count = genomes_of(self.individuals), len(self.individuals)
        factors, rates = self._settings(count)
        drawn = torch.randint(self.top, (count,), generator=self.generator)
        leaders = genomes_of(best(self.individuals, self.top))[drawn.to(genomes.device)]
        mutants = self.toolbox.differ(genomes, leaders, self.archive, factors=factors)
        trials = self.toolbox.trial(genomes, mutants, rate=rates)
        children = self.new_individuals(
            halfway(self.space, trials, genomes), list(zip(ids_of(self.individuals), strict=True))
        )
        self.tried = {"ids": torch.tensor(ids_of(children)), "pairs": torch.stack([factors, rates], dim=-1)}
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Replace individuals whose trial is no worse, and learn from those that are better."""
        if not self.individuals:
            self.individuals = compact(population)
            return
        places = trials_of(self.individuals, population)
        tried = np.flatnonzero(places >= 0)
        old, new = taken(self.individuals, tried), taken(population, places[tried])
        better = np.flatnonzero(~at_least_as_good(old, new))
        if len(better):
            self._learn(taken(old, better), taken(new, better))
            replaced = genomes_of(taken(old, better))
            self.archive = torch.cat([self.archive, replaced])[-self.capacity :] if self.capacity else self.archive
        self.individuals = compact(better_of(self.individuals, population))
        self.tried = {}

    def _settings(self, count: int) -> tuple[Tensor, Tensor]:
        """Return weights F [P] and rates CR [P] around those of random places of the memories."""
        places = torch.randint(PLACES, (count,), generator=self.generator)
        factors, rates = self.factors[places], self.rates[places]
        uniform = torch.rand(count, generator=self.generator, dtype=torch.float64)
        # Cauchy by inversion, of the part above 0.
        negative = 0.5 - (factors / WIDTH).atan() / math.pi
        angles = math.pi * (negative + (1 - negative) * uniform - 0.5)
        normal = torch.randn(count, generator=self.generator, dtype=torch.float64)
        drawn = torch.where(rates == NEVER, 0.0, (rates + WIDTH * normal).clamp(0, 1))
        return (factors + WIDTH * angles.tan()).clamp(max=1), drawn

    def _learn(self, old: Sequence[Individual], new: Sequence[Individual]) -> None:
        """Write the means of what succeeded into the next place of the memories."""
        before, after = scores_of(old), scores_of(new)
        rows = torch.searchsorted(self.tried["ids"], torch.tensor(ids_of(new)))
        factors, rates = self.tried["pairs"][rows].unbind(-1)
        weights = _shares(after - before)
        self.factors, self.rates = self.factors.clone(), self.rates.clone()
        self.factors[self.place] = (weights @ factors.square()) / (weights @ factors)
        total = weights @ rates
        never = bool(self.rates[self.place] == NEVER) or not bool(total > 0)
        self.rates[self.place] = NEVER if never else (weights @ rates.square()) / total
        self.place = (self.place + 1) % PLACES


def _shares(gains: Tensor) -> Tensor:
    """Return improvements [S] in units of the greatest finite one; that of an individual which had failed is 1."""
    known = gains[gains.isfinite()]
    greatest = float(known.max()) if len(known) else 1.0
    return torch.where(gains.isfinite(), gains / greatest, 1.0)


STRATEGIES = {"shade": SHADE}

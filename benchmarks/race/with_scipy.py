"""scipy in the race."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Spent, Trial

GENERATIONS = 2
"""Its populations have 15 individuals for each gene: with fewer generations than these it is a random search."""


def best(trial: Trial) -> Tensor:
    """Return the best genome of differential evolution, [1, D].

    It is stopped by the evaluations, before it would polish the best genome by gradients.
    """
    from scipy.optimize import Bounds, differential_evolution

    def cost(genome: np.ndarray) -> float:
        return float(trial.costs(genome[None])[0])

    with suppress(Spent):
        differential_evolution(cost, Bounds(*trial.bounds), maxiter=trial.evaluations, rng=trial.seed)
    return trial.found()


ENTRANTS = {"scipy-de": Entrant(best, "scipy", "scipy", least=15 * GENERATIONS)}

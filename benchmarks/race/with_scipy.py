"""scipy in the race."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Array, Spent, Trial

GENERATIONS = 2
"""Its populations have 15 individuals for each gene: with fewer generations than these it is a random search."""


def best(trial: Trial, *, together: bool = False) -> Tensor:
    """Return the best genome of differential evolution, [1, D].

    It is stopped by the evaluations, before it would polish the best genome by gradients.

    Args:
        trial: The trial.
        together: Whether it scores a whole generation in one call, which is faster and not its default.
    """
    from scipy.optimize import Bounds, differential_evolution

    def cost(genome: np.ndarray) -> float:
        return float(trial.costs(genome[None])[0])

    def costs(genomes: np.ndarray) -> Array:
        return trial.costs(genomes.T)

    how: dict[str, Any] = {"vectorized": True, "updating": "deferred", "tol": 0.0} if together else {}
    with suppress(Spent):
        differential_evolution(
            costs if together else cost, Bounds(*trial.bounds), maxiter=trial.evaluations, rng=trial.seed, **how
        )
    return trial.found()


VECTORIZED = {"scipy-de-vectorized": Entrant(partial(best, together=True), "scipy", "scipy", least=15 * GENERATIONS)}
"""For the race of speed."""

ENTRANTS = {"scipy-de": Entrant(best, "scipy", "scipy", least=15 * GENERATIONS)}

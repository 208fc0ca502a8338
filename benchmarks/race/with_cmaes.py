"""cmaes in the race (extra `peers`)."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import numpy as np
from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Spent, Trial

CMAES = "cmaes"


def best(trial: Trial, *, name: str) -> Tensor:
    """Return the best genome of a class of the library, [1, D]; the mean of its distribution where values are noisy."""
    import cmaes

    # It knows one step size for all genes: genes are scaled by their spreads.
    scale = trial.spread
    bounds = np.stack(trial.bounds, axis=1) / scale[:, None] if trial.bounded else None
    search = getattr(cmaes, name)(mean=trial.start / scale, sigma=1.0, bounds=bounds, seed=trial.seed + 1)
    with suppress(Spent):
        while not search.should_stop():
            genomes = [search.ask() for _ in range(search.population_size)]
            costs = trial.costs(np.array(genomes) * scale)
            search.tell(list(zip(genomes, costs.tolist(), strict=True)))
    noisy = bool(getattr(trial.problem, "noisy", False))
    return trial.found(search.mean * scale if noisy else None)


ENTRANTS = {
    "cmaes": Entrant(partial(best, name="CMA"), CMAES, CMAES, most_genes=100),
    "cmaes-separable": Entrant(partial(best, name="SepCMA"), CMAES, CMAES),
}

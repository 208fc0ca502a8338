"""pycma, Hansen's CMA-ES, in the race (extra `peers`): without restarts, as is its default, and with those of BIPOP."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Spent, Trial

RESTARTS = 9
"""Restarts at most, as in its documentation."""


def best(trial: Trial, *, restarts: int = 0) -> Tensor:
    """Return the best genome of CMA-ES, [1, D]; the mean of its distribution where values are noisy."""
    import cma

    scale = float(trial.spread.min())
    options: dict[str, Any] = {"seed": trial.seed + 1, "verbose": -9, "CMA_stds": trial.spread / scale}
    options |= {"bounds": list(trial.bounds)} if trial.bounded else {}
    means: list[Any] = []

    def one(genome: Any) -> float:
        return float(trial.costs(genome[None])[0])

    def many(genomes: Any) -> Any:
        return trial.costs(genomes).tolist()

    with suppress(Spent):
        cma.fmin2(
            one,
            trial.start,
            scale,
            options,
            parallel_objective=many,
            restarts=restarts,
            bipop=restarts > 0,
            callback=lambda es: means.append(es.result.xfavorite),
        )
    noisy = bool(getattr(trial.problem, "noisy", False))
    return trial.found(means[-1] if noisy and means else None)


ENTRANTS = {
    "pycma": Entrant(best, "pycma", "cma", most_genes=100),
    "pycma-bipop": Entrant(partial(best, restarts=RESTARTS), "pycma", "cma", most_genes=30),
}

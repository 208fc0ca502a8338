"""EvoTorch in the race (extra `peers`).

It knows no bounds, so that it searches without them where a function is defined everywhere, and its result is moved
into them. Where its searchers have no defaults they get what served them best in a trial: 20 samples for PGPE, with
rates after ClipUp's section 4, and half of 50 samples for CEM.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Spent, Trial

EVOTORCH = "EvoTorch"
PGPE_SAMPLES, CEM_SAMPLES = 20, 50
"""Samples in a generation, which have no default."""


def snes(problem: Any, **common: Any) -> Any:
    """Return separable natural evolution strategies."""
    from evotorch.algorithms import SNES

    return SNES(problem, **common)


def xnes(problem: Any, *, stdev_init: Any, **common: Any) -> Any:
    """Return exponential natural evolution strategies."""
    from evotorch.algorithms import XNES

    return XNES(problem, stdev_init=stdev_init, **common)


def cem(problem: Any, **common: Any) -> Any:
    """Return the cross-entropy method."""
    from evotorch.algorithms import CEM

    return CEM(problem, popsize=CEM_SAMPLES, parenthood_ratio=0.5, **common)


def pgpe(problem: Any, *, stdev_init: Any, **common: Any) -> Any:
    """Return policy gradients with parameter-based exploration and ClipUp."""
    from evotorch.algorithms import PGPE

    # ClipUp's greatest speed is a fifteenth of the radius, and the learning rate half of it.
    rate = math.sqrt(float(stdev_init.square().sum())) / 30
    rates = {"center_learning_rate": rate, "stdev_learning_rate": 0.1}
    return PGPE(problem, popsize=PGPE_SAMPLES, stdev_init=stdev_init, **rates, **common)


def best(trial: Trial, *, make: Callable[..., Any]) -> Tensor:
    """Return the best sample of a searcher, [1, D]; the centre of its distribution where values are noisy."""
    import evotorch
    from evotorch.tools import set_default_logger_config

    set_default_logger_config(logger_level=logging.WARNING, override=True)
    start, spread = torch.as_tensor(trial.start), torch.as_tensor(trial.spread)
    problem = evotorch.Problem(
        "min",
        lambda genomes: torch.as_tensor(trial.costs(np.asarray(genomes.as_subclass(Tensor)), free=True)),
        solution_length=trial.size,
        initial_bounds=trial.bounds,
        dtype=torch.float64,
        vectorized=True,
        seed=trial.seed + 1,
    )
    searcher = make(problem, center_init=start, stdev_init=spread)
    try:
        while True:
            searcher.step()
    except Spent:
        noisy = bool(getattr(trial.problem, "noisy", False))
        return trial.found(np.asarray(searcher.status["center"]) if noisy else None)


def _of(make: Callable[..., Any], *, most_genes: int | None = None) -> Entrant:
    return Entrant(partial(best, make=make), EVOTORCH, "evotorch", most_genes=most_genes)


ENTRANTS = {
    "evotorch-snes": _of(snes),
    "evotorch-pgpe": _of(pgpe),
    "evotorch-xnes": _of(xnes, most_genes=10),
    "evotorch-cem": _of(cem),
}

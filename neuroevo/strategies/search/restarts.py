"""When a run of CMA-ES has come to its end, and how the next one begins: with other populations and step sizes.

Sources: Auger and Hansen, A Restart CMA Evolution Strategy With Increasing Population Size (CEC 2005), section 2, for
the criteria and for IPOP, where each run has twice the offspring of the one before; Hansen, Benchmarking a
BI-Population CMA-ES on the BBOB-2009 Function Testbed (GECCO 2009), section 2, for BIPOP, where runs with twice the
offspring of the last large one alternate with small ones, such that both kinds spend as much:

    lambda_small = lambda (lambda_large / (2 lambda))^(U^2),   sigma_small = sigma 10^(-2 U)

A small run ends after half of the evaluations of the last large one, and each run of BIPOP after 100 + 50 (D + 3)^2 /
sqrt(lambda) updates. Ours: lambda is always a multiple of P, so that a generation is P evaluations throughout and an
update takes several; the first run belongs to neither kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from neuroevo.strategies.search.cma_es import Model

Floats = NDArray[np.float64]
Kind = Literal["ipop", "bipop"]
Schedule = Mapping[str, int]
"""What is known of all runs, in units of P: `offspring` of the run, of the last `large` one, generations `spent`, …"""

TOLERANCE = 1e-12
"""Least range of values, and least deviation in units of the first one."""
CONDITION = 1e14
"""Greatest ratio of variances."""

FIRST: Schedule = {
    "restarts": 0,
    "offspring": 1,
    "large": 1,
    "small": 0,
    "spent": 0,
    "spent_large": 0,
    "spent_small": 0,
    "most": 0,
}


def following(schedule: Schedule, kind: Kind, draws: tuple[float, float]) -> tuple[Schedule, float]:
    """Return the schedule of the next run, and the factor of its first step sizes.

    Args:
        schedule: That of the run that has ended.
        kind: "ipop" or "bipop".
        draws: Two uniform numbers in [0, 1).
    """
    after = {**schedule, "restarts": schedule["restarts"] + 1, "spent": 0, "small": 0, "most": 0}
    if schedule["restarts"]:
        after["spent_small" if schedule["small"] else "spent_large"] += schedule["spent"]
    if kind == "bipop" and after["spent_small"] < after["spent_large"]:
        last = schedule["most"] if schedule["small"] else schedule["spent"] // 2
        offspring = int((schedule["large"] / 2) ** (draws[0] ** 2))
        return {**after, "small": 1, "offspring": offspring, "most": max(1, last)}, 10.0 ** (-2 * draws[1])
    large = 2 * schedule["large"]
    return {**after, "offspring": large, "large": large}, 1.0


def ended(model: Model, schedule: Schedule, recent: Floats, values: Floats, first: Floats, kind: Kind) -> str | None:
    """Return why a run has ended; None if it has not.

    Args:
        model: The distribution after an update.
        schedule: What the run has spent, and may spend.
        recent: The best values of the last updates, the last one included.
        values: All values of the last update.
        first: The first deviations of the run, [D].
        kind: "ipop" or "bipop".
    """
    if 0 < schedule["most"] <= schedule["spent"]:
        return "it has spent what small runs may"
    if kind == "bipop" and model.update_count >= 100 + 50 * (model.dim + 3) ** 2 / math.sqrt(model.lambda_):
        return "it has had its updates"
    return stagnates(model, recent, values, first)


def stagnates(model: Model, recent: Floats, values: Floats, first: Floats) -> str | None:
    """Return which criterion of Auger and Hansen says that a run has come to its end; None if none does."""
    if len(recent) == horizon(model):
        if bool((recent == recent[0]).all()):
            return "the best values are all the same"
        if float(np.ptp(np.concatenate([recent, values]))) < TOLERANCE:
            return "values hardly differ"
    deviations = model.sigma * np.sqrt(np.diag(model.C))
    if bool((deviations < TOLERANCE * first).all() and (np.abs(model.sigma * model.pc) < TOLERANCE * first).all()):
        return "steps are tiny"
    if float(model.diagD.max() / model.diagD.min()) ** 2 > 0.99 * CONDITION:
        return "the condition is too great"
    axis = model.update_count % model.dim
    if not _moves(model, 0.1 * model.sigma * model.BD[:, axis]).any():
        return "a step along an axis moves nothing"
    return None if _moves(model, 0.2 * deviations).all() else "a step of a gene does not move it"


def horizon(model: Model) -> int:
    """Return over how many updates the best values are compared."""
    return 10 + math.ceil(30 * model.dim / model.lambda_)


def _moves(model: Model, step: Floats) -> NDArray[np.bool_]:
    """Return which genes of the mean a step [D] changes, in the precision of genomes."""
    mean, moved = (torch.from_numpy(one).to(model.dtype) for one in (model.centroid, model.centroid + step))
    return np.asarray((mean != moved).numpy())

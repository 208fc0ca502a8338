"""pymoo in the race (extra `peers`)."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Spent, Trial

PYMOO = "pymoo"


def best(trial: Trial, *, module: str, name: str) -> Tensor:
    """Return the best genome of an algorithm for one objective, [1, D]."""
    _minimised(trial, module, name)
    return trial.found()


def front(trial: Trial) -> Tensor:
    """Return the front of NSGA-II, [K, D]."""
    return trial.found(_minimised(trial, "moo.nsga2", "NSGA2"))


def _minimised(trial: Trial, module: str, name: str) -> Any:
    """Run an algorithm and return its result, None if it was stopped within a generation."""
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize

    low, high = trial.bounds

    class Costs(Problem):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            objectives = sum(weight != 0 for weight in trial.problem.weights)
            super().__init__(n_var=trial.size, n_obj=objectives, xl=low, xu=high)

        def _evaluate(self, x: Any, out: Any, *_: Any, **__: Any) -> None:
            out["F"] = trial.objectives(x)

    algorithm = getattr(import_module(f"pymoo.algorithms.{module}"), name)()
    try:
        return minimize(Costs(), algorithm, ("n_eval", trial.evaluations), seed=trial.seed + 1).X
    except Spent:
        return None


def _of(module: str, name: str, *, most_genes: int | None = None) -> Entrant:
    return Entrant(partial(best, module=module, name=name), PYMOO, PYMOO, most_genes=most_genes)


ENTRANTS = {
    "pymoo-ga": _of("soo.nonconvex.ga", "GA"),
    "pymoo-de": _of("soo.nonconvex.de", "DE"),
    "pymoo-pso": _of("soo.nonconvex.pso", "PSO"),
    "pymoo-cma-es": _of("soo.nonconvex.cmaes", "CMAES", most_genes=30),
    "pymoo-nsga2": Entrant(front, PYMOO, PYMOO, kinds=("fronts",)),
}

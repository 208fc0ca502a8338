"""Problems with measures, and the archives of pyribs that are filled by them (extra `qd`)."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neuroevo.extras import install
from neuroevo.individual import Individual
from neuroevo.population import in_columns
from neuroevo.problems import Problem

Floats = NDArray[np.float64]


class Measured(Problem, Protocol):
    """A problem whose values are one objective and, with the weight 0, measures of what a solution is like."""

    @property
    def measures(self) -> tuple[tuple[float, float], ...]:
        """The least and the greatest value of each measure."""


def check_measures(problem: Measured) -> None:
    """Raise ValueError unless a problem has one objective and measures."""
    ranges = getattr(problem, "measures", ())
    if not ranges or len(problem.weights) != 1 + len(ranges) or any(problem.weights[1:]):
        raise ValueError(
            "problem must have one objective, and measures with the weight 0 and a range each, but it has the weights "
            f"{problem.weights} and the ranges {ranges}."
        )


def archives() -> ModuleType:
    """Return the module `ribs.archives`.

    Raises:
        RuntimeError: pyribs is not installed.
    """
    try:
        import ribs.archives
    except ImportError as error:
        raise RuntimeError(f"archives need pyribs: {install('qd')}.") from error
    module: ModuleType = ribs.archives
    return module


def table_of(individuals: Sequence[Individual]) -> tuple[Floats, Floats]:
    """Return the objectives [P], to be maximised, and the measures [P, M] of individuals, none of which failed."""
    if (known := in_columns(individuals)) is not None:
        return np.sign(known.weights[0]) * known.values[:, 0], known.values[:, 1:]
    values = np.array([one.fitness.values for one in individuals], dtype=np.float64)
    signs = np.sign([one.fitness.weights[0] for one in individuals])
    return signs * values[:, 0], values[:, 1:]

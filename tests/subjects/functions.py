"""Well-known functions and problems against those of DEAP, and against plain formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from deap import benchmarks
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.individual import Individual
from neuroevo.problems import functions, objectives
from neuroevo.problems.function import PROBLEMS
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.strategies import seeds
from subjects.every import every
from subjects.subject import Subject

ONE, SEVERAL = ("neuroevo/problems/functions.py",), ("neuroevo/problems/objectives.py",)
FUNCTION = ("neuroevo/problems/function.py",)
Facts = Mapping[str, Any]
Plain = Callable[[Sequence[float]], Sequence[float]]

PLACES, WIDTHS = torch.tensor([[0.1, 0.5], [0.9, 0.2]]).double(), torch.tensor([0.2, 0.7]).double()


def ellipsoid(x: Sequence[float]) -> Sequence[float]:
    """Weigh the squares from 1 to a million."""
    return [sum(10 ** (6 * place / (len(x) - 1)) * gene**2 for place, gene in enumerate(x))]


def arm(x: Sequence[float]) -> Sequence[float]:
    """Lay links in a row, each turned by its angle."""
    turned = [sum(x[: place + 1]) for place in range(len(x))]
    return [-float(np.var(x)), float(np.mean(np.cos(turned))), float(np.mean(np.sin(turned)))]


NAMES_ONE = (
    *("plane", "sphere", "cigar", "rosenbrock", "h1", "ackley", "bohachevsky", "griewank", "rastrigin"),
    *("rastrigin_scaled", "rastrigin_skew", "schaffer", "schwefel", "himmelblau"),
)
NAMES_SEVERAL = ("kursawe", "schaffer_mo", "zdt1", "zdt2", "zdt3", "zdt4", "zdt6", "fonseca", "poloni", "dent")
PLAIN: Mapping[str, Plain] = {
    **{name: getattr(benchmarks, name) for name in (*NAMES_ONE, *NAMES_SEVERAL)},
    "ellipsoid": ellipsoid,
    "arm": arm,
}
OBJECTIVES = ("dtlz1", "dtlz2", "dtlz3", "dtlz5", "dtlz6", "dtlz7")


def values(name: str, genomes: Tensor, spread: float) -> Any:
    """Return the values of genomes [P, D], of them in another form, and of the first alone."""
    function, x = getattr(functions if hasattr(functions, name) else objectives, name), genomes * spread
    found = function(x)
    folded = function(x.reshape(1, *x.shape)).reshape(found.shape)
    return found.reshape(len(x), -1), folded.reshape(len(x), -1), function(x[0]).reshape(-1), function(x.float()).dtype


def plain_values(name: str, genomes: Tensor, spread: float) -> Any:
    """Compute them one after the other."""
    plain = PLAIN[name]
    found = np.array([plain(row) for row in (genomes * spread).tolist()], dtype=float)
    return found, found, found[0], torch.float32


def fronts(name: str, genomes: Tensor, count: int) -> Any:
    """Return values of functions with any number of objectives, and those by default."""
    function = getattr(objectives, name)
    return function(genomes, objectives=count), function(genomes)


def plain_fronts(name: str, genomes: Tensor, count: int) -> Any:
    """Compute them one after the other."""
    function = getattr(benchmarks, name)
    return tuple(np.array([function(row, each) for row in genomes.tolist()]) for each in (count, 3))


def others(genomes: Tensor) -> Any:
    """Return values of the functions with settings of their own."""
    return (
        functions.shekel(genomes, places=PLACES, widths=WIDTHS),
        objectives.dtlz4(genomes, objectives=2, alpha=3.0),
        objectives.dtlz4(genomes),
        objectives.dent(genomes, depth=0.4),
    )


def plain_others(genomes: Tensor) -> Any:
    """Compute them one after the other."""
    rows = genomes.tolist()
    return (
        np.array([benchmarks.shekel(row[:2], PLACES.tolist(), WIDTHS.tolist())[0] for row in rows]),
        np.array([benchmarks.dtlz4(row, 2, 3.0) for row in rows]),
        np.array([benchmarks.dtlz4(row, 3, 100) for row in rows]),
        np.array([benchmarks.dent(row, 0.4) for row in rows]),
    )


LIMITS: Mapping[str, tuple[float, float, int, tuple[float, ...]]] = {
    "sphere": (-5.12, 5.12, 10, (-1.0,)),
    "ellipsoid": (-5.12, 5.12, 10, (-1.0,)),
    "cigar": (-5.12, 5.12, 10, (-1.0,)),
    "rosenbrock": (-2.048, 2.048, 10, (-1.0,)),
    "ackley": (-15.0, 30.0, 10, (-1.0,)),
    "bohachevsky": (-100.0, 100.0, 10, (-1.0,)),
    "griewank": (-600.0, 600.0, 10, (-1.0,)),
    "rastrigin": (-5.12, 5.12, 10, (-1.0,)),
    "rastrigin-scaled": (-5.12, 5.12, 10, (-1.0,)),
    "rastrigin-skew": (-5.12, 5.12, 10, (-1.0,)),
    "schaffer": (-100.0, 100.0, 10, (-1.0,)),
    "schwefel": (-500.0, 500.0, 10, (-1.0,)),
    "himmelblau": (-6.0, 6.0, 2, (-1.0,)),
    "h1": (-100.0, 100.0, 2, (1.0,)),
    "zdt1": (0.0, 1.0, 30, (-1.0, -1.0)),
    "zdt2": (0.0, 1.0, 30, (-1.0, -1.0)),
    "zdt3": (0.0, 1.0, 30, (-1.0, -1.0)),
    "zdt6": (0.0, 1.0, 10, (-1.0, -1.0)),
    "dtlz2": (0.0, 1.0, 12, (-1.0, -1.0, -1.0)),
    "arm": (-math.pi, math.pi, 10, (1.0, 0.0, 0.0)),
}
"""Bounds, default size and weights of the well-known problems (`deap.benchmarks`)."""


def known(name: str, size: int | None, dtype: torch.dtype) -> Any:
    """Return a well-known problem's facts and the values of its first genomes."""
    problem = PROBLEMS[name](size, dtype=dtype)
    space = problem.space
    start = space.start + (0.1 if name != "arm" else 0.3) * torch.arange(space.size, dtype=torch.float64) / space.size
    one = Individual(start.clamp(space.low, space.high).to(dtype), id=0)
    return {
        "space": (space.low[0].double(), space.high[0].double(), space.size, space.start.dtype, space.anywhere),
        "weights": (problem.weights, problem.measures),
        "name": problem.name,
        "values": np.array(problem(one)) if dtype == torch.float64 else None,
    }


def plainly_known(name: str, size: int | None, dtype: torch.dtype) -> Any:
    """State them; values are DEAP's, but for the functions that it lacks."""
    low, high, default, weights = LIMITS[name]
    count, name_of = default if size is None else size, name.replace("-", "_")
    function = partial(benchmarks.dtlz2, obj=3) if name == "dtlz2" else PLAIN[name_of]
    step = 0.1 if name != "arm" else 0.3
    row = [min(max((low + high) / 2 + step * place / count, low), high) for place in range(count)]
    ends = (low, high) if dtype == torch.float64 else (float(np.float32(low)), float(np.float32(high)))
    return {
        "space": (*(torch.tensor(end, dtype=torch.float64) for end in ends), count, dtype, True),
        "weights": (weights, ((-1.0, 1.0), (-1.0, 1.0)) if name == "arm" else ()),
        "name": name_of,
        "values": np.array(function(row), dtype=float) if dtype == torch.float64 else None,
    }


def genomes(length: int = 4, low: float = 0.0) -> st.SearchStrategy[Facts]:
    """Draw genomes [3, D] between a bound and 1."""
    drawn = seeds().map(lambda seed: torch.rand(3, length, generator=torch.Generator().manual_seed(seed)).double())
    return st.fixed_dictionaries({"genomes": drawn.map(lambda one: low + (1 - low) * one)})


LOOSE = 1e6
ALL_ONE = {"name": [*NAMES_ONE, "ellipsoid"], "spread": (1.0, 4.0)}
ALL_SEVERAL = {"name": [*NAMES_SEVERAL, "arm"], "spread": (1.0,)}
FRONTS = {"name": OBJECTIVES, "count": (3, 4)}
KNOWN = {"name": LIMITS, "size": (None, 3), "dtype": (torch.float64, torch.float32)}
NOTHING: st.SearchStrategy[Facts] = st.fixed_dictionaries({})


def compared(
    title: str,
    files: tuple[str, ...],
    mine: Callable[..., Any],
    plain: Callable[..., Any],
    drawn: st.SearchStrategy[Facts],
    **choices: Any,
) -> Subject:
    """Return the subject of a function whose results are a reference's, for all combinations of the choices."""
    laws = partial(agreement_laws, every(plain, **choices), drawn, tolerance=LOOSE)
    return Subject(title, files, lambda: every(mine, **choices), laws)


SUBJECTS = [
    compared("functions of one objective", ONE, values, plain_values, genomes(low=-1.0), **ALL_ONE),
    compared("functions of several objectives", SEVERAL, values, plain_values, genomes(), **ALL_SEVERAL),
    compared("functions of any number of objectives", SEVERAL, fronts, plain_fronts, genomes(5), **FRONTS),
    compared("functions with settings", (*SEVERAL, *ONE), others, plain_others, genomes(2)),
    compared("well-known problems", (*FUNCTION, *SEVERAL), known, plainly_known, NOTHING, **KNOWN),
]

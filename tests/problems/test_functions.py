"""The batched functions give what DEAP's give for each genome, and let NaN through."""

import math
from collections.abc import Callable

import pytest
import torch
from deap import benchmarks
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.problems import functions, objectives

SINGLE = [
    "plane",
    "sphere",
    "cigar",
    "rosenbrock",
    "h1",
    "ackley",
    "bohachevsky",
    "griewank",
    "rastrigin",
    "rastrigin_scaled",
    "rastrigin_skew",
    "schaffer",
    "schwefel",
    "himmelblau",
]
SEVERAL = ["kursawe", "schaffer_mo", "zdt1", "zdt2", "zdt3", "zdt4", "zdt6", "fonseca", "poloni", "dent"]
SCALABLE = ["dtlz1", "dtlz2", "dtlz3", "dtlz5", "dtlz6", "dtlz7"]


def genomes(seed: int, *, size: int, low: float, high: float) -> Tensor:
    """Return a batch [2, 3, D] of genomes in bounds."""
    draws = torch.rand(2, 3, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return low + (high - low) * draws


def expect_equal(ours: Tensor, x: Tensor, theirs: Callable[[list[float]], object]) -> None:
    """Compare a batch with DEAP's function, genome by genome."""
    rows = [theirs(row.tolist()) for row in x.flatten(0, 1)]
    expected = torch.tensor(rows, dtype=torch.float64)
    torch.testing.assert_close(ours.reshape(expected.shape), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", SINGLE)
@given(seed=st.integers(0, 2**32), size=st.integers(2, 7), high=st.floats(0.5, 500))
def test_functions_are_deaps(name: str, seed: int, size: int, high: float) -> None:
    """A function of one objective equals DEAP's at any genomes."""
    x = genomes(seed, size=size, low=-high, high=high)
    expect_equal(getattr(functions, name)(x).unsqueeze(-1), x, getattr(benchmarks, name))


@pytest.mark.parametrize("name", SEVERAL)
@given(seed=st.integers(0, 2**32), size=st.integers(3, 7))
def test_objectives_are_deaps(name: str, seed: int, size: int) -> None:
    """So does a function of two objectives, in the unit cube, where all of them are defined."""
    x = genomes(seed, size=size, low=0, high=1)
    expect_equal(getattr(objectives, name)(x), x, getattr(benchmarks, name))


@pytest.mark.parametrize("name", SCALABLE)
@given(seed=st.integers(0, 2**32), count=st.integers(3, 5), more=st.integers(0, 4))
def test_scalable_objectives_are_deaps(name: str, seed: int, count: int, more: int) -> None:
    """So do the functions of any number of objectives."""
    x = genomes(seed, size=count + more, low=0, high=1)
    ours = getattr(objectives, name)(x, objectives=count)
    expect_equal(ours, x, lambda row: getattr(benchmarks, name)(row, count))


@given(seed=st.integers(0, 2**32), alpha=st.floats(0.5, 100))
def test_dtlz4_is_deaps(seed: int, alpha: float) -> None:
    """So does the one with an exponent."""
    x = genomes(seed, size=6, low=0, high=1)
    ours = objectives.dtlz4(x, objectives=3, alpha=alpha)
    expect_equal(ours, x, lambda row: benchmarks.dtlz4(row, 3, alpha))


@given(seed=st.integers(0, 2**32))
def test_shekel_is_deaps(seed: int) -> None:
    """So does the one with given peaks."""
    x, places = genomes(seed, size=4, low=0, high=1), genomes(seed + 1, size=4, low=0, high=1)[0]
    widths = torch.tensor([0.1, 0.5, 1.0], dtype=torch.float64)
    ours = functions.shekel(x, places=places, widths=widths)
    expect_equal(ours.unsqueeze(-1), x, lambda row: benchmarks.shekel(row, places.tolist(), widths.tolist()))


@given(seed=st.integers(0, 2**32), size=st.integers(2, 6))
def test_the_ellipsoid_is_a_scaled_sphere(seed: int, size: int) -> None:
    """The axes' weights rise from 1 to 1e6 in equal ratios."""
    x = genomes(seed, size=size, low=-1, high=1)
    weights = torch.tensor([1e6 ** (place / (size - 1)) for place in range(size)], dtype=torch.float64)
    torch.testing.assert_close(functions.ellipsoid(x), functions.sphere(weights.sqrt() * x))


@pytest.mark.parametrize("name", [*SINGLE[:6], "ellipsoid", *SINGLE[6:]])
def test_nan_comes_through(name: str) -> None:
    """A gene that is NaN gives NaN, and costs no other genome its value."""
    x = torch.ones(2, 2, dtype=torch.float64)
    x[0, 0] = math.nan
    values = getattr(functions, name)(x)
    assert values[0].isnan()
    assert values[1].isfinite()


@pytest.mark.parametrize("name", ["sphere", "rosenbrock", "ackley", "rastrigin", "griewank", "schwefel"])
def test_the_known_minimum(name: str) -> None:
    """The best value is 0, where the docstring says so, in single precision too."""
    best = {"rosenbrock": 1.0, "schwefel": 420.9687}.get(name, 0.0)
    for dtype in (torch.float32, torch.float64):
        x = torch.full((5,), best, dtype=dtype)
        values = getattr(functions, name)(x)
        assert values.dtype == dtype
        assert abs(values) < 1e-3

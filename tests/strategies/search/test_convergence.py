"""Searches that have converged, or diverged, stay finite, and say the right thing where they can't."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.problems.function import Function
from neuroevo.space import Space
from neuroevo.strategies import (
    CMAES,
    CMAME,
    NSGA2,
    PBT,
    PGPE,
    PSO,
    SHADE,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    Island,
    Lamarckian,
    MAPElites,
    Memetic,
    Novelty,
    OpenAIES,
    Search,
    SeparableCMAES,
)
from neuroevo.strategies.search.step_sizes import limits_of, settled
from neuroevo.testing.laws import check_convergence


def measured(function: Callable[[Tensor], Tensor], genomes: Tensor) -> Tensor:
    """Return the values, and the first two genes as measures."""
    return torch.cat([function(genomes), genomes[..., :2].to(function(genomes))], -1)


def with_measures(strategy: type[Search], problem: Function, **settings: Any) -> Search:
    """Return a search that needs measures, on a problem that gets them."""
    function = partial(measured, problem.function)
    limits = ((-1.0, 1.0), (-1.0, 1.0))
    changed = replace(problem, function=function, weights=(*problem.weights, 0.0, 0.0), measures=limits)
    return strategy(changed, **settings)


SEARCHES: dict[str, Callable[[Function], Search]] = {
    "cma-es": CMAES,
    "restarts": partial(CMAES, restarts="bipop"),
    "separable-cma-es": SeparableCMAES,
    "snes": SNES,
    "pgpe": partial(PGPE, population=10),
    "openai-es": partial(OpenAIES, sigma_rate=2.0),
    "evolution-strategy": EvolutionStrategy,
    "plus": partial(EvolutionStrategy, plus=True),
    "differential": partial(Differential, population=10),
    "pso": partial(PSO, population=10),
    "shade": partial(SHADE, population=10),
    "genetic": partial(Genetic, population=6),
    "steady state": partial(Genetic, population=6, offspring=2),
    "island": partial(Island, population=8, islands=2),
    "nsga2": partial(NSGA2, population=6),
    "pbt": partial(PBT, population=5, steps=1),
    "memetic": partial(Memetic, population=7),
    "lamarckian": partial(Lamarckian, population=5, steps=1),
    "map-elites": partial(with_measures, MAPElites, population=6, cells=3),
    "cma-me": partial(with_measures, CMAME, population=6, emitters=2, cells=3),
    "novelty": partial(with_measures, Novelty, population=6),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SEARCHES)
def test_a_converged_search_stays_finite(name: str) -> None:
    """Genomes and states are finite after 5,000 generations of eight genes."""
    if name in ("map-elites", "cma-me", "novelty"):
        pytest.importorskip("ribs")
    check_convergence(SEARCHES[name], generations=5000)


DISTRIBUTIONS = {name: SEARCHES[name] for name in ("cma-es", "separable-cma-es", "snes", "pgpe", "openai-es")}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("sigma", [1e-40, 1e-12, 1e15])
@pytest.mark.parametrize("start", [0.0, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_steps_beyond_the_precision_stay_finite(name: str, sigma: float, start: float, dtype: torch.dtype) -> None:
    """Steps that begin where a converged or a diverging search comes to: 40 generations on a sphere and on a plane."""
    space = Space.box(3, start=torch.full((3,), start, dtype=dtype))
    for function in (lambda genomes: (genomes - 1).square().sum(-1), lambda genomes: 0 * genomes.sum(-1)):
        strategy = DISTRIBUTIONS[name](Function(function, space, batched=True), sigma=max(sigma, 1e-37))
        for generation in evolve(strategy, 40):
            assert all(bool(one.genome.isfinite().all()) for one in generation.population)


@given(
    st.lists(st.floats(0, 1e300), min_size=2, max_size=2),
    st.lists(st.floats(-1e20, 1e20), min_size=2, max_size=2),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_settled_steps_move_the_mean(sizes: list[float], means: list[float], dtype: torch.dtype) -> None:
    """They lie in the limits and above the precision of the mean, and steps that do so already are left alone."""
    sigma, mean = torch.tensor(sizes).to(dtype), torch.tensor(means).to(dtype)
    found, (least, greatest) = settled(sigma, mean), limits_of(dtype)
    assert bool(((found >= least * 0.999) & (found <= greatest * 1.001)).all())
    assert bool(((mean + 2 * found != mean) | (found >= greatest * 0.999)).all())
    assert torch.equal(settled(found, mean), found)


def test_differences_never_leave_the_numbers() -> None:
    """On a plateau differential evolution accepts every trial, and differences grow: genes that overflow stay."""
    space = Space.box(3, spread=5e37, dtype=torch.float32)
    strategy = Differential(Function(lambda genomes: 0 * genomes[:, 0], space, batched=True), population=8)
    for generation in evolve(strategy, 60):
        assert all(bool(one.genome.isfinite().all()) for one in generation.population)


def test_a_search_that_diverged_does_not_blame_the_evaluation() -> None:
    """Where genomes themselves are not finite the sentence says so."""
    strategy = SNES(Function(lambda genomes: genomes.sum(-1), Space.box(2), batched=True), population=4)
    strategy.mean = strategy.mean + torch.inf
    with pytest.raises(RuntimeError, match=r"^all 4 individuals of generation 0 failed: genomes are not finite; the"):
        list(evolve(strategy, 2))

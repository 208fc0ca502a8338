"""What can only be tried on a GPU; `python -m neuroevo.benchmarks.speed.on_gpu` runs it with its measurements.

What a GPU would refuse and wait for is tested without one in `tests/strategies/test_gpu_ready.py`.
"""

import math
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from neuroevo.backbones import MLP
from neuroevo.evolution import evolve
from neuroevo.execution import Recipe
from neuroevo.population import fitness_values
from neuroevo.problems import Supervised
from neuroevo.problems.combinatorial import tsp
from neuroevo.problems.function import ARM, DTLZ2, RASTRIGIN
from neuroevo.strategies import (
    CMAES,
    CMAME,
    EGGROLL,
    GTL,
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
)  # fmt: skip

with suppress(ImportError):
    import ribs  # noqa: F401 - the import itself draws from `random`, which no test may do

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
GPU = "cuda"
WAITS = 20
"""The most of a generation; `tests/strategies/test_gpu_ready.py` counts waits and copies by themselves."""

QUALITY = (MAPElites, CMAME, Novelty)
SEARCHES: tuple[type[Search], ...] = (
    CMAES, EGGROLL, PBT, PGPE, PSO, SHADE, SNES, Differential, EvolutionStrategy, Genetic, Island, Lamarckian, Memetic,
    OpenAIES, SeparableCMAES, NSGA2, *QUALITY,
)  # fmt: skip


def make(kind: type[Search], population: int, device: str) -> Search:
    """Return a search of a function on a device."""
    landscape = {NSGA2: DTLZ2, **dict.fromkeys(QUALITY, ARM)}.get(kind, RASTRIGIN)
    settings = {Island: {"islands": 2, "interval": 1}, CMAME: {"emitters": 2}}.get(kind, {})
    return kind(landscape(8, device=device), population=population, seed=3, **settings)


def network(device: str, **settings: Any) -> Supervised:
    """Return the problem of weights of a network with convolutions on a device."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(16, 1, 12, 12, generator=generator)
    layers = nn.utils.skip_init(nn.Conv2d, 1, 4, 3), nn.utils.skip_init(nn.Linear, 400, 3)
    module = nn.Sequential(layers[0], nn.Tanh(), nn.Flatten(), layers[1])
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.1, generator=generator)
    return Supervised(module, images, torch.arange(16) % 3, device=device, **settings)


@pytest.mark.parametrize("kind", SEARCHES, ids=lambda kind: kind.__name__)
def test_a_gpu_searches_what_a_cpu_does(kind: type[Search]) -> None:
    """The first two generations of a function have the scores of the CPU, up to rounding."""
    if kind in QUALITY:
        pytest.importorskip("ribs")
    here, there = ([*evolve(make(kind, 8, device), 2)] for device in ("cpu", GPU))
    for one, other in zip(here, there, strict=True):
        expected, found = (torch.tensor(fitness_values(each.population)) for each in (one, other))
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("kind", SEARCHES, ids=lambda kind: kind.__name__)
def test_waits_do_not_grow_with_the_population(kind: type[Search]) -> None:
    """PyTorch itself counts where a generation waits for the GPU."""
    if kind in QUALITY:
        pytest.importorskip("ribs")
    for population in (16, 64):
        going = evolve(make(kind, population, GPU), 3)
        next(going), next(going)  # what is made once may wait
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                next(going)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert len([one for one in seen if "synchroniz" in str(one.message)]) <= WAITS


@pytest.mark.parametrize("kind", [SNES, EGGROLL, OpenAIES, Genetic])
def test_networks_score_as_on_a_cpu(kind: type[Search]) -> None:
    """Convolutions of a population give the scores of the CPU, up to the rounding of convolutions."""
    here, there = (next(evolve(kind(network(device), population=12, seed=1), 1)) for device in ("cpu", GPU))
    expected, found = (torch.tensor(fitness_values(one.population)) for one in (here, there))
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
@pytest.mark.parametrize("kind", [SNES, EGGROLL])
def test_coarser_passes_stay_near(kind: type[Search], precision: str) -> None:
    """Scores of tf32 and bf16 lie near those of float32."""
    coarse = kind(network(GPU, precision=precision), population=12, seed=1)
    scores = [next(evolve(one, 1)) for one in (kind(network(GPU), population=12, seed=1), coarse)]
    expected, found = (torch.tensor(fitness_values(one.population)) for one in scores)
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0.05)


def test_the_result_is_an_ordinary_network() -> None:
    """A found individual becomes a module on the GPU, and its file can be read on a machine without one."""
    problem = network(GPU)
    search = SNES(problem, population=8, seed=1)
    list(evolve(search, 2))
    module = problem.to_module(search.result())
    assert {parameter.device.type for parameter in module.parameters()} == {GPU}


def test_a_run_resumes_on_the_gpu(tmp_path: Path) -> None:
    """A run that stopped continues to the scores of one that did not."""
    whole = [*evolve(SNES(RASTRIGIN(8, device=GPU), seed=2), 4)]
    list(evolve(SNES(RASTRIGIN(8, device=GPU), seed=2), 2, run_dir=tmp_path))
    rest = [*evolve(SNES(RASTRIGIN(8, device=GPU), seed=2), 4, run_dir=tmp_path)]
    assert [fitness_values(one.population) for one in rest] == [fitness_values(one.population) for one in whole[2:]]


def test_orders_stay_permutations() -> None:
    """Permutations are varied on the GPU."""
    search = Genetic(tsp(dimensions=12).to(GPU), population=16, seed=1)
    *_, last = evolve(search, 3)
    assert all(sorted(one.genome.tolist()) == [*range(12)] for one in last.population)


def test_gtl_runs_on_the_gpu(toys: ModuleType) -> None:
    """Ancestors and critics train there, stacked, and the learngene comes back to the CPU."""
    recipe = Recipe(updates=5, batch=8)
    gtl = GTL(toys.dataset(), MLP(widths=(8, 6), inputs=64), population=3, life=recipe, critic=recipe, device=GPU)
    *_, last = evolve(gtl, 2)
    assert all(map(math.isfinite, last.scores))
    assert {part.device.type for part in gtl.result().genome.slices.values()} == {"cpu"}


def test_what_does_not_fit_is_refused() -> None:
    """A population that the memory of the GPU can't hold is refused before anything is made."""
    with pytest.raises(MemoryError, match="choose a smaller population"):
        SNES(RASTRIGIN(10_000_000, device=GPU), population=100_000)


@pytest.mark.parametrize("kind", [SNES, PGPE, OpenAIES, SeparableCMAES, EvolutionStrategy, EGGROLL])
def test_draws_on_the_gpu_follow_from_the_seed(kind: type[Search], tmp_path: Path) -> None:
    """A seed repeats a run that draws there, and a checkpoint continues it."""

    def made() -> Search:
        return kind(RASTRIGIN(8, device=GPU), population=12, seed=4, draws="device")

    first, again = ([fitness_values(one.population) for one in evolve(made(), 4)] for _ in range(2))
    assert first == again
    list(evolve(made(), 2, run_dir=tmp_path))
    assert [fitness_values(one.population) for one in evolve(made(), 4, run_dir=tmp_path)] == first[2:]

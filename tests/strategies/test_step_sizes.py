"""Step sizes and rates are among the records: those in force, the same after a stop, and on any number of threads."""

import math
from pathlib import Path
from types import ModuleType

import pytest
import torch

from neuroevo import GTL, Recipe, evolve
from neuroevo.loggers import scalars
from neuroevo.problems import Supervised
from neuroevo.problems.function import SPHERE
from neuroevo.runs.records import read_records
from neuroevo.strategies import (
    CMAES,
    PBT,
    PGPE,
    SNES,
    EvolutionStrategy,
    OpenAIES,
    Search,
    SeparableCMAES,
)

WITH_SIGMA = (CMAES, EvolutionStrategy, OpenAIES, PGPE, SeparableCMAES, SNES)
every = pytest.mark.parametrize("kind", WITH_SIGMA, ids=lambda kind: kind.__name__)


@every
def test_sigma_is_the_mean_standard_deviation_of_a_gene(kind: type[Search]) -> None:
    """The one that the next sample is drawn with: large samples have it, and at first it is the setting."""
    first = torch.linspace(0.5, 2, 4, dtype=torch.float64)
    strategy = kind(SPHERE(4), seed=3, sigma=first, population=8)
    assert strategy.record()["sigma"] == pytest.approx(1.25, rel=1e-6)
    for _ in evolve(strategy, 6):
        pass
    strategy.population = 4000
    if isinstance(strategy, CMAES):
        strategy.toolbox.register("sample", strategy.model.sample, 4000)
    genomes = torch.stack([one.genome for one in strategy.ask()]).double()
    drawn = float((genomes - genomes.mean(0)).square().mean(0).sqrt().mean())
    # The step sizes of an evolution strategy's children vary around that of their parents.
    assert drawn == pytest.approx(strategy.record()["sigma"], rel=0.3 if kind is EvolutionStrategy else 0.05)


@every
def test_a_run_that_was_stopped_records_the_same(kind: type[Search], tmp_path: Path) -> None:
    """Bit for bit, and loggers get the number that is recorded."""
    for folder, ends in (("whole", [6]), ("parts", [2, 6])):
        for end in ends:
            for generation in evolve(kind(SPHERE(5), seed=3), end, run_dir=tmp_path / folder):
                assert scalars(generation)["sigma"] == generation.record()["sigma"]
    whole, parts = (
        [one["sigma"] for one in read_records(tmp_path / name / "records.jsonl")] for name in ("whole", "parts")
    )
    assert whole == parts
    assert len({*whole}) > 1
    assert all(math.isfinite(size) and size > 0 for size in whole)


def zeros() -> torch.nn.Module:
    """Return a linear layer that drew from no global generator."""
    with torch.device("meta"):
        layer = torch.nn.Linear(2, 2)
    layer = layer.to_empty(device="cpu")
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    return layer


def test_learning_rates_of_a_population_are_averaged() -> None:
    """Of those that continue; before the first generation there are none."""
    inputs = torch.rand(8, 2, generator=torch.Generator().manual_seed(0))
    problem = Supervised(zeros(), inputs, (inputs[:, 0] > 0.5).long())
    strategy = PBT(problem, population=5, seed=1)
    assert "learning_rate" not in strategy.record()
    (generation,) = evolve(strategy, 1)
    assert scalars(generation)["learning_rate"] == pytest.approx(sum(strategy.rates.values()) / 5)


def test_gtl_records_its_rates(toys: ModuleType) -> None:
    """Beside winners and pool."""
    life = Recipe(updates=1, batch=16)
    strategy = GTL(toys.dataset(), toys.MLP_BACKBONE, population=2, life=life, mutation_rate=0.25, temperature=0.5)
    assert {name: strategy.record()[name] for name in ("mutation_rate", "temperature", "winners")} == {
        "mutation_rate": 0.25,
        "temperature": 0.5,
        "winners": [],
    }

"""SHADE: no individual gets worse, mutants stay inside, and what succeeded is learned."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.problems.function import RASTRIGIN, SPHERE, Function
from neuroevo.space import Space
from neuroevo.strategies import SHADE, Differential
from neuroevo.strategies.search.shade import NEVER


def best_of(strategy: SHADE | Differential, *, evaluations: int) -> float:
    """Return the best value after that number of evaluations."""
    for _ in evolve(strategy, evaluations // strategy.population):
        pass
    return strategy.result().fitness.values[0]


def test_it_adapts() -> None:
    """Where the genes' scales differ it comes nearer than the differences that do not adapt."""

    def ellipsoid(genomes: Tensor) -> Tensor:
        return (10 ** torch.linspace(0, 6, 10, dtype=torch.float64) * (genomes - 1).square()).sum(-1)

    problem = Function(ellipsoid, Space.box(10, low=-5, high=5), batched=True)
    ours, plain = (best_of(kind(problem), evaluations=4000) for kind in (SHADE, Differential))
    assert ours < 0.1 * plain


@given(seed=st.integers(0, 2**32))
def test_no_individual_gets_worse(seed: int) -> None:
    """Each place of the population holds, generation after generation, an individual that is no worse."""
    strategy = SHADE(RASTRIGIN(4), seed=seed, population=6)
    before = None
    for _ in evolve(strategy, 6):
        values = [one.fitness for one in strategy.individuals]
        assert before is None or all(new >= old for new, old in zip(values, before, strict=True))
        before = values


def test_no_mutant_ends_at_a_bound() -> None:
    """On a slope all individuals come near the bound, and none lies at it."""
    strategy = SHADE(Function(lambda genomes: genomes.sum(-1), Space.box(3, low=-1, high=1), batched=True))
    for generation in evolve(strategy, 15):
        genomes = torch.stack([one.genome for one in generation.population])
        assert bool((genomes.abs() < 1).all())
    assert float(genomes.mean()) < -0.8


def test_rates_that_never_succeed_stay() -> None:
    """Once only trials with a rate of 0 succeed in a place of the memory, its trials take one gene of the mutant."""
    strategy = SHADE(SPHERE(6), population=8)
    for _ in evolve(strategy, 1):
        pass
    trials = strategy.generate()
    strategy.tried["pairs"] = torch.tensor([[0.7, 0.0]] * len(trials), dtype=torch.float64)
    for one in trials:
        one.fitness.values = (-1.0,)
    strategy.update(trials)
    assert strategy.rates[0] == NEVER
    assert math.isclose(strategy.factors[0], 0.7)
    assert strategy.place == 1
    strategy.rates = torch.full_like(strategy.rates, NEVER)
    for one in strategy.generate():
        parent = next(old for old in strategy.individuals if old.id == one.parents[0])
        assert int((one.genome != parent.genome).sum()) <= 1


def test_the_archive_keeps_the_newest() -> None:
    """It holds those that were replaced last, up to its capacity."""
    strategy = SHADE(SPHERE(3), population=5, archive=0.6)
    for _ in evolve(strategy, 10):
        assert len(strategy.archive) <= 3
    assert len(strategy.archive) == 3


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"greediness": 0.0}, r"greediness must lie in \(0, 1\], but it is 0.0."),
        ({"archive": -1.0}, r"archive must be at least 0, but it is -1.0."),
        ({"population": 3}, r"population must be at least 4, but it is 3."),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, float], sentence: str) -> None:
    """The sentence names the argument."""
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        SHADE(SPHERE(3), **settings)  # type: ignore[arg-type]

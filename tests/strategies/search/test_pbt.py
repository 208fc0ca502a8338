"""Population-based training: which members are copied, and what becomes of learning rates."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.individual import Fitness, Individual, genomes_of
from neuroevo.problems.function import SPHERE, Function
from neuroevo.strategies import PBT
from neuroevo.strategies.search.pbt import perturb_rates, truncation


@given(scores=st.lists(st.integers(0, 9) | st.just(math.nan), min_size=2, max_size=11), seed=st.integers(0, 2**32))
def test_only_the_worst_copy(scores: list[float], seed: int) -> None:
    """A fifth of the members, rounded up, continues with one of as many best ones; all others with themselves."""
    individuals = [Individual(None, Fitness([score]), id=place) for place, score in enumerate(scores)]
    sources = truncation(individuals, generator=torch.Generator().manual_seed(seed))
    count = math.ceil(0.2 * len(individuals))
    ranked = sorted((one.fitness for one in individuals), reverse=True)
    copied = [(one, source) for one, source in zip(individuals, sources, strict=True) if one.id != source.id]
    assert len(copied) <= count
    for one, source in copied:
        assert one.fitness <= ranked[len(individuals) - count]
        assert source.fitness >= ranked[count - 1]


@given(seed=st.integers(0, 2**32))
def test_rates_are_perturbed_by_a_fifth(seed: int) -> None:
    """Every rate is multiplied by 0.8 or by 1.2."""
    factors = perturb_rates(torch.ones(8, dtype=torch.float64), generator=torch.Generator().manual_seed(seed))
    assert set(factors.tolist()) <= {0.8, 1.2}


def test_rates_go_with_their_members() -> None:
    """A member that trains on keeps its rate; one that copies has that of the other, a fifth more or less."""
    strategy = PBT(SPHERE(3), population=10, seed=1)
    rates: dict[int, float] = {}
    copied = 0
    for generation in evolve(strategy, 6):
        now = {one.id: strategy.rates[str(one.id)] for one in generation.population}
        seen = [one.parents[0] for one in generation.population if one.parents]
        copied += len(seen) - len(set(seen))
        for one in generation.population:
            if one.parents:
                assert now[one.id] / rates[one.parents[0]] == pytest.approx(1.0, rel=0.21)
        rates = now
    assert copied > 0
    assert strategy.rates.keys() == {str(one.id) for one in strategy.individuals}


def test_it_gets_to_the_bottom() -> None:
    """On a sphere gradient steps lead to the origin."""
    strategy = PBT(SPHERE(5), population=10, seed=1)
    for _ in evolve(strategy, 30):
        pass
    assert strategy.result().fitness.values[0] < 1e-6


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_units_of_the_score_make_no_difference(scale: float) -> None:
    """A bowl that is a million times steeper is descended as fast, step by step."""
    steep = Function(lambda genomes: scale * SPHERE(5).function(genomes), SPHERE(5).space, batched=True)
    found = []
    for problem in (SPHERE(5), steep):
        strategy = PBT(problem, population=6, seed=1)
        for _ in evolve(strategy, 3):
            pass
        found.append(genomes_of(strategy.individuals))
    assert torch.allclose(*found, rtol=1e-9)


def test_a_plateau_has_no_unit() -> None:
    """Nothing moves where there is no slope, and nothing fails."""
    strategy = PBT(Function(lambda genomes: 0 * genomes.sum(-1), SPHERE(3).space, batched=True), population=4)
    first, second = evolve(strategy, 2)
    assert strategy.unit == 0
    assert {tuple(one.genome.tolist()) for one in second.population} <= {
        tuple(one.genome.tolist()) for one in first.population
    }


@pytest.mark.parametrize("rates", [(0.0, 1.0), (1.0, 0.1), (0.1, math.inf)])
def test_impossible_rates_are_refused(rates: tuple[float, float]) -> None:
    """Rates are above 0, the least first."""
    with pytest.raises(ValueError, match=r"rates must be a least and a greatest one above 0, but they are"):
        PBT(SPHERE(3), rates=rates)

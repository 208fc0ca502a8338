"""The strategies that move a distribution: one step by hand, and the results that are known of them."""

import math

import pytest
import torch

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.operators.shaping import centred_ranks, nes_utilities
from neuroevo.problems.function import ELLIPSOID, SPHERE
from neuroevo.strategies import PGPE, SNES, OpenAIES
from neuroevo.strategies.search.base import Search, scores_of


@pytest.mark.parametrize(("kind", "generations"), [(SNES, 1600), (PGPE, 2300)])
def test_an_ellipsoid_is_solved(kind: type[Search], generations: int) -> None:
    """In 100 dimensions, whose axes differ by a factor of 1,000, the value falls to 1e-6 of the start."""
    strategy, start = kind(ELLIPSOID(100), seed=1), 0.0
    for generation in evolve(strategy, generations):
        start = start or generation.mean
    assert strategy.result().fitness.values[0] < 1e-6 * start


def scored(strategy: Search) -> list[Individual]:
    """Return a scored generation."""
    individuals = strategy.generate()
    for one, values in zip(individuals, strategy.problem.batch(individuals), strict=True):
        one.fitness.values = values
    return individuals


def test_a_step_of_snes() -> None:
    """Mean and step sizes move by the sums of the paper, gene by gene."""
    strategy = SNES(SPHERE(3), seed=2, population=6, sigma=0.1, mean_rate=0.7, sigma_rate=0.3)
    mean, sigma, individuals = strategy.mean.tolist(), strategy.sigma.tolist(), scored(strategy)
    utilities = nes_utilities(scores_of(individuals)).tolist()
    strategy.update(individuals)
    for gene in range(3):
        draws = [(float(one.genome[gene]) - mean[gene]) / sigma[gene] for one in individuals]
        to_mean = sum(u * z for u, z in zip(utilities, draws, strict=True))
        to_sigma = sum(u * (z**2 - 1) for u, z in zip(utilities, draws, strict=True))
        assert float(strategy.mean[gene]) == pytest.approx(mean[gene] + 0.7 * sigma[gene] * to_mean)
        assert float(strategy.sigma[gene]) == pytest.approx(sigma[gene] * math.exp(0.15 * to_sigma))


def test_a_step_of_openai_es() -> None:
    """Adam's first step goes up in each gene as far as its learning rate says, and sigma follows the path."""
    strategy = OpenAIES(SPHERE(3), seed=2, population=8, sigma=0.1, learning_rate=0.5, sigma_rate=2.0)
    mean, individuals = strategy.mean.clone(), scored(strategy)
    utilities = centred_ranks(scores_of(individuals))
    steps = (torch.stack([one.genome for one in individuals]) - mean) / 0.1
    gradient = (utilities.unsqueeze(-1) * steps).mean(0)
    strategy.update(individuals)
    torch.testing.assert_close(strategy.mean, mean + 0.1 * 0.5 * gradient.sign(), rtol=0, atol=1e-6)
    mass = float(utilities.abs().sum() ** 2 / (2 * utilities.square().sum()))
    rate = (mass + 2) / (3 + mass + 5)
    path = (rate * (2 - rate)) ** 0.5 * 8 * gradient / (2 * utilities.square().sum()).sqrt()
    torch.testing.assert_close(strategy.path, path)
    factor = math.exp(2 * rate * (float(path.norm()) / 3**0.5 - 1))
    torch.testing.assert_close(strategy.sigma, torch.full((3,), 0.1 * factor, dtype=torch.float64))


def test_noise_of_a_constant_sigma_stays() -> None:
    """A rate of 0 is the paper's search."""
    strategy = OpenAIES(SPHERE(3), seed=2, sigma=0.1, sigma_rate=0.0)
    for _ in evolve(strategy, 5):
        pass
    assert strategy.sigma.tolist() == [0.1] * 3


def test_weight_decay_pulls_to_the_origin() -> None:
    """Where all scores are equal, only the decay moves the mean, and towards 0."""
    strategy = OpenAIES(SPHERE(3), seed=2, population=8, sigma=0.1, weight_decay=0.1)
    before, individuals = strategy.mean.clone(), scored(strategy)
    for one in individuals:
        one.fitness.values = (1.0,)
    strategy.update(individuals)
    assert bool((strategy.mean.abs() < before.abs()).all())


def test_a_step_of_pgpe() -> None:
    """The mean moves by ClipUp's first step, of half the greatest speed; step sizes change by a fifth at most."""
    strategy = PGPE(SPHERE(3), seed=2, population=8, sigma=0.1, max_speed=0.4, sigma_rate=100.0)
    # In the middle of the bowl, where curvature counts and not only the slope.
    strategy.mean = mean = torch.tensor([0.02, 0.0, -0.02], dtype=torch.float64)
    sigma, individuals = strategy.sigma.clone(), scored(strategy)
    strategy.update(individuals)
    assert float((strategy.mean - mean).norm()) == pytest.approx(0.1 * 0.2)
    change = strategy.sigma / sigma - 1
    assert bool((change.abs() <= 0.2 + 1e-12).all())
    assert bool((change.abs() > 0.1).any())

"""EGGROLL and virtual OpenAI-ES: their steps by hand, what they have in common with dense ones, and stops."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from neuroevo.evolution import evolve
from neuroevo.operators.shaping import centred_ranks
from neuroevo.problems import Supervised
from neuroevo.problems.function import SPHERE
from neuroevo.problems.virtual import VirtualIndividual
from neuroevo.strategies import EGGROLL, OpenAIES, Search
from neuroevo.strategies.search.base import scores_of
from neuroevo.strategies.search.gradient_search import GradientSearch


def network(**settings: int) -> Supervised:
    """Return a network of 99 weights that is to learn which of three inputs is the greatest."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        module = nn.Sequential(nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 3))
    for parameter in module.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
    inputs = torch.randn(60, 3, generator=generator)
    return Supervised(module, inputs, inputs.argmax(1), **settings)


def scored(strategy: GradientSearch) -> list[VirtualIndividual]:
    """Return a scored generation."""
    individuals = strategy.generate()
    for one, values in zip(individuals, strategy.toolbox.map(strategy.toolbox.evaluate, individuals), strict=True):
        one.fitness.values = values
    return individuals


@pytest.mark.parametrize("rank", [1, 2, 12])
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_step(rank: int, optimiser: str) -> None:
    """Mean, path and sigma go as those of a dense strategy with the same individuals would."""
    strategy = EGGROLL(
        network(), population=8, rank=rank, optimiser=optimiser, learning_rate=0.3, sigma_rate=2.0, seed=3
    )
    mean, sigma, individuals = strategy.mean.clone(), float(strategy.sigma[0]), scored(strategy)
    utilities = centred_ranks(scores_of(individuals))
    steps = torch.stack([(one.genome - mean) / sigma for one in individuals]).double()
    pull = utilities @ steps
    strategy.update(individuals)
    moved = ((strategy.mean - mean) / sigma).double()
    expected = 0.3 * pull / 8 if optimiser == "sgd" else 0.3 * pull.sign()
    torch.testing.assert_close(moved, expected, rtol=1e-3, atol=1e-3)
    squares = 2 * float(utilities.square().sum())
    rate = (float(utilities.abs().sum()) ** 2 / squares + 2) / (
        len(mean) + float(utilities.abs().sum()) ** 2 / squares + 5
    )
    path = math.sqrt(rate * (2 - rate) / squares) * pull
    torch.testing.assert_close(strategy.path.double(), path, rtol=1e-3, atol=1e-4)
    factor = math.exp(2 * rate * (float(path.norm()) / math.sqrt(len(mean)) - 1))
    torch.testing.assert_close(strategy.sigma, torch.full((4,), sigma * factor), rtol=1e-4, atol=0)


def test_momentum_is_kept() -> None:
    """The second step of SGD holds a share of the first."""
    strategy = EGGROLL(network(), population=8, optimiser="sgd", momentum=0.5, learning_rate=1.0, sigma_rate=0.0)
    velocity = torch.zeros_like(strategy.mean)
    for _ in range(2):
        mean, individuals = strategy.mean.clone(), scored(strategy)
        steps = torch.stack([one.genome - mean for one in individuals]) / strategy.sigma[0]
        velocity = 0.5 * velocity + centred_ranks(scores_of(individuals)).float() @ steps / 8
        strategy.update(individuals)
        torch.testing.assert_close((strategy.mean - mean) / strategy.sigma[0], velocity, rtol=1e-3, atol=1e-3)


def test_individuals_come_in_mirrored_pairs() -> None:
    """Two neighbours lie on opposite sides of the mean; all others differ."""
    strategy = EGGROLL(network(), population=6, seed=2)
    individuals = strategy.generate()
    genomes = torch.stack([one.genome for one in individuals])
    torch.testing.assert_close((genomes[0::2] + genomes[1::2]) / 2, strategy.mean.expand(3, -1))
    assert len({one.seed // 2 for one in individuals}) == 3


MAKES: dict[str, Callable[..., Search]] = {
    "eggroll": lambda problem, **others: EGGROLL(problem, population=10, rank=2, **others),
    "sgd": lambda problem, **others: EGGROLL(problem, population=7, optimiser="sgd", **others),
    "openai-es": lambda problem, **others: OpenAIES(problem, population=10, virtual=True, **others),
}


@pytest.mark.parametrize("settings", [{}, {"minibatch": 7}])
@pytest.mark.parametrize("name", MAKES)
def test_a_stopped_run_goes_on_bit_for_bit(name: str, settings: dict[str, int], tmp_path: Path) -> None:
    """Records, mean and result of a run that was stopped are those of one that was not."""
    whole = MAKES[name](network(**settings), seed=4)
    expected = [one.record() for one in evolve(whole, 6, run_dir=tmp_path / "whole")]
    first, second = (MAKES[name](network(**settings), seed=4) for _ in range(2))
    found = [one.record() for one in evolve(first, 2, run_dir=tmp_path / "parts")]
    found += [one.record() for one in evolve(second, 6, run_dir=tmp_path / "parts")]
    for record in (*expected, *found):
        del record["seconds"]
    assert found == expected
    assert torch.equal(second.mean, whole.mean)
    assert torch.equal(second.result().genome, whole.result().genome)
    assert second.result().fitness.values == whole.result().fitness.values
    files = [(tmp_path / part / "genome.safetensors").read_bytes() for part in ("whole", "parts")]
    assert files[0] == files[1]


def test_virtual_openai_es_is_eggroll() -> None:
    """With equal settings, and of another stream of draws."""
    egg, openai = EGGROLL(network(), population=8, seed=1), OpenAIES(network(), population=8, seed=1, virtual=True)
    openai.generator.set_state(egg.generator.get_state())
    for first, second in zip(evolve(egg, 3), evolve(openai, 3), strict=True):
        assert [one.fitness.values for one in first.population] == [one.fitness.values for one in second.population]


def test_the_result_is_what_was_scored() -> None:
    """The best individual stays the best, although the mean moves on, and becomes a module."""
    strategy = EGGROLL(network(), population=10, seed=1)
    best = max(generation.best.fitness.values for generation in evolve(strategy, 8))
    found = strategy.result()
    assert found.fitness.values == best
    assert strategy.problem.batch([found])[0] == pytest.approx(best, abs=1e-5)
    module, problem = strategy.problem.to_module(found), strategy.problem
    score = problem.score(module(problem.inputs), problem.targets).detach()
    assert float(score) == pytest.approx(best[0], abs=1e-5)


def test_an_individual_by_its_seed() -> None:
    """Seeds are all that there is of the individuals of a generation."""
    strategy = EGGROLL(network(), population=4, seed=1)
    for one in strategy.generate():
        again = strategy.individual(one.seed)
        assert torch.equal(again.genome, one.genome)
        parameters = torch.cat([parameter.flatten() for parameter in again.to_module().parameters()])
        assert torch.equal(parameters, one.genome)
    with pytest.raises(ValueError, match="seed must be at least 0 and below 8589934592, but it is -1"):
        strategy.individual(-1)
    with pytest.raises(TypeError, match="genomes of this one are in memory"):
        OpenAIES(SPHERE(3)).individual(4)


def test_it_learns() -> None:
    """A network is fitted, and a function's value falls, at each rank."""
    for rank in (1, 4):
        strategy = EGGROLL(network(), population=20, rank=rank, sigma=0.1, seed=1)
        means = [generation.mean for generation in evolve(strategy, 40)]
        assert means[-1] > means[0] / 2
    strategy = EGGROLL(SPHERE(6), population=10, seed=1)
    means = [generation.mean for generation in evolve(strategy, 60)]
    assert means[-1] < 0.2 * means[0]


def test_settings_are_checked() -> None:
    """In a sentence each."""
    with pytest.raises(ValueError, match="rank must be at least 1, but it is 0"):
        EGGROLL(network(), rank=0)
    with pytest.raises(ValueError, match="optimiser must be one of adam, sgd, but it is 'lion'"):
        EGGROLL(network(), optimiser="lion")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sigma must be one number for a virtual population"):
        OpenAIES(network(), virtual=True, sigma=torch.ones(87))


def test_memory_does_not_grow_with_the_population() -> None:
    """A million individuals of a million genes are no matter."""
    with torch.random.fork_rng():
        module = nn.Linear(1000, 1000, bias=False)
    module.weight.data.zero_()
    problem = Supervised(module, torch.ones(2, 1000), torch.zeros(2, dtype=torch.long))
    assert EGGROLL(problem, population=10**6).bytes_needed() < 10**8
    with pytest.raises(MemoryError):
        OpenAIES(problem, population=10**6)

"""Episodes of environments: returns equal those of playing them one by one."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.problems import Episodes
from neuroevo.problems.episodes import LARGEST_SEED, cartpole, play
from neuroevo.seeds import seed_of
from neuroevo.strategies import Genetic, OpenAIES, Search
from neuroevo.testing.laws import problem_laws
from neuroevo.testing.parametrize import parametrize_with_laws

gymnasium = pytest.importorskip("gymnasium")


def players(problem: Episodes, count: int = 3) -> list[Individual]:
    """Return individuals of several generations."""
    genomes = problem.space.sample(count, generator=torch.Generator().manual_seed(0))
    return [Individual(row, id=place, generation=place % 2) for place, row in enumerate(genomes)]


@torch.random.fork_rng(devices=[])
def pendulum(**settings: Any) -> Episodes:
    """Return a problem with actions in a box."""
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    return Episodes("Pendulum-v1", network, settings={"max_episode_steps": 20}, **settings)


@parametrize_with_laws(
    problem_laws(players(cartpole(hidden=2)), tolerance=1e-3), {"cartpole": cartpole(hidden=2, episodes=2)}, examples=4
)
def test_episodes(law: Any) -> None:
    """Episodes keep the laws of evaluators: a score is the individual's own."""
    law()


@parametrize_with_laws(
    problem_laws(players(pendulum()), tolerance=1e-3), {"pendulum": pendulum(normalise=True)}, examples=4
)
def test_episodes_with_actions_in_a_box(law: Any) -> None:
    """So do those with continuous actions and normalised observations."""
    law()


def test_returns_are_those_of_playing_alone() -> None:
    """An individual's score is the mean return of its module in the episodes of its generation."""
    problem = cartpole(hidden=3, episodes=2, seed=5)
    for one, (score,) in zip(players(problem), problem.batch(players(problem)), strict=True):
        network, returns = problem.to_module(one), []
        for number in range(2):
            env = gymnasium.make("CartPole-v1")
            observation, _ = env.reset(seed=seed_of(5, one.generation, number, "episode") % LARGEST_SEED)
            total, over = 0.0, False
            while not over:
                outputs = network(torch.as_tensor(observation).unsqueeze(0))
                observation, reward, ended, cut, _ = env.step(int(outputs.argmax()))
                total, over = total + float(reward), ended or cut
            returns.append(total)
        assert score == np.mean(returns)


def test_a_generation_meets_the_same_episodes() -> None:
    """Equal genomes of one generation have equal scores, and the next generation has other episodes."""
    problem = pendulum(episodes=2)
    genome = players(problem)[0].genome
    scores = problem.batch([Individual(genome, id=place, generation=place // 2) for place in range(4)])
    assert scores[0] == scores[1]
    assert scores[2] == scores[3]
    assert scores[0] != scores[2]


def test_observations_are_normalised() -> None:
    """What is measured in random play is the same for the same seed, and scales each observation."""
    first, again, other = pendulum(normalise=True), pendulum(normalise=True), pendulum(normalise=True, seed=1)
    assert torch.equal(first.scale, again.scale)
    assert not torch.equal(first.scale, other.scale)
    assert first.scale[2] > 2 * first.scale[0]


def test_weights_that_overflow_play_all_the_same() -> None:
    """Outputs that are not finite do not end the run."""
    problem = pendulum()
    wild = Individual(torch.full((problem.space.size,), math.nan), id=0)
    assert math.isfinite(problem(wild)[0])


def test_what_is_impossible_is_refused() -> None:
    """There is an episode at least, and an action that a network can choose."""
    with pytest.raises(ValueError, match=r"episodes must be at least 1, but it is 0."):
        cartpole(episodes=0)
    many = gymnasium.spaces.MultiDiscrete([2, 2])
    from neuroevo.problems.episodes import _actions

    with pytest.raises(ValueError, match=r"actions must be discrete or a box, but they are MultiDiscrete"):
        _actions(many, np.zeros((1, 2), dtype=np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Genetic, OpenAIES])
def test_the_pole_is_balanced(kind: type[Search]) -> None:
    """What the search finds balances the pole for at least 475 of 500 steps, mean over 100 unseen episodes."""
    problem = cartpole(episodes=4, seed=1)
    strategy = kind(problem, population=50, seed=1)
    for _ in evolve(strategy, 40):
        pass
    network = problem.to_module(strategy.result())
    seeds = [[seed_of(1, "unseen", number) % LARGEST_SEED for number in range(100)]]
    with torch.no_grad():
        returns = play("CartPole-v1", lambda seen: network(seen), seeds=seeds)
    assert returns.mean() >= 475

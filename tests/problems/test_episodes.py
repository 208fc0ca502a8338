"""Episodes of environments: returns equal those of playing them one by one."""

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neuroevo.evolution import evolve
from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.problems import Episodes
from neuroevo.problems.episodes import LARGEST_SEED, cartpole
from neuroevo.seeds import seed_of
from neuroevo.strategies import Genetic, OpenAIES, Search
from neuroevo.testing.laws import problem_laws, returned_laws
from neuroevo.testing.parametrize import parametrize_with_laws

gymnasium = pytest.importorskip("gymnasium")
spaces = gymnasium.spaces
flatdim = spaces.utils.flatdim


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
    problem_laws(players(cartpole(hidden=2)), tolerance=0), {"cartpole": cartpole(hidden=2, episodes=2)}, examples=4
)
def test_episodes(law: Any) -> None:
    """Episodes keep the laws of evaluators: a score is the individual's own."""
    law()


@parametrize_with_laws(
    problem_laws(players(pendulum()), tolerance=0), {"pendulum": pendulum(normalise=True)}, examples=4
)
def test_episodes_with_actions_in_a_box(law: Any) -> None:
    """So do those with continuous actions and normalised observations."""
    law()


def by_hand(problem: Episodes, one: Individual, make: Callable[[], Any], module: Any = None) -> float:
    """Return the mean return of a module, by default that of the individual, in a plain loop."""
    policy, returns = module or problem.to_module(one), []
    for seed in problem.seeds(one):
        env = make()
        observation, _ = env.reset(seed=seed)
        policy.reset()
        total, over = 0.0, False
        while not over:
            action = policy.act(observation)
            assert env.action_space.contains(action)
            observation, reward, ended, cut, _ = env.step(action)
            total, over = total + float(reward), ended or cut
        returns.append(total)
    return float(np.mean(returns))


CARTPOLE, PENDULUM = cartpole(hidden=3, episodes=2), pendulum(normalise=True, spread=1.0)


def make_pendulum() -> Any:
    """Return the environment of the problem."""
    return gymnasium.make("Pendulum-v1", max_episode_steps=20)


@parametrize_with_laws(
    returned_laws(
        players(CARTPOLE), lambda module, one: by_hand(CARTPOLE, one, lambda: gymnasium.make("CartPole-v1"), module)
    ),
    {"cartpole": CARTPOLE},
    examples=2,
)
def test_what_is_returned(law: Any) -> None:
    """A module and a genome from a file, played in a plain loop, have the score that was recorded."""
    law()


@parametrize_with_laws(
    returned_laws(players(PENDULUM), lambda module, one: by_hand(PENDULUM, one, make_pendulum, module), tolerance=1e-3),
    {"pendulum": PENDULUM},
    examples=2,
)
def test_what_is_returned_with_actions_in_a_box(law: Any) -> None:
    """So have those with normalised observations and clipped outputs."""
    law()


def test_returns_are_those_of_playing_alone() -> None:
    """An individual's score is the mean return of its module in the episodes of its generation."""
    problem = cartpole(hidden=3, episodes=2, seed=5)
    for one, (score,) in zip(players(problem), problem.batch(players(problem)), strict=True):
        assert problem.seeds(one) == [seed_of(5, one.generation, number, "episode") % LARGEST_SEED for number in (0, 1)]
        assert score == by_hand(problem, one, lambda: gymnasium.make("CartPole-v1"))


def test_what_is_returned_plays_as_it_was_scored(tmp_path: Path) -> None:
    """Normalised and clipped, to the bit; from a file, too, and by outputs alone up to rounding."""
    problem = pendulum(normalise=True, episodes=2, spread=1.0)

    def make() -> Any:
        return gymnasium.make("Pendulum-v1", max_episode_steps=20)

    for one, (score,) in zip(players(problem), problem.batch(players(problem)), strict=True):
        assert score == by_hand(problem, one, make)
        Genome.of(one, problem.space).save(tmp_path / "genome.safetensors")
        genome = Genome.load(tmp_path / "genome.safetensors")
        # Other random play would have been normalised otherwise.
        other, policy = pendulum(normalise=True, seed=9).to_module(genome), problem.to_module(one)
        observation = np.array([0.3, -0.8, 4.0], dtype=np.float32)
        assert policy.act(observation) == other.act(observation)
        assert genome.to_module(problem.module).act(observation) == pytest.approx(policy.act(observation), abs=1e-6)
        outputs = policy(torch.from_numpy(observation).unsqueeze(0))
        assert outputs.requires_grad
        assert outputs[0].tolist() == pytest.approx(policy.act(observation).tolist(), abs=1e-6)


@pytest.mark.parametrize("episodes", [1, 3])
@pytest.mark.parametrize(
    ("seen", "acted"),
    [
        *((seen, "discrete") for seen in ("number", "image", "discrete", "multi-discrete", "multi-binary", "tuple")),
        *(("vector", acted) for acted in ("multi-discrete", "multi-binary", "box", "matrix", "integers", "unbounded")),
        ("dict", "box"),
    ],
)
def test_every_space_is_played(environments: ModuleType, seen: str, acted: str, episodes: int) -> None:
    """Whatever is observed and done, the score is that of playing by hand; actions that are none would be refused."""
    observed, actions = environments.OBSERVED[seen], environments.ACTED[acted]
    make = environments.maker(observed, actions)
    inputs = int(np.prod(observed.shape)) if isinstance(observed, spaces.Box) else flatdim(observed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(inputs, flatdim(actions)))
    problem = Episodes(make, network, episodes=episodes, spread=0.5)
    scores = [value for (value,) in problem.batch(players(problem))]
    assert scores == [by_hand(problem, one, make) for one in players(problem)]


def test_names_specs_and_functions_are_the_same_environments() -> None:
    """However an environment is given, scores are equal, and `max_steps` is a time limit."""
    network = cartpole(hidden=2).module
    given = ("CartPole-v1", gymnasium.spec("CartPole-v1"), lambda: gymnasium.make("CartPole-v1"))
    problems = [Episodes(one, network, spread=0.5) for one in given]
    assert len({tuple(problem.batch(players(problem))) for problem in problems}) == 1
    short = Episodes(lambda: gymnasium.make("CartPole-v1").unwrapped, network, max_steps=5)
    assert short.batch(players(short)) == [(5.0,)] * 3


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "settings"),
    [
        ("Blackjack-v1", 32 + 11 + 2, 2, {"max_steps": 20}),
        ("FrozenLake-v1", 16, 4, {}),
        # Of the newest version that Gymnasium has.
        (max(name for name in gymnasium.registry if name.startswith("Taxi-")), 500, 6, {"max_steps": 20}),
        ("MountainCarContinuous-v0", 2, 1, {"max_steps": 20, "normalise": True}),
    ],
)
def test_environments_of_gymnasium(name: str, inputs: int, outputs: int, settings: dict[str, Any]) -> None:
    """They are played by any number of individuals, alone as in company."""
    with torch.random.fork_rng(devices=[]):
        problem = Episodes(name, nn.Linear(inputs, outputs), spread=1.0, **settings)
    crowd = players(problem, 4)
    assert problem.batch(crowd) == [problem(one) for one in crowd]


class Mixed(nn.Module):
    """Holds parameters of several types, the first of which is a table of whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.arange(2), requires_grad=False)
        self.first, self.last = nn.Linear(4, 3), nn.Linear(3, 2, dtype=torch.float64)

    def forward(self, observations: Tensor) -> Tensor:
        """Return outputs in double precision."""
        found: Tensor = self.last(self.first(observations).double())[:, self.table]
        return found


def test_parameters_of_several_types() -> None:
    """Observations have the type of the first weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        problem = Episodes("CartPole-v1", Mixed(), spread=1.0)
    for one, (score,) in zip(players(problem), problem.batch(players(problem)), strict=True):
        assert score == by_hand(problem, one, lambda: gymnasium.make("CartPole-v1"))


def test_cards_are_one_hot() -> None:
    """A player of Blackjack that was seen to see the cards of other players sees its own sum, dealer's card and ace."""
    with torch.random.fork_rng(devices=[]):
        problem = Episodes("Blackjack-v1", nn.Linear(45, 2), max_steps=20)
    seen = problem.interface.array((19, 2, 1))
    assert seen.nonzero()[0].tolist() == [19, 32 + 2, 32 + 11 + 1]


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
    scales = [problem.interface.scale for problem in (first, again, other)]
    assert torch.equal(scales[0], scales[1])
    assert not torch.equal(scales[0], scales[2])
    assert scales[0][2] > 2 * scales[0][0]


def test_weights_that_overflow_play_all_the_same() -> None:
    """Outputs that are not finite do not end the run."""
    problem = pendulum()
    wild = Individual(torch.full((problem.space.size,), math.nan), id=0)
    assert math.isfinite(problem(wild)[0])


def test_an_environment_that_raises_fails_its_player(
    environments: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Others have their scores all the same, those that they have alone, and the log has the reason."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Linear(2, 2)
    for when in ("reset", "step"):
        problem = Episodes(environments.maker(fails=when), network, spread=2.0, seed=1)
        crowd = [Individual(one.genome, id=one.id, generation=one.id) for one in players(problem, 12)]
        scores = [value for (value,) in problem.batch(crowd)]
        failed = [one.id for one, score in zip(crowd, scores, strict=True) if math.isnan(score)]
        assert 0 < len(failed) < 12
        assert scores == pytest.approx([problem(one)[0] for one in crowd], nan_ok=True)
        assert f"made raised for individual {failed[0]}, which counts as failed (RuntimeError: the sim" in caplog.text


def test_a_search_continues_past_failures(environments: ModuleType) -> None:
    """Failed individuals are counted, and the best has a score."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Linear(2, 2)
    problem = Episodes(environments.maker(fails="step"), network, spread=2.0)
    search = Genetic(problem, population=10, seed=1)
    failures = [generation.failed for generation in evolve(search, 3)]
    assert sum(failures) > 0
    assert math.isfinite(search.result().fitness.values[0])


def refused(environments: ModuleType, what: str) -> Any:
    """Make a problem that is none."""
    one = environments.Toy()
    toy = environments.maker
    with torch.random.fork_rng(devices=[]):
        linear = nn.Linear(2, 2)
    text = spaces.Text(5)
    cases: dict[str, Callable[[], Any]] = {
        "episodes": lambda: cartpole(episodes=0),
        "max_steps": lambda: cartpole(max_steps=0),
        "name": lambda: Episodes("CartPole-v9", linear),
        "settings": lambda: Episodes("CartPole-v1", linear, settings={"colour": 1}),
        "settings of a function": lambda: Episodes(toy(), linear, settings={"colour": 1}),
        "instance": lambda: Episodes(one, linear),
        "number": lambda: Episodes(3, linear),
        "no environment": lambda: Episodes(lambda: 3, linear),
        "same": lambda: Episodes(lambda: one, linear, max_steps=3),
        "endless": lambda: Episodes(toy(limit=None), linear),
        "text": lambda: Episodes(toy(text), linear),
        "sequence": lambda: Episodes(toy(spaces.Dict(a=spaces.Sequence(spaces.Discrete(2)))), linear),
        "graph": lambda: Episodes(toy(spaces.Graph(spaces.Box(0, 1), None)), linear),
        "actions": lambda: Episodes(toy(None, spaces.Tuple((spaces.Discrete(2),))), linear),
        "fails": lambda: Episodes(toy(fails="always"), linear),
        "random": lambda: Episodes(_Restless, linear, max_steps=3),
        "four outputs": lambda: Episodes("CartPole-v1", nn.Linear(4, 4)),
        "one output": lambda: Episodes("CartPole-v1", nn.Linear(4, 1)),
        "inputs": lambda: Episodes("CartPole-v1", linear),
        "tuple": lambda: Episodes("CartPole-v1", _Tuple()),
        "infinite": lambda: Episodes(toy(spaces.Box(-np.inf, np.inf, (2,))), linear, normalise=True),
    }
    with torch.random.fork_rng(devices=[]):
        return cases[what]()


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("episodes", r"episodes must be at least 1, but it is 0\."),
        ("max_steps", r"max_steps must be at least 1, but it is 0\."),
        ("name", r"environment must be one that Gymnasium makes, but of CartPole-v9 it says: Environment version `v9`"),
        ("settings", r"but of CartPole-v1 it says: .*colour"),
        ("settings of a function", r"settings are for gymnasium.make, but made makes its environments itself\."),
        ("instance", r"environment must be a name, an EnvSpec or a function that returns a new .*, but it is <"),
        ("number", r"environment must be a name, an EnvSpec or a function .*, but it is 3;"),
        ("no environment", r"environment must return a gymnasium.Env, but <lambda> returns 3\."),
        ("same", r"environment must return a new one each time, but <lambda> returns the same\."),
        ("endless", r"max_steps must be given, for made has no time limit"),
        ("text", r"observations must be in spaces of the kinds Box, .*, Dict, but they are in Text"),
        ("sequence", r"observations must be in spaces of the kinds .*, but they are in Sequence"),
        ("graph", r"observations must be in spaces of the kinds .*, but they are in Graph"),
        ("actions", r"actions must be in a space of the kinds Discrete, .* Box, but they are in Tuple"),
        ("fails", r"environment must play a few random steps, but made raises RuntimeError: the simulator is gone\."),
        ("random", r"environment must give the same episode for the same seed, but _Restless does not;"),
        ("four outputs", r"module must return 2 outputs for actions in a Discrete space, but a Linear returns 4"),
        ("one output", r"module must return 2 outputs for actions in a Discrete space, but a Linear returns 1"),
        ("inputs", r"module must take observations \[N, 4\], but a Linear says: .*mat1 and mat2"),
        ("tuple", r"module must return a tensor \[N, 2\], but a _Tuple returns a tuple; a module with a state"),
    ],
)
def test_what_is_impossible_is_refused(environments: ModuleType, what: str, sentence: str) -> None:
    """Environments, spaces and modules that do not fit are one sentence each, from the constructor."""
    with pytest.raises((ValueError, TypeError), match=sentence):
        refused(environments, what)


class _Restless(gymnasium.Env):
    """Does not draw from its own generator."""

    observation_space, action_space = spaces.Box(-1, 1, (2,)), spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        return np.random.default_rng().random(2, dtype=np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """End it."""
        return self.reset()[0], 0.0, True, False, {}


class _Tuple(nn.Linear):
    """Returns a tuple, as an LSTM does."""

    def __init__(self) -> None:
        super().__init__(4, 2)

    def forward(self, inputs: Tensor) -> Any:
        """Return two things."""
        return super().forward(inputs), inputs


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Genetic, OpenAIES])
def test_the_pole_is_balanced(kind: type[Search]) -> None:
    """What the search finds balances the pole for at least 475 of 500 steps, mean over 100 unseen episodes."""
    problem = cartpole(episodes=4, seed=1)
    strategy = kind(problem, population=50, seed=1)
    for _ in evolve(strategy, 40):
        pass
    policy = problem.to_module(strategy.result())
    returns = []
    for number in range(100):
        env = gymnasium.make("CartPole-v1")
        observation, over = env.reset(seed=seed_of(1, "unseen", number) % LARGEST_SEED)[0], False
        returns.append(0.0)
        while not over:
            observation, reward, ended, cut, _ = env.step(policy.act(observation))
            returns[-1], over = returns[-1] + float(reward), ended or cut
    assert np.mean(returns) >= 475

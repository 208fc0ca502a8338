"""Episodes of Gymnasium environments, played by a whole population at once (extra `rl`)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuroevo.execution.forward import Forward
from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.seeds import seed_of
from neuroevo.signatures import Recorded
from neuroevo.space import SPREAD, Space

Outputs = Callable[[Tensor], Tensor]
"""Takes observations [P, E, ...] of E episodes of each of P players and returns their networks' outputs [P, E, A]."""

LARGEST_SEED = 2**31
WATCHED = 1000
"""Steps of random play that the normalisation of observations is measured on."""


class Episodes(Recorded):
    """Scores weights of a module by the mean return of some episodes, to be maximised.

    All individuals of a generation have the same episodes (common random numbers), the next generation has others; an
    individual's score does not depend on other individuals. In a discrete action space the action is the greatest
    output; in a box, outputs are clipped to its bounds.

    Args:
        environment: The environment's name in Gymnasium, such as `CartPole-v1`.
        module: Takes observations [N, ...] and returns outputs [N, A]; it is copied, in evaluation mode.
        episodes: Episodes of each individual.
        seed: The run's seed; episodes come from (seed, generation, number).
        normalise: Whether observations are shifted and scaled by the mean and standard deviation of 1,000 steps of
            random play, measured once.
        only: Names or patterns of the parameters that evolve; default all.
        bounds: Lowest and highest weight by name or pattern.
        spread: Standard deviation of initial weights around the module's.
        settings: Further arguments of `gymnasium.make`.

    Raises:
        ValueError: `episodes` is below 1, or the action space is neither discrete nor a box.
        RuntimeError: Gymnasium is not installed.
    """

    def __init__(
        self,
        environment: str,
        module: nn.Module,
        *,
        episodes: int = 1,
        seed: int = 0,
        normalise: bool = False,
        only: Sequence[str] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        spread: float = SPREAD,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if episodes < 1:
            raise ValueError(f"episodes must be at least 1, but it is {episodes}.")
        self.environment = environment
        self.settings = dict(settings or {})
        self.module = copy.deepcopy(module).eval()
        # A description of the problem is that of the copy, whatever becomes of the module.
        self.arguments = {**self.arguments, "module": self.module}
        self.forward = Forward(self.module)
        self.episodes = episodes
        self.seed = seed
        self.space = Space.of_module(module, only=only, bounds=bounds, spread=spread)
        self.weights = (1.0,)
        self.shift, self.scale = torch.zeros(()), torch.ones(())
        if normalise:
            self.shift, self.scale = self._watched()

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the score of each individual."""
        if not individuals:
            return []
        parameters = self.space.split(torch.stack([one.genome for one in individuals]))
        seeds = [[self._seed(one.generation, number) for number in range(self.episodes)] for one in individuals]

        def outputs(observations: Tensor) -> Tensor:
            return self.forward(parameters, ((observations - self.shift) / self.scale), shared=False)

        returns = play(self.environment, outputs, seeds=seeds, settings=self.settings)
        return [(value,) for value in returns.mean(1).tolist()]

    def to_module(self, individual: Individual) -> nn.Module:
        """Return the module with an individual's weights."""
        return Genome.of(individual, self.space).to_module(self.module)

    def _seed(self, generation: int, number: int) -> int:
        return seed_of(self.seed, generation, number, "episode") % LARGEST_SEED

    def _watched(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of observations in random play; 1 where nothing varies."""
        env = _gymnasium().make(self.environment, **self.settings)
        first = seed_of(self.seed, "watched") % LARGEST_SEED
        env.action_space.seed(first)
        seen = [env.reset(seed=first)[0]]
        for _ in range(WATCHED):
            observation, _, ended, cut, _ = env.step(env.action_space.sample())
            seen.append(env.reset()[0] if ended or cut else observation)
        env.close()
        table = torch.as_tensor(np.stack(seen), dtype=torch.float32)
        deviation = table.std(0)
        return table.mean(0), torch.where(deviation > 0, deviation, 1.0)


def play(
    environment: str, outputs: Outputs, *, seeds: Sequence[Sequence[int]], settings: Mapping[str, Any] | None = None
) -> NDArray[np.float64]:
    """Play episodes and return their returns, float64 [P, E].

    Args:
        environment: The environment's name in Gymnasium.
        outputs: The players' networks.
        seeds: The seeds of E episodes for each of P players.
        settings: Further arguments of `gymnasium.make`.

    Raises:
        ValueError: The action space is neither discrete nor a box.
        RuntimeError: Gymnasium is not installed.
    """
    gymnasium = _gymnasium()
    players, each = len(seeds), len(seeds[0])
    # One environment after the other in this process: a step takes less time than sending it to another one.
    env = gymnasium.make_vec(environment, num_envs=players * each, vectorization_mode="sync", **dict(settings or {}))
    try:
        observations, _ = env.reset(seed=[seed for row in seeds for seed in row])
        returns, playing = np.zeros(players * each), np.ones(players * each, dtype=bool)
        while playing.any():
            seen = torch.as_tensor(observations, dtype=torch.float32).unflatten(0, (players, each))
            actions = _actions(env.single_action_space, outputs(seen).flatten(0, 1).numpy())
            observations, rewards, ended, cut, _ = env.step(actions)
            returns += np.where(playing, rewards, 0.0)
            playing &= ~(ended | cut)
    finally:
        env.close()
    return returns.reshape(players, each)


def _actions(space: Any, outputs: NDArray[np.float32]) -> NDArray[Any]:
    gymnasium = _gymnasium()
    if isinstance(space, gymnasium.spaces.Discrete):
        return np.asarray(space.start + outputs.argmax(-1))
    if isinstance(space, gymnasium.spaces.Box):
        # Outputs that are not finite are no action, and environments fail on them unpredictably.
        finite = np.nan_to_num(outputs.reshape(len(outputs), *space.shape))
        return np.clip(finite, space.low, space.high).astype(space.dtype)
    raise ValueError(f"actions must be discrete or a box, but they are {space}.")


def _gymnasium() -> Any:
    try:
        import gymnasium
    except ImportError as error:
        raise RuntimeError("episodes need Gymnasium: pip install neuroevo[rl].") from error
    return gymnasium


def cartpole(*, hidden: int = 16, seed: int = 0, **settings: Any) -> Episodes:
    """Return the problem of balancing a pole by a network with one hidden layer; the highest return is 500.

    Args:
        hidden: Units of the hidden layer.
        seed: The run's seed.
        **settings: Further settings of `Episodes`.
    """
    with torch.device("meta"):
        layers = nn.Sequential(nn.Linear(4, hidden), nn.Tanh(), nn.Linear(hidden, 2))
    network = layers.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return Episodes("CartPole-v1", network, seed=seed, spread=0.5, **settings)


PROBLEMS = {"cartpole": cartpole}

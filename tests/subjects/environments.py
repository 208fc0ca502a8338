"""Environments of all kinds of spaces, some of whose episodes fail."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

LARGEST = 2**31

OBSERVED: Mapping[str, spaces.Space[Any]] = {
    "vector": spaces.Box(-1, 1, (3,)),
    "matrix": spaces.Box(-1, 1, (2, 2)),
    "number": spaces.Discrete(4, start=-1),
    "parts": spaces.Dict({"b": spaces.MultiDiscrete([2, 3], start=[1, 0]), "a": spaces.MultiBinary(2)}),
    "pair": spaces.Tuple((spaces.Discrete(2), spaces.Box(-1, 1, (2,)))),
}
INPUTS = {"vector": 3, "matrix": 4, "number": 4, "parts": 7, "pair": 4}
ACTED: Mapping[str, spaces.Space[Any]] = {
    "number": spaces.Discrete(3, start=2),
    "groups": spaces.MultiDiscrete([2, 3], start=[1, -1]),
    "bits": spaces.MultiBinary(3),
    "box": spaces.Box(np.array([-0.1, -2.0]), np.array([0.3, 1.0]), dtype=np.float64),
    "whole": spaces.Box(-3, 5, (2,), dtype=np.int32),
}
OUTPUTS = {"number": 3, "groups": 5, "bits": 3, "box": 2, "whole": 2}


class Toy(gymnasium.Env):  # type: ignore[misc]
    """Rewards actions by their size and the time; its episodes end, are cut or fail after steps that the seed says.

    Args:
        observed: Name of the observation space.
        acted: Name of the action space.
        fails: Whether every third seed fails: in its first observation or in its last step.
    """

    def __init__(self, observed: str, acted: str, fails: bool) -> None:
        self.observation_space, self.action_space = copy.deepcopy(OBSERVED[observed]), copy.deepcopy(ACTED[acted])
        self.fails = fails
        self.steps = self.last = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed)
        self.steps, self.last = 0, int(self.np_random.integers(2, 6))
        self.kind = int(self.np_random.integers(4))
        if self.fails and self.kind == 0:
            raise RuntimeError("the simulator is gone")
        return self._observed(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Reward an action."""
        if not self.action_space.contains(action) or self.steps >= self.last:
            raise RuntimeError("no action, or the episode is over")
        self.steps += 1
        over = self.steps == self.last
        if self.fails and self.kind == 1 and over:
            raise RuntimeError("the simulator is gone")
        sizes = np.ravel(action) * np.arange(1, np.size(action) + 1)
        reward = float(np.sum(sizes)) * (1 + 0.1 * self.steps) + 0.01 * self.kind
        return self._observed(), reward, over and self.kind % 2 == 0, over and self.kind % 2 == 1, {}

    def _observed(self) -> Any:
        self.observation_space.seed(int(self.np_random.integers(LARGEST)))
        return self.observation_space.sample()


def making(observed: str, acted: str, fails: bool, limit: int | None) -> Callable[[], Any]:
    """Return a function that makes environments, with a time limit if there is one."""

    def make() -> Any:
        env = Toy(observed, acted, fails)
        return env if limit is None else gymnasium.wrappers.TimeLimit(env, limit)

    return make

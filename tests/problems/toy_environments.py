"""Environments for tests: each space once, and some with faults."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Toy(gymnasium.Env):
    """Draws observations and rewards what an action adds up to; ends after some steps.

    Args:
        observation_space: The space of observations.
        action_space: The space of actions.
        length: Steps of an episode; None for no end.
        fails: When it raises: `always`, sometimes in `reset` or `step`, or never.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any] | None = None,
        action_space: spaces.Space[Any] | None = None,
        *,
        length: int | None = 5,
        fails: str = "",
    ) -> None:
        self.observation_space = observation_space or spaces.Box(-1, 1, (2,))
        self.action_space = action_space or spaces.Discrete(2)
        self.length, self.fails = length, fails
        self.steps = 0

    def _observed(self) -> Any:
        self.observation_space.seed(int(self.np_random.integers(2**31)))
        return self.observation_space.sample()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed)
        self.steps = 0
        if self.fails == "always" or (self.fails == "reset" and self.np_random.random() < 0.5):
            raise RuntimeError("the simulator is gone")
        return self._observed(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Reward an action."""
        assert self.action_space.contains(action), action
        self.steps += 1
        if self.fails == "step" and np.sum(action) > 0 and self.np_random.random() < 0.3:
            raise RuntimeError("the simulator is gone")
        return self._observed(), float(np.sum(action)), self.steps == self.length, False, {}


def maker(*arguments: Any, limit: int | None = 20, **settings: Any) -> Callable[[], gymnasium.Env]:
    """Return a function that returns a new environment, with a time limit."""

    def made() -> gymnasium.Env:
        env = Toy(*arguments, **settings)
        return env if limit is None else gymnasium.wrappers.TimeLimit(env, limit)

    return made


OBSERVED: dict[str, spaces.Space[Any]] = {
    "vector": spaces.Box(-1, 1, (3,)),
    "number": spaces.Box(-1, 1, ()),
    "image": spaces.Box(0, 255, (4, 4, 2), dtype=np.uint8),
    "discrete": spaces.Discrete(4, start=-1),
    "multi-discrete": spaces.MultiDiscrete([2, 3], start=[1, 0]),
    "multi-binary": spaces.MultiBinary([2, 2]),
    "tuple": spaces.Tuple((spaces.Discrete(3), spaces.Box(-1, 1, (2,)), spaces.MultiBinary(2))),
    "dict": spaces.Dict(
        {
            "b": spaces.Discrete(2),
            "a": spaces.Dict({"c": spaces.MultiDiscrete([2, 3, 4]), "d": spaces.Box(0, 1)}),
        }
    ),
}
"""A space of observations of each kind."""

ACTED: dict[str, spaces.Space[Any]] = {
    "discrete": spaces.Discrete(3, start=2),
    "multi-discrete": spaces.MultiDiscrete([2, 3, 4]),
    "multi-binary": spaces.MultiBinary(3),
    "box": spaces.Box(np.array([-0.1, -2.0]), np.array([0.3, 1.0]), dtype=np.float64),
    "matrix": spaces.Box(-1, 1, (2, 2)),
    "integers": spaces.Box(-3, 5, (2,), dtype=np.int32),
    "unbounded": spaces.Box(-np.inf, np.inf, (1,)),
}
"""A space of actions of each kind."""

"""Environments of Gymnasium (extra `rl`): how they are made, and what is known of one before it is played."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.extras import install
from neuroevo.interface import Interface
from neuroevo.problems import spaces

WATCHED = 1000
"""Steps of random play that the normalisation of observations is measured on."""

TRIED = 8
"""Steps of random play that are repeated, to see whether a seed gives the same episode again."""

SEEDS = 5
"""Seeds of which one must give an episode without an error."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Environments:
    """Makes environments, all of the same kind.

    Attributes:
        environment: A name in Gymnasium, an `EnvSpec`, or a function without arguments that returns a new environment.
        settings: Further arguments of `gymnasium.make`; none for a function.
        max_steps: Steps after which an episode is cut; default the environment's own limit.

    Raises:
        TypeError: (when making) It is none of these, or the function returns something else.
        ValueError: (when making) Gymnasium can't make it.
        RuntimeError: Gymnasium is not installed.
    """

    environment: Any
    settings: Mapping[str, Any] = field(default_factory=dict)
    max_steps: int | None = None

    def __post_init__(self) -> None:
        if self.max_steps is not None and self.max_steps < 1:
            raise ValueError(f"max_steps must be at least 1, but it is {self.max_steps}.")

    @property
    def name(self) -> str:
        """The environment's name, for sentences."""
        if isinstance(self.environment, str):
            return self.environment
        own = getattr(self.environment, "id", None) or getattr(self.environment, "__name__", None)
        return str(own or type(self.environment).__name__)

    def make(self, *, checked: bool = False) -> Any:
        """Return a new environment; Gymnasium checks its first steps if `checked`."""
        gymnasium = _gymnasium()
        if isinstance(self.environment, str | gymnasium.envs.registration.EnvSpec):
            try:
                settings = {} if checked else {"disable_env_checker": True}
                return gymnasium.make(self.environment, **{**settings, **self.settings})
            except (gymnasium.error.Error, TypeError, ImportError) as error:
                reason = _first_line(error)
                raise ValueError(
                    f"environment must be one that Gymnasium makes, but of {self.name} it says: {reason}."
                ) from error
        if isinstance(self.environment, gymnasium.Env) or not callable(self.environment):
            raise TypeError(
                "environment must be a name, an EnvSpec or a function that returns a new environment, but it is "
                f"{self.environment!r}; each episode needs one of its own."
            )
        if self.settings:
            raise ValueError(f"settings are for gymnasium.make, but {self.name} makes its environments itself.")
        made = self.environment()
        if not isinstance(made, gymnasium.Env):
            raise TypeError(f"environment must return a gymnasium.Env, but {self.name} returns {made!r}.")
        return made

    def interface(self) -> Interface:
        """Return how a network sees and acts in the environment, which is tried out.

        Raises:
            ValueError: A space has no flat form, episodes have no end, or the environment fails, depends on more than
                its seed, or is the same one every time.
        """
        env, other = self.make(checked=True), self.make()
        try:
            found = Interface(spaces.observations(env.observation_space), spaces.actions(env.action_space))
            if env.unwrapped is other.unwrapped:
                raise ValueError(f"environment must return a new one each time, but {self.name} returns the same.")
            if self.max_steps is None and not _is_limited(env):
                raise ValueError(
                    f"max_steps must be given, for {self.name} has no time limit (as in gymnasium.wrappers.TimeLimit) "
                    "and an episode may have no end."
                )
            self._check(env, other, found)
        finally:
            close(env)
            close(other)
        return found

    def watched(self, interface: Interface, *, seed: int) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of observations in random play, [*shape]; 1 where nothing varies.

        Raises:
            ValueError: An observation is not finite, or the environment raises an exception.
        """
        env = self.make()
        try:
            table = torch.as_tensor(np.stack(self._observed(env, interface, seed)), dtype=torch.float32)
        except Exception as error:
            reason = f"{type(error).__name__}: {_first_line(error)}"
            raise ValueError(f"normalise must be False, for random play of {self.name} raises {reason}.") from error
        finally:
            close(env)
        if not bool(table.isfinite().all()):
            raise ValueError(f"normalise must be False, for observations of {self.name} are not always finite.")
        deviation = table.std(0)
        return table.mean(0), torch.where(deviation > 0, deviation, 1.0)

    def _observed(self, env: Any, interface: Interface, seed: int) -> list[Any]:
        """Return the observations of random play."""
        env.action_space.seed(seed)
        seen, steps = [interface.array(env.reset(seed=seed)[0])], 0
        for _ in range(WATCHED):
            observation, _, ended, cut, _ = env.step(env.action_space.sample())
            steps = 0 if ended or cut or steps + 1 == self.max_steps else steps + 1
            seen.append(interface.array(observation if steps else env.reset()[0]))
        return seen

    def _check(self, env: Any, other: Any, interface: Interface) -> None:
        """Refuse an environment that fails with every seed, or plays another episode for the same one."""
        for seed in range(SEEDS):
            try:
                first, again = (_tried(one, interface, seed) for one in (env, other))
            except Exception as error:
                # One that fails sometimes fails the individuals that it happens to.
                if seed + 1 < SEEDS:
                    continue
                reason = f"{type(error).__name__}: {_first_line(error)}"
                raise ValueError(
                    f"environment must play a few random steps, but {self.name} raises {reason}."
                ) from error
            random = env.spec is not None and env.spec.nondeterministic
            if not random and not all(
                np.array_equal(*pair, equal_nan=True) for pair in zip(first, again, strict=False)
            ):
                raise ValueError(
                    f"environment must give the same episode for the same seed, but {self.name} does not; draw from "
                    "its np_random."
                )
            return


def close(env: Any) -> None:
    """Close an environment; one that fails then has been played all the same."""
    try:
        env.close()
    except Exception as error:  # noqa: BLE001 - a user's environment may raise anything
        log.warning("An environment could not be closed (%s: %s).", type(error).__name__, error)


def _tried(env: Any, interface: Interface, seed: int) -> list[Any]:
    """Return observations and rewards of some random steps."""
    env.action_space.seed(seed)
    seen: list[Any] = [interface.array(env.reset(seed=seed)[0])]
    for _ in range(TRIED):
        observation, reward, ended, cut, _ = env.step(env.action_space.sample())
        seen += [interface.array(observation), np.float64(reward)]
        if ended or cut:
            break
    return seen


def _is_limited(env: Any) -> bool:
    """Return whether a wrapper ends episodes after some steps."""
    from gymnasium.wrappers import TimeLimit

    while not isinstance(env, TimeLimit):
        if not hasattr(env, "env"):
            return False
        env = env.env
    return True


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _gymnasium() -> Any:
    try:
        import gymnasium
    except ImportError as error:
        raise RuntimeError(f"episodes need Gymnasium: {install('rl')}.") from error
    return gymnasium

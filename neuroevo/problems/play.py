"""Episodes of several players at a time, each in an environment of its own."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.interface import Interface
from neuroevo.problems.environments import Environments, close

Outputs = Callable[[Tensor, Sequence[int]], Tensor]
"""Takes observations [R, *shape] of R = P * E episodes and the rows that count, and returns outputs [R, A]."""

log = logging.getLogger(__name__)


def play(
    environments: Environments,
    interface: Interface,
    outputs: Outputs,
    *,
    seeds: Sequence[Sequence[int]],
    names: Sequence[object],
) -> NDArray[np.float64]:
    """Play episodes and return their returns, float64 [P, E].

    An environment that raises fails its player, whose returns are NaN; the others continue.

    Args:
        environments: Makes an environment for each episode.
        interface: How players see and act.
        outputs: The players' networks.
        seeds: The seeds of E episodes for each of P players.
        names: What the players are called in the log.
    """
    each = len(seeds[0])
    tables = [_Table(environments, seed, name) for row, name in zip(seeds, names, strict=True) for seed in row]
    try:
        seen = np.zeros((len(tables), *interface.shape), dtype=np.float32)
        playing = [row for row, table in enumerate(tables) if table.begin(interface, seen[row])]
        while playing:
            # One environment after the other in this process: a step takes less time than sending it to another one.
            actions = interface.chosen(outputs(torch.from_numpy(seen), playing))
            playing = [row for row in playing if tables[row].step(actions[row], interface, seen[row])]
    finally:
        for table in tables:
            table.end()
    return np.array([table.gain for table in tables]).reshape(len(seeds), each)


class _Table:
    """One episode.

    Attributes:
        gain: The sum of rewards so far; NaN if the environment failed.
    """

    def __init__(self, environments: Environments, seed: int, player: object) -> None:
        self.environments, self.seed, self.player = environments, seed, player
        self.env = environments.make()
        self.gain, self.steps = 0.0, 0

    def begin(self, interface: Interface, seen: NDArray[np.float32]) -> bool:
        """Write the first observation; return whether there is one."""
        try:
            seen[...] = interface.array(self.env.reset(seed=self.seed)[0])
        except Exception as error:  # noqa: BLE001 - a user's environment may raise anything
            self._fail(error)
            return False
        return True

    def step(self, action: object, interface: Interface, seen: NDArray[np.float32]) -> bool:
        """Act, and write the next observation; return whether the episode continues."""
        try:
            observation, reward, ended, cut, _ = self.env.step(action)
            self.gain += float(reward)
            seen[...] = interface.array(observation)
        except Exception as error:  # noqa: BLE001 - a user's environment may raise anything
            self._fail(error)
            return False
        self.steps += 1
        return not (ended or cut or self.steps == self.environments.max_steps)

    def end(self) -> None:
        """Close the environment."""
        close(self.env)

    def _fail(self, error: Exception) -> None:
        self.gain = math.nan
        reason = f"{type(error).__name__}: {error}"
        name = self.environments.name
        log.warning("%s raised for individual %s, which counts as failed (%s).", name, self.player, reason)

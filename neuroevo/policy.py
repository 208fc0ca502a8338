"""A network that plays: all that is between an environment's observations and its actions, in one module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuroevo.interface import Interface, normalised
from neuroevo.module_state import first_weight, kept, restore


class Policy(nn.Module):
    """A network together with what its evaluation does to observations and outputs.

    `forward` is for tensors and for further training, `act` for playing:

    ```
    observation, _ = env.reset(seed=seed)
    policy.reset()
    while not over:
        observation, reward, ended, cut, _ = env.step(policy.act(observation))
    ```

    Attributes:
        shift: What is subtracted from observations, a buffer [*shape]; None for nothing.
        scale: What they are divided by after that, a buffer [*shape]; None for nothing.

    Args:
        module: Takes observations [N, *shape] and returns outputs [N, A]; if it has `initial_state`, it takes and
            returns a state, too (see `neuroevo.problems.Episodes`).
        interface: What is done to observations and outputs.
    """

    shift: Tensor | None
    scale: Tensor | None

    def __init__(self, module: nn.Module, interface: Interface) -> None:
        super().__init__()
        self.module = module
        self.interface = interface
        self.register_buffer("shift", interface.shift)
        self.register_buffer("scale", interface.scale)
        self._state: Any = None
        self._kept = kept(module)

    def forward(self, observations: Tensor, *state: Any) -> Any:
        """Return outputs [N, A] for observations [N, *shape], with gradients.

        Observations are normalised, and outputs clipped if actions are in a box, as in the evaluation; for other
        actions `act` chooses by them. A module with `initial_state` takes a state and returns the next one beside.

        Args:
            observations: As the environment gives them if they are in a box, else flattened by
                `gymnasium.spaces.flatten`.
            *state: The state of a module that has `initial_state`.
        """
        found = self.raw(observations, *state)
        return (self.interface.bounded(found[0]), found[1]) if state else self.interface.bounded(found)

    def raw(self, observations: Tensor, *state: Any) -> Any:
        """Return what `forward` returns, with outputs [N, A] that are not clipped."""
        found = self.module(normalised(observations, self.shift, self.scale), *state)
        return (found[0].flatten(1), found[1]) if state else found.flatten(1)

    def reset(self) -> None:
        """Begin an episode: forget what was seen."""
        self._state = None
        restore(self.module, self._kept)

    @torch.no_grad()
    def act(self, observation: Any) -> Any:
        """Return the action for one observation, both in the environment's own form."""
        own = first_weight(self.module)
        array = torch.from_numpy(self.interface.array(observation)).unsqueeze(0).to(own)
        return self.interface.chosen(self.step(array))[0]

    def step(self, observations: Tensor) -> Tensor:
        """Return the outputs [1, A] for the next observation of an episode, [1, *shape], not clipped."""
        start = getattr(self.module, "initial_state", None)
        if start is None:
            outputs: Tensor = self.raw(observations)
            return outputs
        outputs, self._state = self.raw(observations, start(1) if self._state is None else self._state)
        return outputs

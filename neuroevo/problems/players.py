"""Modules that play: examined before any episode, and returned as they were scored."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from neuroevo.execution.purity import close, names, side_effects
from neuroevo.execution.stepping import Stepping, Steps
from neuroevo.global_generators import restored
from neuroevo.interface import Interface, normalised
from neuroevo.module_state import copied, first_weight
from neuroevo.policy import Policy
from neuroevo.problems.recurrent import CELLS, LAYERS
from neuroevo.seeds import stream

PROBED = 3
"""Steps of the episodes in which a module is examined, and their number in company."""

log = logging.getLogger(__name__)


class Player(Policy):
    """A policy that computes its outputs as the evaluation of a population does, so that no bit differs.

    Args:
        module: See `Policy`.
        interface: See `Policy`.
        copies: Whether the evaluation copies the module for each episode.
    """

    def __init__(self, module: nn.Module, interface: Interface, *, copies: bool) -> None:
        super().__init__(module, interface)
        self.copies = copies
        self._steps: Steps | None = None

    def reset(self) -> None:
        """Begin an episode: forget what was seen."""
        super().reset()
        self._steps = None

    def step(self, observations: Tensor) -> Tensor:
        """Return the outputs [1, A] for the next observation of an episode, [1, *shape]."""
        if self.copies:
            return super().step(observations)
        if self._steps is None:
            own = {name: value.detach().unsqueeze(0) for name, value in self.module.named_parameters()}
            self._steps = Stepping(self.module).begin(own)
        return self._steps(normalised(observations, self.shift, self.scale), [0])


def examine(module: nn.Module, interface: Interface) -> Stepping:
    """Return how a module is run with the weights of many individuals.

    Raises:
        ValueError: It does not take the observations, its outputs are not as many as the actions need, it forgets its
            state, or its outputs depend on what else is evaluated.
    """
    _check_memory(module)
    generator = stream(0, "observations")
    like = first_weight(module)
    draws = torch.randn(PROBED, PROBED, *interface.shape, generator=generator).to(like)
    _check_outputs(module, interface, draws[0, :1])
    own = side_effects(module, lambda one: _played(one, draws[0]), company=lambda one: _played(one, draws[1]))
    if own:
        log.warning(
            "%s changes its %s when it runs, so that each episode is played by a copy of it, one after the other.",
            type(module).__name__,
            names(own),
        )
    stepping = Stepping(module, copies=bool(own))
    _check_company(stepping, draws, generator)
    return stepping


def _check_memory(module: nn.Module) -> None:
    """Refuse recurrent layers that are called without their state."""
    parts = dict(module.named_modules()) if type(module) is nn.Sequential else {"": module}
    for name, part in parts.items():
        if isinstance(part, (*CELLS, *LAYERS)):
            where = f"its layer {name}" if name else "it"
            raise ValueError(
                f"module must keep its state from step to step, but {where} is a {type(part).__name__}, which forgets "
                "it; put the layers into neuroevo.problems.Recurrent instead."
            )


def _check_outputs(module: nn.Module, interface: Interface, observation: Tensor) -> None:
    try:
        with torch.no_grad(), restored():
            outputs = _played(copied(module), observation)[0]
    except Exception as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        shape = ", ".join(map(str, ("N", *interface.shape)))
        raise ValueError(
            f"module must take observations [{shape}], but a {type(module).__name__} says: {reason}."
        ) from error
    if not isinstance(outputs, Tensor):
        raise ValueError(
            f"module must return a tensor [N, {interface.outputs}], but a {type(module).__name__} returns a "
            f"{type(outputs).__name__}; a module with a state needs a method initial_state."
        )
    if outputs.numel() != interface.outputs:
        raise ValueError(
            f"module must return {interface.outputs} outputs for actions in a {interface.actions['kind']} space, but a "
            f"{type(module).__name__} returns {outputs.numel()} for one observation."
        )


def _check_company(stepping: Stepping, draws: Tensor, generator: torch.Generator) -> None:
    """Refuse a module whose outputs for one individual depend on the others."""
    own = {name: value for name, value in stepping.module.named_parameters() if value.is_floating_point()}
    noise = {name: torch.randn(PROBED, *value.shape, generator=generator).to(value) for name, value in own.items()}
    several = {name: value.detach() + 0.1 * noise[name] for name, value in own.items()}
    together = _stepped(stepping, several, draws, range(PROBED))
    for row in range(PROBED):
        alone = _stepped(stepping, {key: value[row : row + 1] for key, value in several.items()}, draws[row:][:1], [0])
        if not close([one[row] for one in together], [one[0] for one in alone]):
            raise ValueError(
                f"module must give an individual the same outputs alone and in company, but a "
                f"{type(stepping.module).__name__} does not; keep what it remembers in attributes of the instance."
            )


def _stepped(stepping: Stepping, parameters: dict[str, Tensor], draws: Tensor, rows: Sequence[int]) -> list[Tensor]:
    steps = stepping.begin(parameters)
    return [steps(draws[:, place], rows).clone() for place in range(PROBED)]


def _played(module: Any, observations: Tensor) -> list[Any]:
    """Return a module's outputs for the observations of one episode."""
    if not callable(getattr(module, "initial_state", None)):
        return [module(one.unsqueeze(0)) for one in observations]
    state, found = module.initial_state(1), []
    for one in observations:
        outputs, state = module(one.unsqueeze(0), state)
        found.append(outputs)
    return found

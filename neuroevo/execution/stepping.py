"""One module step by step with the weights of many individuals, each with a state of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map

from neuroevo.execution.forward import UNSTACKABLE, Forward
from neuroevo.execution.memory import is_out_of_memory
from neuroevo.execution.unrolled import unrolled
from neuroevo.module_state import copied

Parameters = Mapping[str, Tensor]
Steps = Callable[[Tensor, Sequence[int]], Tensor]
"""Takes the next observations [R, *shape] of R rows, and which rows count, and returns outputs [R, A]."""

log = logging.getLogger(__name__)


class Stepping:
    """Runs a module with the weights of many individuals through episodes, step by step.

    A row is one episode of one individual. Its outputs depend on no other row, to the bit.

    - A module with `initial_state(count)` takes observations and a state, whose tensors are the state of every row, and
      returns outputs and the next state. It is stacked by `torch.func.vmap`, with recurrent layers in elementary
      operations, or else runs row after row.
    - A module that changes attributes or buffers of its own runs as one copy for each row.
    - Any other runs as in `Forward`.

    Args:
        module: In evaluation mode; it stays as it is.
        copies: Whether it has to be copied for each row.
    """

    def __init__(self, module: nn.Module, *, copies: bool = False) -> None:
        self.module = module
        self.copies = copies
        self.recurrent = callable(getattr(module, "initial_state", None))
        self.forward = Forward(module)
        self.caller = _Caller(unrolled(module))
        self.stacks = True

    def begin(self, parameters: Parameters, episodes: int = 1) -> Steps:
        """Return the first step of P * E episodes, E for each set of parameters [P, *shape]; steps follow by calls."""
        if not self.copies and not self.recurrent and self.forward.dense is not None:
            return _Rounds(self.forward, parameters, episodes)
        rows = parameters
        if episodes > 1:
            rows = {name: values.repeat_interleave(episodes, 0) for name, values in parameters.items()}
        if self.copies:
            return _Copies(self.module, rows)
        return _Recurrent(self, rows) if self.recurrent else _Rounds(self.forward, rows, 1)


class _Rounds:
    """Steps without a state; the episodes of an individual follow each other, for products of another size round so."""

    def __init__(self, forward: Forward, parameters: Parameters, episodes: int) -> None:
        self.forward, self.parameters, self.episodes = forward, parameters, episodes

    def __call__(self, observations: Tensor, rows: Sequence[int]) -> Tensor:
        if self.episodes == 1:
            return self.forward(self.parameters, observations.unsqueeze(1), shared=False).flatten(1)
        each = observations.unflatten(0, (-1, self.episodes))
        found = [self.forward(self.parameters, one.unsqueeze(1), shared=False).flatten(1) for one in each.unbind(1)]
        return torch.stack(found, 1).flatten(0, 1)


class _Copies:
    """Steps of one copy of the module for each row."""

    @torch.no_grad()
    def __init__(self, module: nn.Module, parameters: Parameters) -> None:
        count = len(next(iter(parameters.values())))
        self.players = [copied(module) for _ in range(count)]
        for row, player in enumerate(self.players):
            for name, values in parameters.items():
                player.get_parameter(name).data = values[row].clone()
        start = getattr(module, "initial_state", None)
        self.states = None if start is None else [cast(Any, player).initial_state(1) for player in self.players]
        self.outputs: Tensor | None = None

    @torch.no_grad()
    def __call__(self, observations: Tensor, rows: Sequence[int]) -> Tensor:
        for row in rows:
            outputs = self._one(row, observations[row : row + 1]).reshape(-1)
            if self.outputs is None:
                self.outputs = outputs.new_zeros(len(self.players), len(outputs))
            self.outputs[row] = outputs
        assert self.outputs is not None  # noqa: S101 - for type checkers: there are rows
        return self.outputs

    def _one(self, row: int, observation: Tensor) -> Tensor:
        if self.states is None:
            return cast(Tensor, self.players[row](observation))
        outputs, self.states[row] = self.players[row](observation, self.states[row])
        return cast(Tensor, outputs)


class _Recurrent:
    """Steps of a module that takes and returns its state."""

    def __init__(self, owner: Stepping, parameters: Parameters) -> None:
        self.owner = owner
        self.parameters = {f"module.{name}": values for name, values in parameters.items()}
        self.state = self._called("start")

    def __call__(self, observations: Tensor, rows: Sequence[int]) -> Tensor:
        outputs, self.state = self._called("step", observations.unsqueeze(1), self.state)
        return cast(Tensor, outputs).flatten(1)

    @torch.no_grad()
    def _called(self, what: str, *arguments: Any) -> Any:
        owner = self.owner

        def one(parameters: dict[str, Tensor], *arguments: Any) -> Any:
            return functional_call(owner.caller, parameters, (what, *arguments))

        if owner.stacks:
            try:
                return vmap(one)(self.parameters, *arguments)
            except UNSTACKABLE as error:
                if is_out_of_memory(error):
                    raise
                reason = str(error).partition("\n")[0]
                log.warning("%s runs one network after the other: %s", type(owner.module).__name__, reason)
                owner.stacks = False
        count = len(next(iter(self.parameters.values())))
        each = [tree_map(itemgetter(row), (self.parameters, *arguments)) for row in range(count)]
        found = [one(*row) for row in each]
        return tree_map(lambda *parts: torch.stack(parts), *found)


class _Caller(nn.Module):
    """Makes `initial_state` callable with other parameters, for it may depend on them."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, what: str, *arguments: Any) -> Any:
        """Return the initial state of one row, or a step."""
        if what == "start":
            return cast(Any, self.module).initial_state(1)
        return self.module(*arguments)

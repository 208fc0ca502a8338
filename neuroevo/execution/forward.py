"""Forward passes of one module with the weights of many individuals."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.func import vmap

from neuroevo.execution.activations import widest
from neuroevo.execution.dense import Dense
from neuroevo.execution.functional import Functional
from neuroevo.execution.memory import is_out_of_memory
from neuroevo.execution.tiled import Tiled
from neuroevo.execution.unrolled import unrolled
from neuroevo.module_state import copied

log = logging.getLogger(__name__)

# Errors of vmap for data-dependent control flow, for operators without a batched form, and for layers with a state.
UNSTACKABLE = (RuntimeError, NotImplementedError, ValueError, TypeError)


class Forward:
    """Runs a module on one batch of inputs for many sets of parameters.

    The structure of the module decides how, with the same numbers up to rounding in every case:

    - A chain of linear layers and activations is a chain of batched matrix products (see `Dense`).
    - A module with convolutions of images runs one set after the other on a CPU, in tiles of images (see `Tiled`).
    - Any other module is stacked by `torch.func.vmap` if possible, with recurrent layers in elementary operations.
    - Otherwise it runs one set after the other, and the log says why.
    - A module that changes attributes or buffers when it runs does so in a fresh copy for each set.

    The module is a copy in evaluation mode: batch norms use its statistics, dropout is off.

    Args:
        module: Any module.
        copies: Whether it changes itself when it runs.
    """

    def __init__(self, module: nn.Module, *, copies: bool = False) -> None:
        self.module = module
        self.copies = copies
        self.one = Functional(module)
        self.stacked = Functional(unrolled(module))
        self.stacks = True
        self.dense = Dense.of(module)
        self.tiled = Tiled.of(module)

    @torch.no_grad()
    def __call__(self, parameters: Mapping[str, Tensor], inputs: Tensor, *, shared: bool = True) -> Tensor:
        """Return the outputs [P, N, ...] for inputs [N, ...].

        Args:
            parameters: By name, [P, *shape]; for names left out, the module's own are used.
            inputs: One batch for all sets; one for each, [P, N, ...], if they are not shared.
            shared: Whether all sets get the same inputs.
        """
        if self.dense is not None and self.dense.takes(inputs, shared=shared):
            return self.dense(parameters, inputs, shared=shared)
        if not self.copies and self.tiled is not None and self.tiled.takes(inputs, shared=shared):
            return self.tiled(parameters, inputs, shared=shared)
        if self.stacks and not self.copies:
            try:
                return vmap(self.stacked, in_dims=(0, None if shared else 0))(dict(parameters), inputs)
            except UNSTACKABLE as error:
                if is_out_of_memory(error):
                    # This says nothing about the module; a loop would hide it.
                    raise
                log.warning("%s runs one network after the other: %s", type(self.module).__name__, _first_line(error))
                self.stacks = False
        count = len(next(iter(parameters.values())))
        each = [{name: values[row] for name, values in parameters.items()} for row in range(count)]
        batches = [inputs] * count if shared else list(inputs)
        return torch.stack([self.alone(one, batch) for one, batch in zip(each, batches, strict=True)])

    def alone(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs [N, ...] of one network, with gradients."""
        one = Functional(copied(self.module)) if self.copies else self.one
        return one(parameters, inputs)

    @torch.no_grad()
    def numbers(self, inputs: Tensor) -> int:
        """Return the size, in numbers, of the widest activation that is held for all networks at once.

        For modules that run in tiles it is the output, because other activations are held for one tile only. Inputs
        are [N, ...].
        """
        tiles = self.dense is not None or (self.tiled is not None and inputs.device.type == "cpu")
        module = copied(self.module) if self.copies else self.module
        return widest(module, [module] if tiles else list(module.modules()), inputs)

    def tile(self, inputs: Tensor) -> int | None:
        """Return how many networks run at a time on the same inputs [N, ...]; None if it is all of them.

        Processing that many at a time finds the outputs in the cache, and changes no bit of them.
        """
        return self.dense.tile(inputs) if self.dense is not None and self.dense.takes(inputs, shared=True) else None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

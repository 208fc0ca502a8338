"""Forward passes of a virtual population: one module, with the noise of many individuals on its parameters."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import vmap

from neuroevo.execution.activations import widest
from neuroevo.execution.attention import with_open_attention
from neuroevo.execution.forward import UNSTACKABLE
from neuroevo.execution.functional import Functional
from neuroevo.execution.low_rank_tensor import LowRank, NotVirtual
from neuroevo.execution.memory import is_out_of_memory
from neuroevo.execution.tiled import Tiled
from neuroevo.execution.unrolled import unrolled
from neuroevo.global_generators import restored
from neuroevo.low_rank import Factors
from neuroevo.module_state import copied

MOST_DENSE = 2**16
"""The greatest number of weights in a parameter that is no matrix of a layer, and has a copy for each individual."""

log = logging.getLogger(__name__)

Noise = Mapping[str, Factors | Tensor]


class Perturbed:
    """Runs a module on one batch of inputs for many noises on its parameters.

    All individuals share the products with the module's matrices (see `LowRank`); what is left of each are the factors
    of its noise and its vectors. The module runs under `torch.func.vmap`, or where that is not possible with one
    individual after the other, without a copy of its weights either way. Only a module with convolutions of images on a
    CPU gets the weights of one individual at a time, in each thread: grouped convolutions are several times slower
    there (see `Tiled`), and making a kernel takes little beside convolving with it.

    Attributes:
        dense: Names of matrices that the module uses in other ways than as a layer's, such as positions that are added;
            their noise must be dense.

    Args:
        module: The module, in evaluation mode.
        names: Its parameters that evolve.
        inputs: Some inputs, on which it is looked up how parameters are used.
        copies: Whether the module changes itself when it runs.

    Raises:
        ValueError: A large parameter is used in a way that low-rank noise does not allow; its layer is named.
    """

    def __init__(self, module: nn.Module, names: list[str], inputs: Tensor, *, copies: bool = False) -> None:
        self.module = with_open_attention(unrolled(module))
        self.copies = copies
        self.one = Functional(self.module)
        self.stacks = not copies
        self.tiled = None if copies else Tiled.of(module)
        self.dense = self._dense({name: module.get_parameter(name).detach() for name in names}, inputs)

    @torch.no_grad()
    def __call__(self, centre: Mapping[str, Tensor], noise: Noise, inputs: Tensor) -> Tensor:
        """Return the outputs [P, N, ...] for inputs [N, ...].

        Args:
            centre: The parameters that evolve.
            noise: What each individual adds to them: factors of matrices, [P, m, r] and [P, n, r], or dense,
                [P, *shape]; the same names.
            inputs: One batch for all.
        """
        if self._tiles(inputs):
            made = {name: cast(Tensor, _Made(centre[name], own)) for name, own in noise.items()}
            return cast(Tiled, self.tiled)(made, inputs, shared=True)
        if self.stacks:
            try:
                return vmap(partial(self._alone, centre), in_dims=(0, None))(dict(noise), inputs)
            except UNSTACKABLE as error:
                if is_out_of_memory(error):
                    raise
                reason = str(error).partition("\n")[0]
                log.warning("%s runs one individual after the other: %s", type(self.module).__name__, reason)
                self.stacks = False
        count = len(_first(next(iter(noise.values()))))
        each = [{name: _row(own, row) for name, own in noise.items()} for row in range(count)]
        return torch.stack([self._alone(centre, own, inputs) for own in each])

    def numbers(self, inputs: Tensor) -> int:
        """Return the size, in numbers, of the widest activation that each individual holds for inputs [N, ...]."""
        module = copied(self.module)
        return widest(module, [module] if self._tiles(inputs) else list(module.modules()), inputs)

    def _tiles(self, inputs: Tensor) -> bool:
        return self.tiled is not None and self.tiled.takes(inputs, shared=True)

    def _alone(self, centre: Mapping[str, Tensor], noise: Noise, inputs: Tensor) -> Tensor:
        one = Functional(copied(self.module)) if self.copies else self.one
        return one({name: _with(centre[name], own, name) for name, own in noise.items()}, inputs)

    @torch.no_grad()
    def _dense(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> frozenset[str]:
        """Return the names of matrices that need dense noise, found by running a copy of the module."""
        found: set[str] = set()
        while True:
            noise = {name: _none(own, dense=name in found) for name, own in parameters.items()}
            one = Functional(copied(self.module))
            try:
                with restored():
                    one({name: _with(parameters[name], own, name) for name, own in noise.items()}, inputs.clone())
            except NotVirtual as reason:
                if parameters[reason.name].numel() > MOST_DENSE:
                    raise ValueError(_refusal(self.module, reason)) from None
                found.add(reason.name)
            else:
                return frozenset(found)


class _Made:
    """A parameter of many individuals that is made for one of them when it is asked for.

    Args:
        parameter: The centre.
        noise: The noise of each individual.
    """

    def __init__(self, parameter: Tensor, noise: Factors | Tensor) -> None:
        self.parameter = parameter
        self.noise = noise

    def __len__(self) -> int:
        return len(_first(self.noise))

    def __getitem__(self, row: int) -> Tensor:
        own = _row(self.noise, row)
        whole = own.left @ own.right.mT if isinstance(own, Factors) else own
        return self.parameter + whole.reshape(self.parameter.shape).to(self.parameter.dtype)


def _with(parameter: Tensor, noise: Factors | Tensor, name: str) -> Tensor:
    """Return a parameter with noise, in its own dtype."""
    if isinstance(noise, Factors):
        return LowRank.of(parameter, Factors(*(factor.to(parameter.dtype) for factor in noise)), name)
    return parameter + noise.to(parameter.dtype)


def _none(parameter: Tensor, *, dense: bool) -> Factors | Tensor:
    """Return noise that changes nothing."""
    if dense or parameter.dim() < 2:
        return torch.zeros_like(parameter)
    return Factors(parameter.new_zeros(len(parameter), 1), parameter.new_zeros(parameter[0].numel(), 1))


def _first(noise: Factors | Tensor) -> Tensor:
    return noise.left if isinstance(noise, Factors) else noise


def _row(noise: Factors | Tensor, row: int) -> Factors | Tensor:
    return Factors(noise.left[row], noise.right[row]) if isinstance(noise, Factors) else noise[row]


def _refusal(module: nn.Module, reason: NotVirtual) -> str:
    path, _, own = reason.name.rpartition(".")
    layer = module.get_submodule(path)
    where = f"{path}, a {type(layer).__name__}," if path else f"the {type(layer).__name__} itself"
    return (
        f"module must use large weights in linear layers, convolutions, embeddings or products of matrices to be one "
        f"of a virtual population, but {where} uses its {own} in {reason.operation}; leave {reason.name} out with "
        "only=..., or choose a strategy that is not virtual."
    )

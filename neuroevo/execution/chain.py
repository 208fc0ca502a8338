"""Chains of layers, as `nn.Sequential` holds them, taken apart so that their parts can be computed differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

ELEMENTWISE: tuple[type[nn.Module], ...] = (
    nn.Identity,
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Sigmoid,
    nn.LogSigmoid,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Tanh,
    nn.Hardtanh,
    nn.Tanhshrink,
    nn.Softplus,
    nn.Softsign,
)
"""Elementwise layers."""

RISING: tuple[type[nn.Module], ...] = (nn.Identity, nn.ReLU, nn.ReLU6, nn.Sigmoid, nn.Tanh, nn.Hardtanh)
"""Elementwise layers that are non-decreasing, so that the greatest number stays the greatest."""


@dataclass(frozen=True)
class Layer:
    """One layer of a chain.

    Attributes:
        module: The layer.
        parameters: Its parameters, in its own order, with their names in the whole module.
    """

    module: nn.Module
    parameters: tuple[tuple[str, nn.Parameter], ...]


def given(parameters: Mapping[str, Tensor], name: str, own: nn.Parameter, count: int) -> Tensor:
    """Return a parameter [P, *shape]; the module's own, P times, if it was left out."""
    found = parameters.get(name)
    return own.detach().expand(count, *own.shape) if found is None else found


def layers_of(module: nn.Module, known: tuple[type[nn.Module], ...]) -> list[Layer] | None:
    """Return the layers of a module in the order of the calls; None if it is no chain of known ones.

    Args:
        module: A layer, or an `nn.Sequential`, possibly nested.
        known: Types of layers that may be part of it, besides `nn.Sequential`; subclasses are not allowed.
    """
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    found: list[Layer] = []
    for one in _flat(module):
        if one is None or type(one) not in known:
            return None
        found.append(Layer(one, tuple((names[id(own)], own) for own in one.parameters(recurse=False))))
    return found


def _flat(module: nn.Module) -> list[nn.Module | None]:
    """Return the layers in a sequence of sequences; None for one that does more than its class says."""
    if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
        return [None]
    if type(module) is nn.Sequential:
        return [layer for part in module for layer in _flat(part)]
    return [module]

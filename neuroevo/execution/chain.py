"""Chains of layers, as `nn.Sequential` holds them, taken apart so that their parts can be computed in another way."""

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
"""Layers that treat every number by itself."""

RISING: tuple[type[nn.Module], ...] = (nn.Identity, nn.ReLU, nn.ReLU6, nn.Sigmoid, nn.Tanh, nn.Hardtanh)
"""Those of them that never fall, so that the greatest number stays the greatest."""


@dataclass(frozen=True)
class Layer:
    """One layer and the names of its parameters, as the whole module's `named_parameters` has them.

    Attributes:
        module: The layer.
        names: The module-wide name of each of its parameters by its own name, such as `weight`.
    """

    module: nn.Module
    names: Mapping[str, str]

    def take(self, parameters: Mapping[str, Tensor], name: str) -> Tensor | None:
        """Return a parameter [P, *shape]; the layer's own, [1, *shape], if it was left out, and None if it has none."""
        own = getattr(self.module, name)
        if own is None:
            return None
        given = parameters.get(self.names[name])
        return own.detach().unsqueeze(0) if given is None else given


def layers_of(module: nn.Module, known: tuple[type[nn.Module], ...]) -> list[Layer] | None:
    """Return the layers of a module in the order that they are called in; None if it is no chain of known ones.

    Args:
        module: A layer, or an `nn.Sequential`, also one within another.
        known: Types of layers that may be part of it, besides `nn.Sequential`; no subclasses of them.
    """
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    found: list[Layer] = []
    for one in _flat(module):
        if one is None or type(one) not in known:
            return None
        found.append(Layer(one, {name: names[id(own)] for name, own in one.named_parameters(recurse=False)}))
    return found


def _flat(module: nn.Module) -> list[nn.Module | None]:
    """Return the layers in a sequence of sequences; None for one that does more than its class says."""
    if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
        return [None]
    if type(module) is nn.Sequential:
        return [layer for part in module for layer in _flat(part)]
    return [module]

"""Calls of a module with other parameters in place of its own, after which it is as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn
from torch.func import functional_call


class Functional:
    """Calls a module with other parameters, for one network or under `torch.func.vmap`.

    A parameter that stands in several places, of tied weights or of a layer under two names, is one parameter, and is
    replaced in all of its places. Each place is replaced once: `functional_call` by itself would replace a layer with
    two names twice, and leave the first replacement behind in the module.

    Args:
        module: Any module.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        names = {id(own): name for name, own in module.named_parameters()}
        self.places = [
            (place, names[id(own)])
            for prefix, part in module.named_modules()
            for place, own in part.named_parameters(prefix, recurse=False, remove_duplicate=False)
        ]

    def __call__(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs; for parameters left out, the module's own are used."""
        given = {place: parameters[name] for place, name in self.places if name in parameters}
        return cast(Tensor, functional_call(self.module, given, (inputs,), tie_weights=False))


def shares_parameters(module: nn.Module) -> bool:
    """Return whether a parameter stands in several places of a module."""
    return len(list(module.named_parameters())) < len(list(module.named_parameters(remove_duplicate=False)))

"""Parts of PyTorch without its compiler, which their decorators import at the first call: seconds of a start.

The decorator keeps these methods out of compiled graphs, and nothing here is called from one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import unwrap
from typing import Any

import torch
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class SGD(torch.optim.SGD):
    """Stochastic gradient descent; in all else PyTorch's."""

    add_param_group = unwrap(Optimizer.add_param_group)
    zero_grad = unwrap(Optimizer.zero_grad)
    step = torch.no_grad()(unwrap(torch.optim.SGD.step))


class AdamW(torch.optim.AdamW):
    """Adam with decoupled weight decay; in all else PyTorch's."""

    add_param_group = unwrap(Optimizer.add_param_group)
    zero_grad = unwrap(Optimizer.zero_grad)
    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))


class FlopCount(TorchDispatchMode):
    """Counts floating-point operations by PyTorch's formulas, as `FlopCounterMode` does.

    Attributes:
        total: The operations so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self,
        operation: Any,
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        keywords: Mapping[str, Any] | None = None,
    ) -> Any:
        del types
        given = keywords or {}
        result = operation(*arguments, **given)
        formula: Callable[..., int] | None = flop_registry.get(operation._overloadpacket)
        if formula is not None:
            self.total += formula(*arguments, **given, out_val=result)
        return result

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: PyTorch then leaves the method above as it is."""
        return False

"""Whether rows of a batch affect each other: only where they do not may a batch be divided, or several be merged."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

FEW = 4
"""Rows that show whether rows affect each other."""


@torch.no_grad()
def rows_are_independent(module: nn.Module, run: Callable[[Tensor], Tensor], rows: Tensor) -> bool:
    """Return whether outputs of some rows are the same without the others, but for rounding.

    Args:
        module: What runs; norms of batches without running statistics are known to mix rows.
        run: Takes rows [N, ...] and returns outputs [N, ...]; called with a few of them.
        rows: At least one.
    """
    if any(
        isinstance(part, nn.modules.batchnorm._BatchNorm) and part.running_mean is None for part in module.modules()
    ):
        return False
    few = rows[:FEW]
    some = (1 + len(few)) // 2
    together, alone = run(few)[:some], run(few[:some])
    return together.shape == alone.shape and torch.allclose(together, alone, rtol=1e-3, atol=1e-4, equal_nan=True)

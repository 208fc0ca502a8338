"""What happens when the memory does not suffice for a batch: it is divided, down to single items."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch

from neuroevo.individual import Failure

log = logging.getLogger(__name__)


def in_parts(
    function: Callable[[Sequence[Any]], list[Any]], items: Sequence[Any], *, size: int | None, divisible: bool = True
) -> list[Any]:
    """Call a function with parts of the items and return all results in their order.

    A part for which `torch.OutOfMemoryError` is raised is halved, and so are the parts after it; an item for which the
    memory does not suffice alone has a `Failure` for its result.

    Args:
        function: Called with a part of the items, returns a result for each; pure, for it may be called again.
        items: Items.
        size: Items in one part at most; None stands for all of them.
        divisible: Whether an item's result is the same in every part. If not, a part that does not fit fails as a
            whole.
    """
    results: list[Any] = []
    size = size or max(1, len(items))
    while len(results) < len(items):
        part = items[len(results) : len(results) + size]
        found = _attempt(function, part)
        if found is None and divisible and len(part) > 1:
            size = len(part) // 2
            log.warning("out of memory: going on with %d items at a time instead of %d", size, len(part))
            continue
        results += [Failure("there was not enough memory for it")] * len(part) if found is None else found
    return results


def _attempt(function: Callable[[Sequence[Any]], list[Any]], part: Sequence[Any]) -> list[Any] | None:
    """Return the results, or None if the memory did not suffice, which is free again by then."""
    try:
        return function(part)
    except torch.OutOfMemoryError:
        pass
    # Only here the frames of the call are gone, and what they held with them.
    if torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
    return None

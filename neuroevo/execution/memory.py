"""What happens when the memory does not suffice for a batch: it is divided, down to single items."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch

from neuroevo.individual import Failure

log = logging.getLogger(__name__)

NUMBERS = re.compile(
    r"(you t|T)ried to allocate [^.]*(\.\d[^.]*)?(\. GPU \d+ has .*? is free)?|training one .* are free on [\w:]+"
)
"""What the allocators of the CPU and of CUDA, and `in_chunks`, say about a request that they can't meet."""


def in_parts(
    function: Callable[[Sequence[Any]], list[Any]], items: Sequence[Any], *, size: int | None, divisible: bool = True
) -> list[Any]:
    """Call a function with parts of the items and return all results in their order.

    A part for which there is not enough memory is halved, and so are the parts after it; an item for which the
    memory does not suffice alone has a `Failure` for its result, which says how much was asked for.

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
        found, told = _attempt(function, part)
        if found is None and divisible and len(part) > 1:
            size = len(part) // 2
            log.warning("out of memory: going on with %d items at a time instead of %d", size, len(part))
            continue
        results += [Failure(_reason(told))] * len(part) if found is None else found
    return results


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that there was not enough memory, of a device or of the host."""
    # The allocator of the CPU has no error of its own.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )


def _attempt(function: Callable[[Sequence[Any]], list[Any]], part: Sequence[Any]) -> tuple[list[Any] | None, str]:
    """Return the results, or None if the memory did not suffice, which is free again by then, and what was told."""
    try:
        return function(part), ""
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        told = str(error)
    # Only here the frames of the call are gone, and what they held with them.
    if torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
    return None, told


def _reason(told: str) -> str:
    """Return a failure's reason with the numbers of the allocator's message."""
    asked = NUMBERS.search(told)
    return "there was not enough memory for it" + (f": {asked[0]}" if asked else "")

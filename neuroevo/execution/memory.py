"""Items that take a whole batch with them, for want of memory or by asking the process to end.

The batch is divided, down to single items.
"""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch

from neuroevo.individual import Failure

log = logging.getLogger(__name__)

LONGEST = 200
"""Characters of an exception's message that a reason repeats."""

NUMBERS = re.compile(
    r"(you t|T)ried to allocate [^.]*(\.\d[^.]*)?(\. GPU \d+ has .*? is free)?|training one .* are free on [\w:]+"
)
"""The part of an out-of-memory message, of the CPU's and CUDA's allocators and of `in_chunks`, that has the numbers."""


def in_parts(
    function: Callable[[Sequence[Any]], list[Any]], items: Sequence[Any], *, size: int | None, divisible: bool = True
) -> list[Any]:
    """Call a function with parts of the items and return all results in their order.

    A part that runs out of memory is halved, and so are the parts after it; the result of an item that runs out of
    memory on its own is a `Failure` that says how much was requested. So it is with one that asks the process to end
    (`sys.exit`), or raises a group of exceptions.

    Args:
        function: Called with a part of the items, returns a result for each; pure, because it may be called again.
        items: Items.
        size: Largest number of items in one part; None stands for all of them.
        divisible: Whether an item's result is the same in every part. If not, a part that does not fit fails as a
            whole.
    """
    results: list[Any] = []
    size = size or max(1, len(items))
    while len(results) < len(items):
        part = items[len(results) : len(results) + size]
        found, reason = _attempt(function, part)
        if found is None and divisible and len(part) > 1:
            size = len(part) // 2
            log.warning("%s: going on with %d items at a time instead of %d", reason, size, len(part))
            continue
        results += [Failure(reason)] * len(part) if found is None else found
    return results


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that a device or the host ran out of memory."""
    # The CPU's allocator has no error class of its own.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )


def ending(error: BaseException) -> str:
    """Return why an item has no result, as its `Failure` says it."""
    words = " ".join(str(error).split())[:LONGEST]
    return f"its evaluation raised {type(error).__name__}" + (f": {words}" if words else "")


def _attempt(function: Callable[[Sequence[Any]], list[Any]], part: Sequence[Any]) -> tuple[list[Any] | None, str]:
    """Return the results and "", or None, with the memory freed again, and the reason."""
    try:
        return function(part), ""
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        reason = _reason(str(error))
    except (SystemExit, BaseExceptionGroup) as error:
        # A KeyboardInterrupt in this process is the user's wish.
        if isinstance(error, BaseExceptionGroup) and error.subgroup(KeyboardInterrupt) is not None:
            raise
        reason = ending(error)
    # Only here are the frames of the call gone, with everything that they held.
    if torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
    return None, reason


def _reason(message: str) -> str:
    """Return a failure's reason with the numbers of the allocator's message."""
    asked = NUMBERS.search(message)
    return "there was not enough memory for it" + (f": {asked[0]}" if asked else "")

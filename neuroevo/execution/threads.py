"""How many threads torch uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def some_threads(count: int | None) -> Iterator[None]:
    """Let torch use `count` threads within the context; None leaves the number as it is."""
    threads = torch.get_num_threads()
    torch.set_num_threads(count or threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread within the context: with small networks, synchronising takes longer than computing.

    The number of threads changes the last bits of sums, so this also makes results independent of it.
    """
    with some_threads(1):
        yield

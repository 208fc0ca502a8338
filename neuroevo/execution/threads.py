"""How many threads torch uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def some_threads(count: int | None) -> Iterator[None]:
    """Let torch use so many threads meanwhile; None leaves it as it is."""
    threads = torch.get_num_threads()
    torch.set_num_threads(count or threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread meanwhile: for small networks waiting for others takes longer than working.

    The number of threads changes the last bits of sums, so that results depend on it no more, either.
    """
    with some_threads(1):
        yield

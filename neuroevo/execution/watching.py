"""Who hears of updates while networks are trained in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Heard = Callable[[int], object]

_WATCHERS: list[Heard] = []


@contextmanager
def watching(heard: Heard) -> Iterator[None]:
    """Call a function after each update of training runs inside the context, on whatever thread they run.

    Training runs of other processes are not heard of.

    Args:
        heard: Takes the number of networks that were updated. What it does changes no result.
    """
    _WATCHERS.append(heard)
    try:
        yield
    finally:
        _WATCHERS.remove(heard)


def updated(networks: int) -> None:
    """Tell those who watch that networks were updated."""
    for heard in _WATCHERS:
        heard(networks)

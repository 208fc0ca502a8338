"""Streams: items are processed as they are submitted and returned as they finish, with no barrier between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from neuroevo.execution.mapping import batched_map, unwrap


class Stream(Protocol):
    """Takes items and returns their results, in the order in which they finish."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Submit an item, and return its number."""

    def next(self) -> tuple[int, Any]:
        """Wait for an item to finish, and return its number and its result."""

    def close(self) -> None:
        """Forget all items."""


class OneByOne:
    """Processes items in this process, in the order of submission, when a result is requested."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Callable[..., Any], tuple[Any, ...]]] = deque()
        self._count = 0

    def submit(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Append an item to the queue, and return its number."""
        self._waiting.append((self._count, function, arguments))
        self._count += 1
        return self._count - 1

    def next(self) -> tuple[int, Any]:
        """Process the first item of the queue, and return its number and its result."""
        number, function, arguments = self._waiting.popleft()
        (result,) = batched_map(function, *([argument] for argument in arguments))
        return number, result

    def close(self) -> None:
        """Forget all items."""
        self._waiting.clear()


def stream_of(map_: Callable[..., Iterable[Any]]) -> Stream:
    """Return a stream over the workers of a map that has some (`WorkerMap`), else one in this process."""
    stream: Callable[[], Stream] = getattr(unwrap(map_)[0], "stream", OneByOne)
    return stream()

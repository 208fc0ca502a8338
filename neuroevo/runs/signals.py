"""Signals that stop a run: the first one at the next safe point, the second one at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """A signal stopped the run; what it finished is on the disk.

    Attributes:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


class StopSignal:
    """Says at safe points whether a signal has come.

    Attributes:
        number: The signal; None as long as none has come.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def __bool__(self) -> bool:
        return self.number is not None

    def check(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self.number is not None:
            raise Interrupted(self.number)


@contextmanager
def stop_at_safe_points(
    stop: StopSignal, *, tell: Callable[[str], object], before_exit: Callable[[int], object] = lambda number: None
) -> Iterator[None]:
    """Catch SIGINT and SIGTERM inside the context, and put back the handlers that there were.

    The first signal is only noted: the run checks for it at safe points. The second one ends the process at once, with
    the exit code 128 + its number; files that are written atomically stay whole.

    Args:
        stop: Where the first signal is noted.
        tell: Called with a sentence when the first signal comes.
        before_exit: Called with the second signal when it comes; the process ends whatever it does.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.number is None:
            stop.number = number
            tell("Stopping after this generation; the same signal again stops at once.")
            return
        try:
            before_exit(number)
        finally:
            os._exit(128 + number)

    with _handled(handle):
        yield


@contextmanager
def stop_at_once(before_exit: Callable[[int], object]) -> Iterator[None]:
    """Catch SIGINT and SIGTERM inside the context, of which the first ends the process with 128 + its number.

    Args:
        before_exit: Called with the signal when it comes; the process ends whatever it does.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        try:
            before_exit(number)
        finally:
            os._exit(128 + number)

    with _handled(handle):
        yield


@contextmanager
def _handled(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = {number: signal.signal(number, handle) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)

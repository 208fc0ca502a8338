"""One process at a time in a folder: a lock that the system lets go of when its process dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RunLocked(RuntimeError):
    """A run directory is in use by another process."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder that exists.

    Raises:
        RunLocked: another process holds it, or this one does already.
    """
    if os.name != "posix":  # Windows cannot open a folder as a file
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        lock(handle, folder)
        yield
    finally:
        os.close(handle)


def lock(handle: int, folder: Path) -> None:
    """Hold the open file `handle`, which stands for a folder, until it is closed.

    Raises:
        RunLocked: another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunLocked(f"{folder} is in use by another process; wait for it or choose another folder.") from None

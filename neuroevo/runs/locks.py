"""One process at a time in a folder: a lock that the system releases when its process dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOOP_LOCK = ".evolve.lock"
RUN_LOCK = ".run.lock"
LOCK_FILES = frozenset({LOOP_LOCK, RUN_LOCK})
"""The loop locks a folder that its own process may hold as a run directory already, so each has a file of its own."""


class RunLocked(RuntimeError):
    """A run directory is in use by another process."""


@contextmanager
def locked(folder: Path, name: str = LOOP_LOCK) -> Iterator[None]:
    """Hold a folder that exists; the lock file is removed at the end.

    A lock file that a killed process left behind locks nothing.

    Args:
        folder: The folder.
        name: The lock file, one of `LOCK_FILES`; locks of different names do not exclude each other.

    Raises:
        RunLocked: Another process holds it, or this one does already.
        OSError: The lock file can't be written; the message names it.
    """
    path = folder / name
    lock = FileLock(path, timeout=0, thread_local=False)  # a generator may be closed by another thread
    try:
        lock.acquire()
    except Timeout:
        raise RunLocked(f"{folder} is in use by another process; wait for it or choose another folder.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno, f"could not lock the folder ({reason})", str(path)) from error
    try:
        yield
    finally:
        # Removed while it is held, for afterwards it may be another process's; not held in a fork. On Windows the
        # library does it, as open files can't be removed there.
        if os.name == "posix" and lock.is_locked:
            path.unlink(missing_ok=True)
        lock.release()


def entries(folder: Path) -> list[Path]:
    """Return what is in a folder, but for lock files; nothing if there is no such folder."""
    return [path for path in folder.iterdir() if path.name not in LOCK_FILES] if folder.exists() else []

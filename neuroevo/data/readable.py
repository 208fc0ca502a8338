"""Why a file of a data set can't be read, in a sentence for each cause."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in a sentence why the operating system does not open or read a file or a folder inside the context.

    Errors without a number come from decoders, which complain of a file's content, and pass unchanged.

    Raises:
        OSError: Of the kind that it was, with the cause and what to do.
        MemoryError: The memory is not enough for its content.
    """
    try:
        yield
    except MemoryError as error:
        if str(path) in str(error):
            raise
        raise MemoryError(
            f"{path} must fit into memory, but there is not enough; free some, or get it again."
        ) from error
    except OSError as error:
        if error.errno is None:
            raise
        raise type(error)(_sentence(path, error)) from error


def is_listed(path: Path) -> bool:
    """Return whether a folder lists something by this name, even if it can't be read, such as a link to nothing.

    Raises:
        OSError: The folder may not be searched.
    """
    with reading(path):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def check_file(path: Path) -> None:
    """Check that something can be read from a file.

    Raises:
        OSError: There is no such file, its link leads nowhere, or it is a folder, a pipe or a device.
        ValueError: It is empty.
    """
    with reading(path):
        found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"{path} must be a file, but it is a folder; rename it or move it elsewhere.")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} must be a regular file, but it is a pipe, a socket or a device; remove it.")
    if not found.st_size:
        raise ValueError(f"{path} must have content, but it is empty; get it again or remove it.")


def _sentence(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        target = os.fspath(path.readlink())
        return f"{path} must lead to a file, but it is a link to {target}, which is not there; restore or remove it."
    if isinstance(error, FileNotFoundError):
        return f"{path} must be there, but it is not; restore it."
    if isinstance(error, PermissionError):
        return f"{path} must be readable, but the permission is denied; allow this user to read it and its folders."
    return f"{path} can't be read ({error.strerror}); check the file system that holds it."

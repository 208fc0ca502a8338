"""Files that are either old or new, never partial: atomic writes, digests and canonical JSON."""

import hashlib
import json
import os
import secrets
import stat
from pathlib import Path


class CheckpointError(ValueError):
    """A stored file is damaged, incomplete or of another schema; the message is one sentence."""


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace the file at `path` by one that holds `data`, or leave it as it was.

    The bytes go to a temporary file in the same folder, reach the disk, and take the file's name
    in one step; then the folder itself reaches the disk.

    Args:
        path: file to write; its folder must exist.
        data: the whole content.

    Raises:
        FileExistsError: something else than a plain file is there, which would be lost.
        OSError: the content could not be written; the message names the path and the bytes.
    """
    target = Path(path)
    refuse_unless_plain(target)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            _write_through(temporary, data)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise write_failure(error, target, len(data)) from error


def refuse_unless_plain(path: Path) -> None:
    """Raise FileExistsError if there is something at a path that is no plain file: a link, a folder, a device, a pipe.

    Writing would lose it, or would go through a link to a file that belongs to something else.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISREG(mode):
        what = next((words for is_so, words in _KINDS if is_so(mode)), "no plain file")
        raise FileExistsError(f"{path} must be a new or a plain file, but it is {what}; choose another path.")


_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "a device"),
)


def read_plain(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file, which is no device or pipe: these may never end.

    Raises:
        CheckpointError: It is one.
        OSError: The file can't be read.
    """
    target = Path(path)
    if target.exists() and not target.is_file():
        raise CheckpointError(f"{target} must be a file, but it is none.")
    return target.read_bytes()


def write_failure(error: OSError, path: Path, size: int) -> OSError:
    """The error to raise when `size` bytes did not reach `path`, of the same kind as `error`."""
    reason = error.strerror or str(error)
    return OSError(error.errno, f"could not write {size} bytes ({reason})", str(path))


def sha256(data: bytes) -> str:
    """The SHA-256 digest of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def to_json(value: object) -> str:
    """`value` as compact JSON with sorted keys: equal values give equal text.

    Raises:
        ValueError: a number is not finite, which JSON cannot hold.
        TypeError: something is not a JSON value.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder as a file
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

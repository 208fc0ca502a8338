"""Append-only results of a run: one JSON object per line, the truth that reports are made from."""

import codecs
import hashlib
import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from neuroevo.files import CheckpointError, refuse_unless_plain, to_json, write_failure


class Records:
    """Appends records to a file of JSON lines; each is written to the file at once.

    A last line that a killed process left unfinished is cut off when the file is opened.

    Args:
        path: file to append to; it is created if it does not exist.

    Raises:
        FileExistsError: something else than a plain file is there.
        OSError: the file cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        refuse_unless_plain(self.path)
        data = self.path.read_bytes() if self.path.exists() else b""
        self._size = _complete(data)
        self._count, self._digest = data.count(b"\n"), hashlib.sha256(data[: self._size])
        self._file = self.path.open("ab", buffering=0)
        self._file.truncate(self._size)

    def append(self, record: Mapping[str, object]) -> None:
        """Write one record as one line with sorted keys; numbers that are not finite become null.

        Raises:
            TypeError: the record holds something that is not a JSON value.
            OSError: the line could not be written; the file then ends with the line before.
        """
        line = line_of(record)
        try:
            _write_all(self._file.fileno(), line)
        except OSError as error:
            with suppress(OSError):  # a disk that took no line may take no other change: the line is torn then
                self._file.truncate(self._size)
            raise write_failure(error, self.path, len(line)) from error
        self._size += len(line)
        self._count += 1
        self._digest.update(line)

    @property
    def seal(self) -> tuple[int, str]:
        """The number of lines in the file and their SHA-256."""
        return self._count, self._digest.hexdigest()

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def line_of(record: Mapping[str, object]) -> bytes:
    """Return the line of a record; that of the record that is read from it is the same.

    Raises:
        TypeError: The record holds something that is not a JSON value.
    """
    return (to_json(_finite(record)) + "\n").encode()


def read_records(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The records of a file, without a last line that was never finished.

    Raises:
        CheckpointError: a line is no JSON object; the message names the file and the line.
        OSError: the file cannot be read.
    """
    return [_record(line, path, number) for number, line in enumerate(_lines(path), start=1)]


def salvage_records(path: str | os.PathLike[str], *, torn: bool = False) -> tuple[list[dict[str, object]], list[str]]:
    """The records of a file that can be read, and a sentence for each line that can't.

    Args:
        path: the file.
        torn: whether a last line without its end is read, too.

    Raises:
        OSError: the file cannot be read.
    """
    records: list[dict[str, object]] = []
    problems: list[str] = []
    for number, line in enumerate(_lines(path, torn=torn), start=1):
        try:
            records.append(_record(line, path, number))
        except CheckpointError:
            problems.append(f"Line {number} of {os.fspath(path)} is damaged and left out.")
    return records, problems


def _lines(path: str | os.PathLike[str], *, torn: bool = False) -> list[bytes]:
    data = Path(path).read_bytes().removeprefix(codecs.BOM_UTF8)  # which some editors write
    *lines, last = data.split(b"\n")
    return [*lines, last] if torn and last else lines


def _record(line: bytes, path: str | os.PathLike[str], number: int) -> dict[str, object]:
    try:
        record = json.loads(line.decode(), parse_constant=_refuse, parse_float=_number)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise CheckpointError(
            f"Line {number} of {os.fspath(path)} must be a JSON object, but it is damaged; "
            "remove the line or restore the file."
        )
    return record


def _complete(data: bytes) -> int:
    return data.rfind(b"\n") + 1


def _write_all(handle: int, data: bytes) -> None:
    while data:  # a disk that is nearly full takes only a part
        data = data[os.write(handle, data) :]


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_key(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _key(key: object) -> object:
    """Return a key as JSON has it, so that it is sorted in the same way when it is read back."""
    return json.dumps(key) if key is None or isinstance(key, int | float) else key


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is not finite")
    return number


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")

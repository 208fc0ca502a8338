"""Digests of records: what was changed after it was written is not continued as if it had not been.

A checkpoint seals the records before it, `run.json` the parts of a comparison (`neuroevo.runs.parts`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neuroevo.files import CheckpointError, write_atomically
from neuroevo.runs.records import line_of, read_records, salvage_records


class Seal(NamedTuple):
    """Says what records were.

    Attributes:
        records: Their number.
        sha256: The digest of their lines.
    """

    records: int
    sha256: str

    @classmethod
    def of(cls, records: Iterable[Mapping[str, object]]) -> Seal:
        """Return the seal of records."""
        lines = [line_of(record) for record in records]
        return cls(len(lines), hashlib.sha256(b"".join(lines)).hexdigest())


def rewind_records(path: Path, generations: int, seal: Seal | None, older: Iterable[tuple[int, Seal]] = ()) -> None:
    """Cut a file of records to those of the first generations, which must be as they were written.

    What editors do to files is undone: a byte-order mark, other ends of lines, doubled lines, a last line without its
    end.

    Args:
        path: The file.
        generations: How many generations are kept.
        seal: What their records were; None if that is not known.
        older: Numbers of generations of other checkpoints, and what the records were then.

    Raises:
        CheckpointError: The records are others; one sentence that says what can be done.
        OSError: The file can't be read or written.
    """
    found: Sequence[Mapping[str, Any]] = []
    if path.exists() and generations:
        found = read_records(path) if seal is None else without_doubles(salvage_records(path, torn=True)[0])
    kept = [record for record in found if _number(record) < generations]
    if seal is not None and Seal.of(kept) != seal:
        raise CheckpointError(_unlike(path, kept, seal, older))
    write_records(path, kept)


def write_records(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    """Replace a file of records by these.

    Raises:
        OSError: It can't be written.
    """
    write_atomically(path, b"".join(map(line_of, records)))


def without_doubles(records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the records without those that are equal to an earlier one."""
    found: dict[bytes, Mapping[str, Any]] = {}
    for record in records:
        found.setdefault(line_of(record), record)
    return [*found.values()]


def _number(record: Mapping[str, object]) -> int:
    number = record.get("generation")
    return number if isinstance(number, int) else 0


def _unlike(path: Path, records: Sequence[Mapping[str, object]], seal: Seal, older: Iterable[tuple[int, Seal]]) -> str:
    """Return a sentence about records that are not those of the checkpoint."""
    there = "it does not exist" if not path.exists() else f"{len(records)} can be read"
    what = "one of them was changed" if len(records) == seal.records else there
    fitting = [number for number, before in older if Seal.of(records[: before.records]) == before]
    remedy = (
        f"remove the checkpoints after generation {max(fitting)} to resume from there"
        if fitting
        else "remove the folder's checkpoints to begin the run again"
    )
    return (
        f"{path} must hold the {seal.records} records before the checkpoint as they were written, but {what}; restore "
        f"the file, or {remedy}."
    )

"""The finished parts of a comparison: cells or searches, whose records are sealed one by one in `run.json`.

A part whose records were changed or lost after they were written is run again, to the same result.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import salvage_records
from neuroevo.runs.seals import Seal, without_doubles, write_records

log = logging.getLogger(__name__)

SEALED = "sealed"
"""The fact in `run.json` that holds the digest of each finished part."""

NAMES = ("problem", "strategy", "seed")
"""The keys by which records belong to a part, as far as they have them."""


def kept_records(directory: RunDirectory) -> list[Mapping[str, Any]]:
    """Return the records of all parts that are as they were written, and log which others are run again.

    What editors do to files, such as a byte-order mark or doubled lines, changes no record. Runs of versions that
    sealed nothing are taken as they are.

    Raises:
        OSError: The file of records can't be read.
    """
    path = directory.records
    records = without_doubles(salvage_records(path)[0] if path.exists() else [])
    sealed = directory.facts.get(SEALED)
    if not isinstance(sealed, Mapping):
        return records
    found = _seals(records)
    for name in sealed:
        if found.get(name) != sealed[name]:
            log.warning("the records of %s in %s were changed or lost: it is run again", name or "the run", path)
    return [record for record in records if sealed.get(name := _part(record)) == found[name]]


def keep(directory: RunDirectory, records: Sequence[Mapping[str, Any]]) -> None:
    """Make these the records of a run directory, and seal them.

    Raises:
        OSError: A file can't be written.
    """
    write_records(directory.records, records)
    directory.note({SEALED: _seals(records)})


def seal(directory: RunDirectory, records: Iterable[Mapping[str, Any]]) -> None:
    """Note that parts are finished, all of whose records are in the file now.

    Raises:
        OSError: `run.json` can't be written.
    """
    sealed = directory.facts.get(SEALED)
    directory.note({SEALED: {**(sealed if isinstance(sealed, Mapping) else {}), **_seals(records)}})


def arrange(directory: RunDirectory, parts: Sequence[Sequence[object]]) -> None:
    """Bring the records of parts into their order, which is another where one was run again.

    Args:
        directory: The run directory, whose parts are all finished.
        parts: The values of `NAMES` of each part, as far as its records have them, in order.

    Raises:
        OSError: The records can't be read or written.
    """
    places = {" ".join(map(str, names)): place for place, names in enumerate(parts)}
    records = kept_records(directory)
    arranged = sorted(records, key=lambda record: places.get(_part(record), len(places)))
    if arranged != records:
        keep(directory, arranged)


def _seals(records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        parts.setdefault(_part(record), []).append(record)
    return {name: Seal.of(part).sha256 for name, part in parts.items()}


def _part(record: Mapping[str, Any]) -> str:
    return " ".join(str(record[key]) for key in NAMES if key in record)

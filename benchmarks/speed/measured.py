"""What a suite measured, as records (a head that says what holds for all, then its rows)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def to_records(suite: str, head: Mapping[str, object], rows: Sequence[DataclassInstance]) -> list[dict[str, object]]:
    """Return the records of a suite; the head says how many rows follow.

    Args:
        suite: Its name, from which the kinds of the records follow.
        head: What holds for all rows.
        rows: What was measured.
    """
    return [
        {"kind": suite, **head, "row_count": len(rows)},
        *({"kind": f"{suite}_row", **asdict(row)} for row in rows),
    ]


def of_records(suite: str, found: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """Return the head and the rows that records hold; None if they are not complete."""
    heads, rows = (_of_kind(kind, found) for kind in (suite, f"{suite}_row"))
    if len(heads) != 1 or heads[0].pop("row_count", None) != len(rows):
        return None
    return heads[0], rows


def _of_kind(kind: str, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "kind"} for one in found if one.get("kind") == kind]

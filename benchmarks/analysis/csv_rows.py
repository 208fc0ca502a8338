"""Rows as comma-separated values, in which no text is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from neuroevo.plain_text import cell

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def rows_to_csv(kind: type[DataclassInstance], rows: Sequence[DataclassInstance]) -> str:
    """Return rows of one kind as comma-separated values with a header."""
    return lines_to_csv([field.name for field in fields(kind)], (asdict(row) for row in rows))


def lines_to_csv(columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    """Return lines as comma-separated values with a header; texts are written as `neuroevo.plain_text.cell` says."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(line.get(column, "")) for column in columns] for line in lines)
    return text.getvalue()

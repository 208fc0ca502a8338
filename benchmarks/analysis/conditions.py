"""Conditions: in what the descendants of a comparison differ beside what they inherit.

A suite raises the heirs of one ancestor in several conditions: with more or fewer images, updates or channels, as other
architectures, on other data. The records of descendants tell theirs, and strategies are compared within each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Record = Mapping[str, Any]

HEADINGS = {"dataset": "data set", "backbone": "heir", "shots": "images per class", "updates": "updates"}
"""What the fields of a condition are called."""


class Told(Protocol):
    """What tells its condition: a condition, or a row."""

    @property
    def dataset(self) -> str:
        """The data set that descendants learn."""

    @property
    def backbone(self) -> str:
        """Their architecture, with its width where that is not the run's."""

    @property
    def shots(self) -> int:
        """Training images per class."""

    @property
    def updates(self) -> int:
        """How many updates they are trained for."""


class Condition(NamedTuple):
    """What descendants have in common (see `Told`)."""

    dataset: str
    backbone: str
    shots: int
    updates: int

    @classmethod
    def of(cls, record: Record, *, dataset: str, backbone: str, shots: int) -> Condition:
        """Return the condition of a descendant's record; what the record does not tell is the run's."""
        return cls(
            record.get("dataset", dataset),
            record.get("backbone", backbone),
            record.get("shots", shots),
            record["updates"][-1],
        )


def by_condition(
    records: Iterable[Record], *, dataset: str, backbone: str, shots: int
) -> dict[Condition, list[Record]]:
    """Return the records of descendants by their condition, in the order in which conditions appear.

    Args:
        records: Of any kind.
        dataset: The run's own data set.
        backbone: The run's own backbone.
        shots: The run's own images per class.
    """
    found: dict[Condition, list[Record]] = {}
    for record in records:
        if record["kind"] == "descendant":
            condition = Condition.of(record, dataset=dataset, backbone=backbone, shots=shots)
            found.setdefault(condition, []).append(record)
    return found


def varying(told: Iterable[Told]) -> tuple[str, ...]:
    """Return the fields in which these differ."""
    every = list(told)
    return tuple(field for field in HEADINGS if len({getattr(one, field) for one in every}) > 1)


def in_words(told: Told, fields: Sequence[str]) -> str:
    """Return these fields of a condition in words; nothing for none."""
    words = {
        "dataset": f"on {told.dataset}",
        "backbone": f"heir {told.backbone}",
        "shots": f"{told.shots} image{'' if told.shots == 1 else 's'} per class",
        "updates": f"{told.updates} update{'' if told.updates == 1 else 's'}",
    }
    return ", ".join(words[field] for field in fields)

"""Conditions: the experimental factors, other than inheritance, that vary between descendants.

A suite trains the heirs of one ancestor under several conditions: with more or fewer images, updates or channels, as
other architectures, on other data, or whatever else a comparison varies. A condition is a mapping from factors to
values; the record of each descendant holds it, and strategies are compared within each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from neuroevo.files import to_json

Record = Mapping[str, Any]
Value = str | int | float | bool
Factors = Mapping[str, Value]

FIRST = ("dataset", "backbone", "shots")
"""Factors that every comparison of this library has, in the order of their columns."""
UPDATES = "updates"
"""The number of updates; a column of its own only where it varies."""

_PHRASES: Mapping[str, Callable[[Value], str]] = {
    "dataset": lambda value: f"on {value}",
    "backbone": lambda value: f"heir {value}",
    "shots": lambda value: f"{value} image{'' if value == 1 else 's'} per class",
    UPDATES: lambda value: f"{value} update{'' if value == 1 else 's'}",
}


class Group(NamedTuple):
    """The descendants of one condition.

    Attributes:
        condition: Its factors.
        records: Their records.
    """

    condition: Factors
    records: list[Record]


def is_value(value: object) -> bool:
    """Return whether a factor can have this value: a text, a finite number, or true or false."""
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def key_of(condition: Factors) -> str:
    """Return a text that is the same for equal conditions only; unlike mappings it keeps 1, 1.0 and True apart."""
    return to_json(dict(condition))


def by_condition(records: Iterable[Record]) -> list[Group]:
    """Return the records of descendants by condition, in the order in which conditions appear; others are left out."""
    found: dict[str, Group] = {}
    for record in records:
        if record["kind"] == "descendant":
            condition = record["condition"]
            found.setdefault(key_of(condition), Group(condition, [])).records.append(record)
    return list(found.values())


def factors_of(conditions: Iterable[Factors]) -> tuple[str, ...]:
    """Return the names of all factors: those that every comparison has first, updates, then others by name."""
    names = {name for condition in conditions for name in condition}
    known = [name for name in (*FIRST, UPDATES) if name in names]
    return (*known, *sorted(names - {*known}))


def further_factors(conditions: Iterable[Factors]) -> tuple[str, ...]:
    """Return the names of the factors that not every comparison has."""
    return tuple(name for name in factors_of(conditions) if name not in (*FIRST, UPDATES))


def varying(conditions: Iterable[Factors]) -> tuple[str, ...]:
    """Return the names of the factors in which these conditions differ."""
    every = list(conditions)
    return tuple(name for name in factors_of(every) if len({key_of({name: one.get(name, "")}) for one in every}) > 1)


def describe(condition: Factors, names: Sequence[str]) -> str:
    """Return some factors of a condition as a phrase, such as `1 image per class, 3 updates`; nothing for none."""
    return ", ".join(_phrase(name, condition[name]) for name in names if name in condition)


def phrases(conditions: Sequence[Factors]) -> list[str]:
    """Return each condition as a phrase that no other one has: the factors in which they differ.

    Where each differs from the first in one factor only, that is all that is said of it.
    """
    names = varying(conditions)
    changed = [
        [name for name in names if key_of({name: one.get(name, "")}) != key_of({name: conditions[0].get(name, "")})]
        for one in conditions[1:]
    ]
    if len(names) > 1 and all(len(one) == 1 for one in changed):
        return [describe(conditions[0], names), *map(describe, conditions[1:], changed)]
    return [describe(one, names) for one in conditions]


def format_value(value: Value) -> str:
    """Return a factor's value as text, true and false as yes and no."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def format_name(name: str) -> str:
    """Return a factor's name with blanks in place of underscores."""
    return name.replace("_", " ")


def _phrase(name: str, value: Value) -> str:
    return _PHRASES[name](value) if name in _PHRASES else f"{format_name(name)} {format_value(value)}"

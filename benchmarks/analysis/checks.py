"""Which records of a comparison are whole, and which of its cells are finished.

What a half-written file or another program left behind must cost no more than itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from neuroevo.benchmarks.analysis.conditions import Factors, is_value, key_of
from neuroevo.runs.directory import shown

Record = Mapping[str, Any]
Cell = tuple[str, int]
"""A contestant's name and a seed."""

MOST_NAMED = 6

COSTS = (
    *("gradient_steps", "evaluations", "multiply_adds", "critical_path"),
    *("transferred_bytes", "transferred_share", "core_seconds"),
)


def whole_records(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Return the records of a comparison that can be used, and sentences about the first of the others."""
    whole: list[Record] = []
    problems: list[str] = []
    first: dict[str, object] = {}
    for number, record in enumerate(records, start=1):
        complaint = flaw(record)
        if not complaint and record["kind"] == "descendant":
            same = first.setdefault(key_of(record["condition"]), record["updates"]) == record["updates"]
            complaint = "" if same else "its updates are others than those of the first in its condition"
        if complaint:
            problems.append(f"Record {number}{_cell(record)} is left out: {complaint}.")
        else:
            whole.append(record)
    more = len(problems) - MOST_NAMED
    return whole, problems[:MOST_NAMED] + ([f"{more} more records are left out."] if more > 0 else [])


def finished_cells(records: Iterable[Record], *, conditions: Sequence[Factors], descendants: int) -> set[Cell]:
    """Return the cells whose records are complete: the ancestor, and all descendants in every condition.

    Args:
        records: Whole ones, of any kind.
        conditions: Those of the comparison.
        descendants: Descendants of a cell in each of them.
    """
    ancestors: set[Cell] = set()
    trained: dict[Cell, set[tuple[str, int]]] = {}
    for record in records:
        if record["kind"] == "ancestor":
            ancestors.add((record["strategy"], record["seed"]))
        elif record["kind"] == "descendant":
            heir = key_of(record["condition"]), record["descendant"]
            trained.setdefault((record["strategy"], record["seed"]), set()).add(heir)
    wanted = set(product(map(key_of, conditions), range(descendants)))
    return {cell for cell in ancestors & trained.keys() if trained[cell] == wanted}


def readable(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Return the records that are of their kind, and sentences about the first of the others."""
    found = [(number, record, _flaw_of_kind(record)) for number, record in enumerate(records, start=1)]
    problems = [f"Record {number} is left out: {complaint}." for number, _, complaint in found if complaint]
    more = len(problems) - MOST_NAMED
    rest = [f"{more} more records are left out."] if more > 0 else []
    return [record for _, record, complaint in found if not complaint], problems[:MOST_NAMED] + rest


def _flaw_of_kind(record: Record) -> str:
    """Return what is wrong with a record of a generation or a search, or nothing."""
    checks = {"generation": _GENERATION, "search": _SEARCH}.get(str(record.get("kind")), {})
    wrong = [key for key, fits in checks.items() if not fits(record.get(key))]
    return f"its {wrong[0].replace('_', ' ')} is {shown(record.get(wrong[0]))}" if wrong else ""


def flaw(record: Record) -> str:
    """Return what is wrong with a record, or nothing."""
    kind = record.get("kind")
    if kind not in ("generation", "ancestor", "descendant"):
        return f"its kind is {kind!r}"
    if not isinstance(record.get("strategy"), str) or not _whole_number(record.get("seed")):
        return "it names no strategy or no seed"
    if kind == "ancestor":
        wrong = [key for key in COSTS if not _amount(record.get(key))]
        return f"its {wrong[0].replace('_', ' ')} is {record.get(wrong[0])!r}" if wrong else ""
    return _flaw_of_curve(record) if kind == "descendant" else ""


def _flaw_of_curve(record: Record) -> str:
    updates, accuracy = record.get("updates"), record.get("accuracy")
    if not _whole_number(record.get("descendant")):
        return "it has no number"
    condition = record.get("condition")
    if not isinstance(condition, Mapping):
        return "it names no condition"
    if odd := [name for name, value in condition.items() if not is_value(value)]:
        return f"its {odd[0]} is {condition[odd[0]]!r}"
    if not isinstance(updates, list) or not updates or not all(map(_whole_number, updates)):
        return "it says not when its accuracy was measured"
    if not isinstance(accuracy, list) or len(accuracy) != len(updates):
        return f"it must have {len(updates)} accuracies"
    # An accuracy that was not finite is null in the file.
    wrong = [value for value in accuracy if value is not None and not (_amount(value) and value <= 1)]
    return f"an accuracy must lie in [0, 1], but it is {wrong[0]!r}" if wrong else ""


def _cell(record: Record) -> str:
    names = record.get("strategy"), record.get("seed")
    return "" if None in names else f" ({names[0]}, seed {names[1]})"


def _whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    """Return whether a value is a number that a float can hold."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= sys.float_info.max


def _amount(value: object) -> bool:
    return _number(value) and value >= 0  # type: ignore[operator]


def _count(value: object) -> bool:
    return _whole_number(value) and _amount(value)


def _name(value: object) -> bool:
    return value is None or isinstance(value, str)


def _scores(value: object) -> bool:
    """Return whether a value is a list of numbers, with null for those that are not finite."""
    return isinstance(value, list) and all(one is None or _number(one) for one in value)


def _individuals(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and isinstance(one.get("id"), int | str) and _scores(one.get("fitness")) for one in value
    )


_GENERATION: Mapping[str, Callable[[object], bool]] = {
    "generation": _count,
    "individuals": _individuals,
    "best": lambda value: value is None or isinstance(value, int | str),
    "mean": lambda value: value is None or _number(value),
    **dict.fromkeys(("failed", "evaluations", "gradient_steps"), _count),
    "seconds": _amount,
    "strategy": _name,
    "seed": lambda value: value is None or _whole_number(value),
}
_SEARCH: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("problem", "strategy"), lambda value: isinstance(value, str)),
    "seed": _whole_number,
    "evaluations": lambda value: isinstance(value, list) and bool(value) and all(map(_count, value)),
    "best": lambda value: bool(value) and _scores(value),
    "weight": _number,
    "gradient_steps": _count,
    "seconds": _amount,
}

"""Which records of a comparison are whole, and which of its cells are finished.

What a half-written file or another program left behind must cost no more than itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from neuroevo.benchmarks.analysis.conditions import Factors, is_value, key_of

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


def _amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0

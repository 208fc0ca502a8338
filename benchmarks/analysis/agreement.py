"""Strategies that can't be told from their descendants: what distinguishes them had no effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def agreeing(records: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return the groups of strategies whose descendants have the same learning curves, all of them.

    Strategies with other seeds or other conditions agree with none.

    Args:
        records: Of a comparison; those of the kind `descendant` count.

    Returns:
        Groups of two or more names, in the order of the records.
    """
    curves: dict[str, dict[str, Any]] = {}
    for one in records:
        if one["kind"] == "descendant":
            place = str((one["seed"], one["condition"], one["descendant"]))
            curves.setdefault(one["strategy"], {})[place] = one["accuracy"]
    groups: list[list[str]] = []
    for name, found in curves.items():
        group = next((group for group in groups if curves[group[0]] == found), None)
        groups.append([name]) if group is None else group.append(name)
    return [group for group in groups if len(group) > 1]

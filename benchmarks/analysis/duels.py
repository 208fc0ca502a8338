"""Duels: what evolved against the rival that spent as much, in a comparison of several budgets.

A contestant is a strategy with a budget of gradient steps before transfer: `gtl-2000`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuroevo.benchmarks.analysis.csv_rows import lines_to_csv
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.statistics import Estimate
from neuroevo.benchmarks.analysis.summary import Row, finals, pairs_of

RIVAL = "narrow-pretraining"
EVOLVED = "gtl"
"""Name prefix of evolved contestants."""

SPENT: Mapping[str, str] = {
    "gradient_steps": "gradient steps",
    "multiply_adds": "multiply-adds",
    "seconds": "core-seconds",
    "critical_path": "critical path in updates",
}
"""What costs are counted in: fields of rows, and what they are called."""


@dataclass(frozen=True)
class Duel:
    """An evolved contestant against the rival, over the seeds that both have.

    Attributes:
        first: The evolved contestant.
        second: The rival that it meets.
        equal: What is equal between them, of `SPENT`; the rival may have more of it, but never less.
        pairs: The first minus the second.
    """

    first: str
    second: str
    equal: str
    pairs: Pairs


def name_of(strategy: str, budget: int) -> str:
    """Return the name of a strategy with a budget."""
    return f"{strategy}-{budget}"


def parts_of(name: str) -> tuple[str, int]:
    """Return strategy and budget of a contestant; one that spends nothing has the budget 0."""
    strategy, _, budget = name.rpartition("-")
    return (strategy, int(budget)) if strategy and budget.isdecimal() else (name, 0)


def lines(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows of each strategy, by rising budget."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: parts_of(row.strategy)[1]):
        found.setdefault(parts_of(row.strategy)[0], []).append(row)
    return found


def duels(rows: Sequence[Row], records: Iterable[Mapping[str, Any]]) -> list[Duel]:
    """Let every evolved contestant meet the rival that spent as much, or the least that is not less.

    Args:
        rows: One per contestant.
        records: The records of the run.
    """
    accuracies = finals(records)
    rivals = [row for row in rows if parts_of(row.strategy)[0] == RIVAL]
    found = []
    for equal in ("gradient_steps", "critical_path"):
        for row in rows:
            if not parts_of(row.strategy)[0].startswith(EVOLVED):
                continue
            spent = [rival for rival in rivals if getattr(rival, equal) >= getattr(row, equal)]
            if not spent:
                continue
            rival = min(spent, key=lambda rival: getattr(rival, equal))
            pairs = pairs_of(accuracies[row.strategy], accuracies[rival.strategy])
            if pairs is not None:
                found.append(Duel(row.strategy, rival.strategy, equal, pairs))
    return found


def describe(found: Sequence[Duel]) -> list[str]:
    """Return a sentence for each duel, differences in points with their 95 % confidence intervals."""
    return [
        f"At equal {SPENT[duel.equal]} {duel.first} is {_points(duel.pairs.difference)} from {duel.second}."
        for duel in found
    ]


def to_csv(found: Sequence[Duel]) -> str:
    """Return the duels as CSV; differences and their intervals are shares in [-1, 1]."""
    columns = ("first", "second", "equal", "difference", "ci_low", "ci_high", "p_value", "seed_count")
    return lines_to_csv(columns, (dict(zip(columns, _cells(duel), strict=True)) for duel in found))


def _cells(duel: Duel) -> tuple[str | float, ...]:
    by = duel.pairs.difference
    return (duel.first, duel.second, duel.equal, by.mean, by.low, by.high, duel.pairs.p_value, by.count)


def _points(by: Estimate) -> str:
    interval = f" ({100 * by.low:+.1f} to {100 * by.high:+.1f})" if by.count > 1 else ""
    return f"{100 * by.mean:+.1f} points{interval}"

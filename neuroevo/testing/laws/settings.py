"""Judging a law at all settings that an operator can have, 0 and 1 among them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, TypeVar

from hypothesis.strategies import SearchStrategy

from neuroevo.testing.laws.law import Case, Law, Replay

T = TypeVar("T")

Grid = Mapping[str, Sequence[Any]]
"""Values of settings, by the operator's keywords."""

RATES = (0.0, 0.1, 0.5, 1.0)
"""Rates that an operator may have a branch for: none, few, many and all."""

MOST = 16
"""Combinations up to which all are judged; of a larger grid one setting is changed at a time."""


class Again(Replay):
    """A case with the values of another one, which draws what that one lacks.

    Args:
        case: The other case.
    """

    def __init__(self, case: Case) -> None:
        super().__init__(case.drawn)
        self._case = case

    def draw(self, name: str, strategy: SearchStrategy[T]) -> T:
        """Return the value of that name."""
        return super().draw(name, strategy) if name in self.given else self._case.draw(name, strategy)


def grid_of(grid: Grid | None, rate: str | None) -> Grid:
    """Return a grid in which the rate varies, if there is one."""
    return {**({} if rate is None else {rate: RATES}), **(grid or {})}


def at_all(grid: Grid, laws: Sequence[Law]) -> list[Law]:
    """Return laws that are judged at all settings of a grid, by the same values."""
    return [replace(law, statement=_everywhere(law, grid)) for law in laws] if grid else list(laws)


def _everywhere(law: Law, grid: Grid) -> Any:
    def statement(subject: Any, case: Case) -> None:
        again: Case = case
        for settings in case.each("settings", combinations(subject, grid)):
            law.statement(partial(subject, **settings) if settings else subject, again)
            again = Again(case)

    return statement


def combinations(subject: Any, grid: Grid) -> list[dict[str, Any]]:
    """Return settings of an operator: its own first, then those of a grid."""
    needed = {name: values[0] for name, values in grid.items() if _is_needed(subject, name)}
    every = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    single = [{**needed, name: value} for name, values in grid.items() for value in values]
    return [needed, *(every if len(every) <= MOST else single)]


def _is_needed(subject: Any, name: str) -> bool:
    """Return whether a setting has neither a default nor a value."""
    try:
        known = inspect.signature(subject).parameters.get(name)
    except (TypeError, ValueError):
        return False
    return known is not None and known.default is known.empty

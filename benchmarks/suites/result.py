"""The result of a comparison, read from its run directory: tables, a page, and the best strategy."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from neuroevo.benchmarks.analysis.conditions import Value
from neuroevo.benchmarks.analysis.frames import descendant_rows, generation_rows, individual_rows
from neuroevo.benchmarks.analysis.results import RunData, read_as
from neuroevo.benchmarks.analysis.summary import Row, cells
from neuroevo.benchmarks.analysis.transferred import best_learngene
from neuroevo.benchmarks.report.conclusions import conclude
from neuroevo.benchmarks.report.terminal import table_of
from neuroevo.extras import install
from neuroevo.summarised import Summarised

WIDTH = 120
"""Columns of the table in a notebook."""
NOTEBOOK = "<pre style='font-family:monospace;line-height:1.2;white-space:pre;overflow-x:auto'>{code}</pre>"
"""How it is shown there: a notebook's own style would break lines."""


@dataclass(frozen=True)
class Best:
    """The strategy that ends highest.

    Attributes:
        row: Its row of the summary.
        learngene: The file of its learngene, of the seed whose ancestor scored highest; None if it transfers nothing.
    """

    row: Row
    learngene: Path | None


class Frames(NamedTuple):
    """What a run recorded, as data frames of pandas; empty ones where there is nothing.

    Attributes:
        generations: A row for each generation: `best_fitness`, `mean_fitness`, `evaluations`, and so on.
        individuals: A row for each individual of each generation: its id, parents and fitness.
        descendants: A row for each descendant and each number of updates after which it was measured.
    """

    generations: Any
    individuals: Any
    descendants: Any


@dataclass(frozen=True, repr=False)
class Result(Summarised, RunData):
    """What a run directory holds; `rows` is the summary and `records` what it is made from."""

    def _summary(self) -> dict[str, Any]:
        facts = {"path": self.path, "what": self.facts.get("suite", self.strategy), "status": self.facts.get("status")}
        return {**facts, "records": len(self.records), "problems": len(self.problems)}

    def _repr_html_(self) -> str:
        """Return the table of the command line, for notebooks."""
        # In a notebook rich would show the table by itself, besides returning it.
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_jupyter=False)
        console.print(self.table())
        return console.export_html(inline_styles=True, code_format=NOTEBOOK)

    def frame(self) -> Any:
        """Return the summary as a `pandas.DataFrame`: what `summary.csv` holds; of `evolve` the generations.

        Raises:
            ModuleNotFoundError: pandas is not installed; the message says how to install it.
        """
        return _frame(self._flat())

    def frames(self) -> Frames:
        """Return data frames of everything that was recorded: generations, individuals and descendants.

        Raises:
            ModuleNotFoundError: pandas is not installed; the message says how to install it.
        """
        strategy, seed = self.strategy or "", self.seed
        return Frames(
            _frame(generation_rows(self.records, strategy=strategy, seed=seed)),
            _frame(individual_rows(self.records, strategy=strategy, seed=seed)),
            _frame(descendant_rows(self.records)),
        )

    def table(self) -> Table:
        """Return the table that the command line prints, to be printed by rich."""
        return table_of(self)

    def conclusions(self) -> list[str]:
        """Return what was found, in sentences that claim no more than the numbers support."""
        return conclude(self).all

    def to_html(self) -> str:
        """Return the report as one HTML page."""
        from neuroevo.benchmarks.report.report import to_html  # heavy, and only a page needs it

        return to_html([self])

    def best(self, **factors: Value) -> Best:
        """Return the strategy with the highest accuracy after all updates.

        Args:
            **factors: Values of factors that its condition must have, where there are several conditions.

        Raises:
            ValueError: There is no such condition, or no accuracy in it is finite.
        """
        rows = [row for row in self.rows if _has(row.condition, factors) and row.accuracy_mean == row.accuracy_mean]
        if not rows:
            wanted = ", ".join(f"{name}={value!r}" for name, value in factors.items())
            raise ValueError(
                f"{self.path} must hold a strategy with an accuracy{f' for {wanted}' if wanted else ''}, but it holds "
                "none; look at its conditions and problems."
            )
        row = max(rows, key=lambda row: row.accuracy_mean)
        return Best(row, best_learngene(self.path, self.records, row.strategy))

    def _flat(self) -> list[dict[str, Any]]:
        if self.rows:
            return cells(self.rows)
        return [asdict(one) for one in self.searches or self.generations]


def read_result(path: Path | str) -> Result:
    """Read a run directory of a comparison, of the suite `optimize` or of `evolve`.

    What can't be read of its records is left out and named in the result's `problems`.

    Raises:
        CheckpointError: The folder is no run directory, one of another schema, or its settings are damaged.
        OSError: A file can't be read.
    """
    return read_as(Result, path)


def _frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    try:
        pandas = import_module("pandas")
    except ImportError:
        raise ModuleNotFoundError(f"frame needs pandas, which is not installed: {install('frame')}.") from None
    return pandas.DataFrame(rows)


def _has(condition: Mapping[str, Value], factors: Mapping[str, Value]) -> bool:
    return all(condition.get(name) == value for name, value in factors.items())

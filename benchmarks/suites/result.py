"""The result of a comparison, read from its run directory: tables, a page, and the best strategy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.table import Table

from neuroevo.benchmarks.analysis.conditions import Value
from neuroevo.benchmarks.analysis.results import RunData, read_as
from neuroevo.benchmarks.analysis.summary import Row, cells
from neuroevo.benchmarks.report.report import to_html
from neuroevo.benchmarks.report.terminal import table_of
from neuroevo.runs.names import LEARNGENES


@dataclass(frozen=True)
class Best:
    """The strategy that ends highest.

    Attributes:
        row: Its row of the summary.
        learngene: The file of its learngene, of the seed whose ancestor scored highest; None if it transfers nothing.
    """

    row: Row
    learngene: Path | None


@dataclass(frozen=True)
class Result(RunData):
    """What a run directory holds; `rows` is the summary and `records` what it is made from."""

    def frame(self) -> Any:
        """Return the summary as a `pandas.DataFrame`: what `summary.csv` holds; of `evolve` the generations.

        Raises:
            ModuleNotFoundError: pandas is not installed; the message says how to install it.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise ModuleNotFoundError(
                'frame needs pandas, which is not installed; install it by pip install "neuroevo[frame]".'
            ) from None
        return pandas.DataFrame(self._flat())

    def table(self) -> Table:
        """Return the table that the command line prints, to be printed by rich."""
        return table_of(self)

    def to_html(self) -> str:
        """Return the report as one HTML page."""
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
        return Best(row, self._learngene(row.strategy))

    def _learngene(self, strategy: str) -> Path | None:
        ancestors = [one for one in self.records if one["kind"] == "ancestor" and one["strategy"] == strategy]
        scored = [(one.get("score"), one["seed"]) for one in ancestors]
        finite = [(score, seed) for score, seed in scored if score is not None] or scored
        _, seed = max(finite, key=lambda pair: -1.0 if pair[0] is None else pair[0])
        path = self.path / LEARNGENES / f"{strategy}-seed{seed}.safetensors"
        return path if path.exists() else None

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


def _has(condition: Mapping[str, Value], factors: Mapping[str, Value]) -> bool:
    return all(condition.get(name) == value for name, value in factors.items())

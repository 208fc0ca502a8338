"""A folder with a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from neuroevo.files import write_atomically
from neuroevo.loggers.logger import Logger

TABLE = "scalars.csv"
SETTINGS = "hyperparameters.json"
STEP = "generation"


class CSVLogger(Logger):
    """Writes `scalars.csv`, one row for each generation, `hyperparameters.json`, curves as CSV and pictures as PNG.

    In a folder that has a table already, rows before the first generation that is logged stay, and later ones are
    replaced: those of a run that was stopped and resumed.

    Args:
        folder: The folder; it is made if there is none.
        hyperparameters: The settings of the run.
    """

    def __init__(self, folder: Path | str, *, hyperparameters: Mapping[str, Any] | None = None) -> None:
        self.folder = Path(folder).absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / TABLE
        self._columns: list[str] | None = None
        if hyperparameters is not None:
            self.log_hyperparameters(hyperparameters)

    def log(self, values: Mapping[str, float], *, step: int) -> None:
        """Append a row; the table is written anew if it lacks a column."""
        row = {STEP: step, **values}
        if self._columns is None or not row.keys() <= {*self._columns}:
            self._rewrite([one for one in self._rows() if int(one[STEP]) < step], row)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self._columns or []).writerow(row)

    def log_curve(self, name: str, curve: Mapping[int, float], *, over: str) -> None:
        """Write it to a file of its own, `NAME.csv`."""
        with (self.folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([(over, name), *curve.items()])

    def log_hyperparameters(self, values: Mapping[str, Any]) -> None:
        """Write them as JSON."""
        text = json.dumps(values, indent=2, ensure_ascii=False, default=str)
        write_atomically(self.folder / SETTINGS, f"{text}\n".encode())

    def log_picture(self, name: str, picture: Image.Image) -> None:
        """Save it as PNG."""
        picture.save(self.folder / f"{name}.png")

    def close(self) -> None:
        """Do nothing: each row is written at once."""

    def _rows(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return [*csv.DictReader(file)]

    def _rewrite(self, rows: list[dict[str, str]], row: Mapping[str, object]) -> None:
        """Write the table with the columns of both, without the new row."""
        self._columns = [*dict.fromkeys(name for one in (*rows, row) for name in one)]
        with self.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns)
            writer.writeheader()
            writer.writerows(rows)

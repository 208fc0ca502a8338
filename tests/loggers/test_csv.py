"""Tables of generations."""

import csv
import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from neuroevo import evolve
from neuroevo.loggers import CSVLogger, Logger, scalars, settings_of
from neuroevo.problems.function import RASTRIGIN
from neuroevo.strategies import SNES


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with (folder / "scalars.csv").open(newline="", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def test_each_generation_is_a_row(tmp_path: Path) -> None:
    """It holds all scalars, and is there as soon as the generation has ended."""
    with CSVLogger(tmp_path) as logger:
        for generation in evolve(SNES(RASTRIGIN(3)), 3, callbacks=[logger]):
            last = rows(tmp_path)[-1]
            assert last.pop("generation") == str(generation.number)
            assert {name: float(value) for name, value in last.items()} == scalars(generation)
    assert len(rows(tmp_path)) == 3


@pytest.mark.parametrize(("stopped", "again"), [(1, 0), (5, 0), (5, 2), (3, 3), (2, 1)])
def test_a_resumed_run_continues_the_table(stopped: int, again: int, tmp_path: Path) -> None:
    """Rows before the first generation that is logged stay, later ones are replaced."""
    folder, first = tmp_path, stopped - again
    for begin, end, value in ((0, stopped, 1), (first, 7, 2)):
        with CSVLogger(folder) as logger:
            for step in range(begin, end):
                logger.log({"best_fitness": value}, step=step)
    found = rows(folder)
    assert [int(one["generation"]) for one in found] == [*range(7)]
    assert [one["best_fitness"] for one in found] == ["1"] * first + ["2"] * (7 - first)


def test_a_new_number_gets_a_column(tmp_path: Path) -> None:
    """Rows before it have none, and keep theirs."""
    logger = CSVLogger(tmp_path)
    logger.log({"a": 1.5}, step=0)
    logger.log({"a": 2.5, "b": 3.0}, step=1)
    logger.log({"b": 4.0}, step=2)
    assert [tuple(one.values()) for one in rows(tmp_path)] == [("0", "1.5", ""), ("1", "2.5", "3.0"), ("2", "", "4.0")]


def test_a_curve_is_a_table_of_its_own(tmp_path: Path) -> None:
    """Over what it is over; written again, it is replaced. A logger that knows no better logs it step by step."""
    logger = CSVLogger(tmp_path)
    logger.log_curve("accuracy", {0: 0.1, 3: 0.2}, over="updates")
    logger.log_curve("accuracy", {0: 0.1, 5: 0.25}, over="updates")
    assert (tmp_path / "accuracy.csv").read_text(encoding="utf-8").split() == ["updates,accuracy", "0,0.1", "5,0.25"]
    assert not (tmp_path / "scalars.csv").exists()
    Logger.log_curve(logger, "accuracy", {0: 0.1, 5: 0.25}, over="updates")
    assert [tuple(one.values()) for one in rows(tmp_path)] == [("0", "0.1"), ("5", "0.25")]


def test_settings_and_pictures_stand_beside_the_table(tmp_path: Path) -> None:
    """Settings as JSON, figures as PNG."""
    strategy = SNES(RASTRIGIN(3), sigma=0.5)
    with CSVLogger(tmp_path / "new" / "folder", hyperparameters=settings_of(strategy)) as logger:
        logger.log_figure("empty", Figure(figsize=(2, 1)))
    folder = tmp_path / "new" / "folder"
    assert json.loads((folder / "hyperparameters.json").read_text(encoding="utf-8"))["sigma"] == 0.5
    with Image.open(folder / "empty.png") as picture:
        assert picture.size == (200, 100)

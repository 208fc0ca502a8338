"""Printed generations."""

import asyncio
import html
import re
from pathlib import Path

import pytest

from neuroevo import evolve
from neuroevo.loggers import Progress
from neuroevo.loggers.notebook import ROWS, LiveTable
from neuroevo.loggers.progress import _number
from neuroevo.problems.function import RASTRIGIN
from neuroevo.strategies import SNES


def test_a_line_for_each_generation(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns stand under their names."""
    for _ in evolve(SNES(RASTRIGIN(3)), 3, callbacks=[Progress()]):
        pass
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["generation", "best", "mean", "std", "evaluations", "seconds"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3"]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (0.0125, "0.01250"), (1.61, "1.610"), (1.437, "1.437"), (57.0, "57.00"), (12000, "12,000")],
)
def test_measures_have_as_many_digits(value: float, text: str) -> None:
    """A column of them is not ragged; counts are whole numbers."""
    assert _number(value) == text


def test_some_generations_and_columns() -> None:
    """Every second generation, and names of scalars."""
    lines: list[str] = []
    printing = Progress(2, columns=("diversity", "no such"), write=lines.append)
    for _ in evolve(SNES(RASTRIGIN(3)), 4, callbacks=[printing]):
        pass
    assert lines[0].split() == ["generation", "diversity"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "3"]


def test_the_last_generation_is_printed() -> None:
    """Where the total is known, whatever `every` is."""
    lines: list[str] = []
    for _ in evolve(SNES(RASTRIGIN(3)), 6, callbacks=[Progress(4, total=6, write=lines.append)]):
        pass
    assert [line.split()[0] for line in lines[1:]] == ["1", "5", "6"]


@pytest.mark.parametrize(("words", "arguments"), [("every", {"every": 0}), ("total", {"total": 0})])
def test_numbers_must_be_positive(words: str, arguments: dict[str, int]) -> None:
    """It is said in a sentence."""
    with pytest.raises(ValueError, match=f"{words} must be at least 1, but it is 0"):
        Progress(**arguments)


def test_the_table_of_a_notebook() -> None:
    """It has a bar if the total is known, and text is no markup."""
    table = LiveTable(["generation", "<b>"], 20)
    table.rows = [["1", "&"]]
    page = table.page(1)
    assert "<progress value=1 max=20></progress> 1 of 20" in page
    assert "<th>&lt;b&gt;</th>" in page
    assert "progress" not in LiveTable([], None).page(1)


NOTEBOOK = """
from neuroevo import evolve
from neuroevo.loggers import Progress
from neuroevo.problems.function import RASTRIGIN
from neuroevo.strategies import SNES
for generation in evolve(SNES(RASTRIGIN(3), seed=1), 20, callbacks=[Progress(total=20)]):
    pass
generation
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_that_runs(tmp_path: Path) -> None:
    """One output holds the latest rows and the whole bar, and objects show themselves as tables."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cell = nbformat.v4.new_code_cell(NOTEBOOK)
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(cells=[cell]),
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": tmp_path}},
    )
    asyncio.run(client.async_execute())
    table, generation = (one["data"]["text/html"] for one in cell["outputs"])
    assert "20 of 20" in table
    assert re.findall(r"<tr><td>(\d+)</td>", table) == [str(number) for number in range(21 - ROWS, 21)]
    assert "Generation" in html.unescape(generation)

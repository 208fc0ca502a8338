"""What too few seeds do not support is in no table, in no file and in no row."""

import csv
import io
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from neuroevo.benchmarks.analysis.differences import differences
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.analysis.statistics import FEWEST
from neuroevo.benchmarks.analysis.summary import Row, supported, to_csv
from neuroevo.benchmarks.analysis.support import supported_difference
from neuroevo.benchmarks.report.columns import MAIN
from neuroevo.benchmarks.report.grids import grid_of_rows
from neuroevo.benchmarks.report.tables import to_latex, to_markdown
from neuroevo.benchmarks.report.terminal import cells_of_differences, table_of

WriteRun = Callable[..., Path]
ENDS = {"scratch": (0.2, 0.3, 0.25, 0.3), "gtl": (0.4, 0.45, 0.46, 0.47)}
INTERVAL = re.compile(r"\d\.\d to ")


def shown(text: object) -> str:
    """Return what is printed of it."""
    console = Console(file=io.StringIO(), record=True, width=200)
    console.print(text)
    return console.export_text()


@pytest.mark.parametrize("seeds", range(1, 4))
def test_tables_of_few_seeds_have_no_interval_and_no_test(seeds: int, write_run: WriteRun, tmp_path: Path) -> None:
    """On a terminal, on the page, as Markdown and as LaTeX, in the file of values and in Python."""
    run = read_run(write_run(tmp_path / "run", {name: ends[:seeds] for name, ends in ENDS.items()}))
    page = grid_of_rows("main", "", run.rows, MAIN)
    texts = {
        "terminal": shown(table_of(run)),
        "page": "\n".join(cell.interval for row in page.rows for cell in row),
        "markdown": to_markdown(run.rows),
        "latex": to_latex(run.rows),
    }
    assert {name: bool(INTERVAL.search(text)) for name, text in texts.items()} == dict.fromkeys(texts, seeds >= FEWEST)
    assert ("p" in [heading for heading, _ in page.headings]) == (seeds >= FEWEST)
    _, gtl = csv.DictReader(io.StringIO(to_csv(run.rows)))
    assert bool(gtl["accuracy_ci_low"]) == bool(gtl["p_value"]) == bool(gtl["p_holm"]) == (seeds >= FEWEST)
    assert math.isnan(run.rows[1].accuracy_ci_high) == math.isnan(run.rows[1].gain_ci_low) == (seeds < FEWEST)
    cells = cells_of_differences(differences(run, run))[1]
    assert bool(INTERVAL.search(" ".join(cells))) == (cells[-1] != "–") == (seeds >= FEWEST)


def test_intervals_are_of_accuracies(write_run: WriteRun, tmp_path: Path) -> None:
    """Three seeds that differ much give an interval that ends where accuracies do."""
    (row,) = read_run(write_run(tmp_path / "run", {"scratch": (0.05, 0.5, 0.95)})).rows
    assert (row.accuracy_ci_low, row.accuracy_ci_high) == (0.0, 1.0)


def test_seeds_needed_are_enough_for_a_conclusion(write_run: WriteRun, tmp_path: Path) -> None:
    """However large a gain is, and however even."""
    ends = {"scratch": (0.1, 0.101, 0.102), "gtl": (0.9, 0.901, 0.9021)}
    assert read_run(write_run(tmp_path / "run", ends)).rows[1].seeds_needed == FEWEST


def test_a_gain_rests_on_the_seeds_in_common_with_scratch(make_row: Callable[..., Row]) -> None:
    """However many seeds a strategy has of its own."""
    row = supported(make_row("gtl", seed_count=5, pair_count=2, accuracy_ci_low=0.1, gain_ci_low=0.1, p_holm=0.01))
    assert row.accuracy_ci_low == 0.1
    assert math.isnan(row.gain_ci_low)
    assert math.isnan(row.p_holm)


def test_what_is_supported_stays(write_run: WriteRun, tmp_path: Path) -> None:
    """With seeds enough nothing is taken away."""
    run = read_run(write_run(tmp_path / "run", ENDS))
    _, gtl = run.rows
    assert supported(gtl) is gtl
    _, difference = differences(run, run)
    assert supported_difference(difference) == difference

"""Pages of runs that compare no strategies: measurements, and generations."""

from collections.abc import Callable
from pathlib import Path

from report_pages import cells, parsed, tables

from neuroevo.benchmarks.analysis.evolution import GenerationRow
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.report.report import MOST_GENERATIONS, _generations, to_html
from neuroevo.benchmarks.speed.throughput import Row, Throughput, describe, records

WriteRun = Callable[..., Path]


def test_a_run_without_strategies(tmp_path: Path) -> None:
    """A measurement of speed is described with its units, and shows its figures, settings and commands."""
    measured_on = {"machine": "a", "cores": 2, "device": "cpu", "threads": 2, "torch": "2.6", "python": "3.11"}
    row = Row("training", 8, 60.25, 60.0, 61.0, 132.8, 114.8, 0.6089, 0.5905, 0.6572, None)
    rows = records(Throughput(measured_on, 5, "torch.mm", 188.4, {}, (row,)))
    settings = {"dataset": "glyphs", "backbone": "mlp", "shots": 10}
    measured = Throughput(measured_on, 5, "torch.mm", 188.4, {}, (row,))
    facts = {"what": "bench", "suite": "throughput", "findings": describe(measured).splitlines()}
    result = RunData(tmp_path, facts, settings, tuple(rows), ())
    page = parsed(to_html([result]))
    assert "training, P = 8: 60.2 ms (60 to 61), 133 networks/s, 115 GFLOP/s, 0.61 of the limit" in page.text
    assert ["rate", "114.8"] in cells(tables(page)["Figures"])
    assert ["dataset", "glyphs"] in cells(tables(page)["Settings"])
    assert list(page.all("img")) == []
    facts = {"what": "bench", "suite": "other"}
    other = parsed(to_html([RunData(tmp_path, facts, settings, ({"kind": "other", "rate": 1.5},), ())]))
    assert "its figures are below" in other.text
    assert ["rate", "1.5"] in cells(tables(other)["Figures"])


def test_of_many_generations_some_are_shown() -> None:
    """A page stays small, and a note says how many generations there are."""
    rows = [GenerationRow("a", 0, number, 0.1, 0.1, 2, 0, number, 0, 0.1) for number in range(1000)]
    table = _generations("g", "Generations", rows)
    assert len(table.rows) == MOST_GENERATIONS
    assert table.note.endswith(" 200 of 1,000 generations, at even distances.")
    assert "even distances" not in _generations("g", "Generations", rows[:9]).note

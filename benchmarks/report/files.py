"""The files that are made from the records of a run: tables, pictures and the page."""

from __future__ import annotations

from pathlib import Path

from neuroevo.benchmarks.analysis import duels
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.analysis.summary import to_csv
from neuroevo.files import write_atomically
from neuroevo.runs.names import DIFFERENCES, REPORT, SUMMARY


def write_results(folder: Path) -> None:
    """Write the summary of a comparison and its picture into the run directory."""
    # Heavy, and needed at the end of a run only.
    from neuroevo.benchmarks.report.plots.conditions import plot_conditions
    from neuroevo.benchmarks.report.plots.pays import plot_pays
    from neuroevo.benchmarks.report.plots.style import plot_curves

    result = read_run(folder)
    write_atomically(folder / SUMMARY, to_csv(result.rows).encode())
    if result.suite == "pays":
        write_atomically(folder / DIFFERENCES, duels.to_csv(result.duels).encode())
        plot_pays(result.rows, folder / "pays.png", title=result.title)
    if len(result.parts) == 1:
        plot_curves(result.curves, folder / "curves.png", title=result.title)
    else:
        rows = {part.name: part.rows for part in result.parts}
        plot_conditions(rows, folder / "conditions.png", title=result.title)


def write_page(folder: Path) -> None:
    """Write the page of a run; written after its end, it does not call the run unfinished."""
    from neuroevo.benchmarks.report.report import to_html  # heavy, and needed at the end of a run only

    write_atomically(folder / REPORT, to_html([read_run(folder)]).encode())

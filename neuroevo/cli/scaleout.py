"""The suite `scaleout` of `neuroevo bench`."""

from __future__ import annotations

from neuroevo.benchmarks.speed import scaleout as benchmark
from neuroevo.cli.measured import run_once
from neuroevo.cli.progress import Reporter
from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.runs.directory import RunDirectory


def scaleout(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `scaleout`, unless its result is in the run directory already."""

    def measure() -> benchmark.Scaleout:
        repeats = 2 if settings.quick else 5
        with Reporter(repeats, quiet=settings.quiet) as reporter:
            reporter.describe("lives on worker processes")
            return benchmark.measure(repeats=repeats, on_repeat=lambda: reporter.advance(1))

    run_once(settings, run, benchmark, measure)

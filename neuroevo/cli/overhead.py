"""The suite `overhead` of `neuroevo bench`."""

from __future__ import annotations

from neuroevo.benchmarks.speed import overhead as benchmark
from neuroevo.cli.measured import run_once
from neuroevo.cli.progress import Reporter
from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.runs.directory import RunDirectory


def overhead(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `overhead`, unless its result is in the run directory already."""

    def measure() -> benchmark.Overhead:
        repeats = 5 if settings.quick else 15
        works = benchmark.works(quick=settings.quick)
        with Reporter(repeats * len(works), quiet=settings.quiet) as reporter:
            reporter.describe("generations with constant fitness")
            return benchmark.measure(repeats=repeats, quick=settings.quick, on_sample=lambda: reporter.advance(1))

    run_once(settings, run, benchmark, measure)

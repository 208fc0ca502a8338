"""The suite `overhead` of `neuroevo bench`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from neuroevo.benchmarks import overhead as benchmark
from neuroevo.benchmarks.overhead import Overhead
from neuroevo.cli.progress import Reporter
from neuroevo.files import write_atomically
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records, salvage_records
from neuroevo.runs.settings import BenchSettings


def overhead(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `overhead`, unless its result is in the run directory already."""
    found = salvage_records(run.records)[0] if run.records.exists() else []
    result = benchmark.from_records(found) or _measure(settings, run)
    write_atomically(run.path / "summary.csv", benchmark.to_csv(result).encode())
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        click.echo(benchmark.in_words(result))


def _measure(settings: BenchSettings, run: RunDirectory) -> Overhead:
    repeats = 5 if settings.quick else 15
    rows = len(benchmark.works(quick=settings.quick))
    run.records.unlink(missing_ok=True)
    with Reporter(repeats * rows, quiet=settings.quiet) as reporter:
        reporter.describe("generations with constant fitness")
        result = benchmark.measure(repeats=repeats, quick=settings.quick, on_sample=lambda: reporter.advance(1))
    with Records(run.records) as records:
        for record in benchmark.records(result):
            records.append(record)
    return result

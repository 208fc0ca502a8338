"""The suite `throughput` at the command line."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
import torch

from neuroevo.benchmarks import throughput as benchmark
from neuroevo.benchmarks.throughput import Throughput
from neuroevo.cli.build import device_facts, make_device
from neuroevo.cli.progress import Reporter
from neuroevo.files import write_atomically
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records, salvage_records
from neuroevo.runs.settings import BenchSettings


def throughput(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `throughput`, unless its result is in the run directory already."""
    device = make_device(settings)
    run.note({**device_facts(device), "threads": torch.get_num_threads()})
    found = salvage_records(run.records)[0] if run.records.exists() else []
    result = benchmark.from_records(found) or _measure(settings, run, device)
    write_atomically(run.path / "summary.csv", benchmark.to_csv(result).encode())
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        click.echo(benchmark.in_words(result))


def _measure(settings: BenchSettings, run: RunDirectory, device: torch.device) -> Throughput:
    repeats = 3 if settings.quick else 7
    run.records.unlink(missing_ok=True)
    with Reporter(repeats * benchmark.WORKS, quiet=settings.quiet) as reporter:
        reporter.describe("running and training populations")
        result = benchmark.measure(repeats=repeats, device=device, on_sample=lambda: reporter.advance(1))
    with Records(run.records) as records:
        for record in benchmark.records(result):
            records.append(record)
    return result

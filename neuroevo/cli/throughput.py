"""The suite `throughput` at the command line."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
import torch

from neuroevo.benchmarks import throughput as throughput_benchmark
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
    result = _measured(run) or _measure(settings, run, device)
    write_atomically(run.path / "summary.csv", throughput_benchmark.to_csv(result).encode())
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        click.echo(throughput_benchmark.in_words(result))


def _measure(settings: BenchSettings, run: RunDirectory, device: torch.device) -> Throughput:
    repeats = 2 if settings.quick else 5
    with Reporter(repeats, quiet=settings.quiet) as reporter:
        reporter.describe("training populations")
        result = throughput_benchmark.measure(repeats=repeats, device=device, on_repeat=lambda: reporter.advance(1))
    with Records(run.records) as records:
        records.append({"kind": "throughput", **asdict(result)})
    return result


def _measured(run: RunDirectory) -> Throughput | None:
    records = salvage_records(run.records)[0] if run.records.exists() else []
    found = [{key: value for key, value in record.items() if key != "kind"} for record in records]
    return Throughput(**found[-1]) if found else None  # type: ignore[arg-type]

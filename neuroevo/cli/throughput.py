"""The suite `throughput` at the command line."""

from __future__ import annotations

import torch

from neuroevo.benchmarks.speed import throughput as benchmark
from neuroevo.cli.build import device_facts, make_device
from neuroevo.cli.measured import run_once
from neuroevo.cli.progress import Reporter
from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.runs.directory import RunDirectory


def throughput(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `throughput`, unless its result is in the run directory already."""
    device = make_device(settings)
    run.note({**device_facts(device), "threads": torch.get_num_threads()})

    def measure() -> benchmark.Throughput:
        repeats = 3 if settings.quick else 7
        with Reporter(repeats * benchmark.WORKS, quiet=settings.quiet) as reporter:
            reporter.describe("running and training populations")
            return benchmark.measure(repeats=repeats, device=device, on_sample=lambda: reporter.advance(1))

    run_once(settings, run, benchmark, measure)

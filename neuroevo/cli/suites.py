"""The suites of `neuroevo bench`: each runs a benchmark, writes its files and prints its table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
import torch

from neuroevo.benchmarks import throughput as throughput_benchmark
from neuroevo.benchmarks import transfer as transfer_benchmark
from neuroevo.benchmarks.contestant import Contestant, Pretraining
from neuroevo.benchmarks.plots import plot_curves
from neuroevo.benchmarks.summary import Row, curves, summarise, to_csv
from neuroevo.benchmarks.transfer import Cell, Transfer
from neuroevo.cli.build import make_backbone, make_contestant, make_dataset, make_device, make_protocol
from neuroevo.cli.progress import Reporter
from neuroevo.cli.tables import percent, print_rows
from neuroevo.evolution import Generation
from neuroevo.files import write_atomically
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records, read_records
from neuroevo.runs.settings import BenchSettings


def transfer(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `transfer`."""
    device = make_device(settings)
    run.note({"device": str(device)})
    dataset = make_dataset(settings).to(device)
    backbone = make_backbone(settings, dataset)
    contestants = [make_contestant(name, settings, dataset, backbone, device) for name in settings.strategies]
    protocol = make_protocol(settings, dataset, backbone, device)
    seeds = range(settings.seed, settings.seed + settings.seeds)
    _run_cells(contestants, protocol, seeds, run, quiet=settings.quiet)
    records = read_records(run.records)
    rows = summarise(records, dataset=settings.dataset, backbone=settings.backbone, shots=settings.shots)
    write_atomically(run.path / "summary.csv", to_csv(rows).encode())
    title = f"{settings.dataset}: {protocol.ways} novel classes, {settings.shots} images per class"
    plot_curves(curves(records), run.path / "curves.png", title=title)
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), "rows": [_json(row) for row in rows]}))
    else:
        print_rows(rows, title=f"Accuracy in % on {title}; {_seeds(seeds)}, n = {settings.seeds}")


def _run_cells(
    contestants: list[Contestant], protocol: Transfer, seeds: range, run: RunDirectory, *, quiet: bool
) -> None:
    plans = {one.name: one.planned_steps(seeds[0]) for one in contestants}
    heirs = protocol.descendants * protocol.descendant.updates
    evolving = sum(plans[one.name] for one in contestants if not one.pretrains)
    pretraining = sum(plans[one.name] for one in Pretraining.needed(contestants))
    with (
        Reporter(len(seeds) * (pretraining + evolving + heirs * len(contestants)), quiet=quiet) as reporter,
        Records(run.records) as records,
    ):
        reporter.line(
            f"{', '.join(plans)}; {_seeds(seeds)}, on {protocol.device}, "
            f"{max(plans.values())} gradient steps before transfer"
        )
        reporter.describe("pre-training")
        progress = _Progress(reporter, plans)
        for cell in transfer_benchmark.run(
            contestants,
            protocol,
            seeds=seeds,
            on_pretrained=progress.pretrained,
            on_generation=progress.generation,
        ):
            for record in cell.records:
                records.append(record)
            _save_learngene(cell, run.path / "learngenes")
            reporter.advance(heirs)
            reporter.line(_sentence(cell))


class _Progress:
    """Turns pre-training and generations into steps of a bar."""

    def __init__(self, reporter: Reporter, plans: Mapping[str, int]) -> None:
        self.reporter = reporter
        self.plans = plans
        self.cell: tuple[str, int] | None = None
        self.steps = 0

    def pretrained(self, contestant: Contestant, seed: int) -> None:
        """Count the steps of a pre-trained network."""
        self.reporter.advance(self.plans[contestant.name])
        self.reporter.line(f"pre-trained the {contestant.pretrains} of seed {seed}")

    def generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
        """Count the steps of a generation and show its best score; what was pre-trained is counted already."""
        if self.cell != (contestant.name, seed):
            self.cell, self.steps = (contestant.name, seed), 0
        if not contestant.pretrains:
            self.reporter.advance(generation.budget.gradient_steps - self.steps)
        self.steps = generation.budget.gradient_steps
        best = max(generation.scores, default=math.nan)
        self.reporter.describe(
            f"{contestant.name}, seed {seed}, generation {generation.number + 1}/{contestant.generations}, "
            f"best score {best:.3f}, mean {generation.mean:.3f}"
        )


def _seeds(seeds: range) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"


def _save_learngene(cell: Cell, folder: Path) -> None:
    if cell.individual.genome is not None:
        folder.mkdir(exist_ok=True)
        cell.individual.genome.save(folder / f"{cell.contestant}-seed{cell.seed}.safetensors")


def _sentence(cell: Cell) -> str:
    finals = [record["accuracy"][-1] for record in cell.records if record["kind"] == "descendant"]
    seconds = next(record["seconds"] for record in cell.records if record["kind"] == "ancestor")
    mean = percent(sum(finals) / len(finals))
    return f"{cell.contestant}, seed {cell.seed}: {mean} % on novel classes, {seconds:.1f} s before transfer"


def _json(row: Row) -> dict[str, object]:
    values = asdict(row)
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in values.items()}


def throughput(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `throughput`."""
    device = make_device(settings)
    run.note({"device": str(device), "threads": torch.get_num_threads()})
    repeats = 2 if settings.quick else 5
    with Reporter(repeats, quiet=settings.quiet) as reporter:
        reporter.describe("training populations")
        result = throughput_benchmark.measure(repeats=repeats, device=device, on_repeat=lambda: reporter.advance(1))
    with Records(run.records) as records:
        records.append({"kind": "throughput", **asdict(result)})
    write_atomically(run.path / "summary.csv", throughput_benchmark.to_csv(result).encode())
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        click.echo(throughput_benchmark.in_words(result))

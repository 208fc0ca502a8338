"""The suites of `neuroevo bench`: each runs a benchmark, writes its files and prints its table."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
import torch

from neuroevo.benchmarks import throughput as throughput_benchmark
from neuroevo.benchmarks import transfer as transfer_benchmark
from neuroevo.benchmarks.columns import percent
from neuroevo.benchmarks.contestant import CellPlan, Contestant, Pretraining
from neuroevo.benchmarks.plots import plot_curves
from neuroevo.benchmarks.plots_samples import draw_samples
from neuroevo.benchmarks.report import to_html
from neuroevo.benchmarks.results import Result, read_result
from neuroevo.benchmarks.summary import Row, to_csv
from neuroevo.benchmarks.throughput import Throughput
from neuroevo.benchmarks.transfer import Cell, Transfer, finished_cells, remaining
from neuroevo.cli.build import (
    check_strategies,
    engine_facts,
    make_backbone,
    make_contestant,
    make_dataset,
    make_device,
    make_map,
    make_protocol,
    match_budgets,
)
from neuroevo.cli.progress import Reporter, generation_in_words, scores_in_words
from neuroevo.cli.tables import print_rows
from neuroevo.data.images import Dataset
from neuroevo.evolution import Generation
from neuroevo.files import to_json, write_atomically
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records, salvage_records
from neuroevo.runs.settings import BenchSettings
from neuroevo.runs.signals import StopSignal

REPORT = "report.html"
CELLS = "cells"
"""Folder of the checkpoints of cells that are not finished."""


def transfer(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `transfer`; cells that are in the run directory already are not run again."""
    check_strategies(settings.strategies)
    device = make_device(settings)
    dataset = make_dataset(settings).to(device)
    backbone = make_backbone(settings, dataset)
    protocol = make_protocol(settings, dataset, backbone, device)
    matched = run.facts.get("pretraining_updates")
    if not isinstance(matched, dict):
        # Measured once: a run that is continued goes on with the budgets that it began with.
        matched = match_budgets(settings, dataset, backbone, device)
    run.note_same({"data": dataset.facts()})
    run.note(
        {
            **device_facts(device),
            "channels": dict(backbone.layout.groups),
            "ways": protocol.ways,
            "pretraining_updates": matched,
        },
    )
    seeds = range(settings.seed, settings.seed + settings.seeds)
    done = _keep_finished(run, settings)
    _save_samples(dataset, run.path / "samples.png")
    with make_map(settings) as map_:
        run.note(engine_facts(map_))
        contestants = [
            make_contestant(name, settings, dataset, backbone, device, pretraining_updates=matched, map_=map_)
            for name in settings.strategies
        ]
        _run_cells(contestants, protocol, seeds, run, done, quiet=settings.quiet)
    result = read_result(run.path)
    _write_results(result)
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), "rows": [_json(row) for row in result.rows]}))
    else:
        print_rows(result.rows, title=f"Accuracy in % on {result.title}; {_seeds(seeds)}, n = {settings.seeds}")


def _keep_finished(run: RunDirectory, settings: BenchSettings) -> set[tuple[str, int]]:
    """Return the finished cells of an earlier start, and remove the records of unfinished ones."""
    if not run.records.exists():
        return set()
    records, _ = salvage_records(run.records)
    done = finished_cells(records, descendants=settings.descendants)
    kept = [record for record in records if (record["strategy"], record["seed"]) in done]
    write_atomically(run.records, "".join(to_json(record) + "\n" for record in kept).encode())
    return done


def _write_results(result: Result) -> None:
    write_atomically(result.path / "summary.csv", to_csv(result.rows).encode())
    plot_curves(result.curves, result.path / "curves.png", title=result.title)


def write_report(folder: Path) -> None:
    """Write the page of a run; written after its end, it does not call the run unfinished."""
    write_atomically(folder / REPORT, to_html([read_result(folder)]).encode())


def _save_samples(dataset: Dataset, path: Path) -> None:
    draw_samples(dataset, title=f"Images of {dataset.name}").savefig(path, metadata={"Software": None})


def _run_cells(
    contestants: Sequence[Contestant],
    protocol: Transfer,
    seeds: range,
    run: RunDirectory,
    done: set[tuple[str, int]],
    *,
    quiet: bool,
) -> None:
    plans = {one.name: one.planned_steps(seeds[0]) for one in contestants}
    cells = remaining(contestants, seeds, done=done)
    heirs = protocol.descendants * protocol.descendant.updates
    with (
        Reporter(_steps(cells, plans) + heirs * len(cells), quiet=quiet) as reporter,
        Records(run.records) as records,
    ):
        again = f"; {len(done)} cells are finished already" if done else ""
        reporter.line(
            f"{', '.join(plans)}; {_seeds(seeds)}, on {protocol.device}, "
            f"{max(plans.values())} gradient steps before transfer{again}"
        )
        reporter.describe("pre-training")
        progress = _Progress(reporter, plans, run.stop)
        run.stop.check()
        for cell in transfer_benchmark.run(
            contestants,
            protocol,
            seeds=seeds,
            done=done,
            cells=run.path / CELLS,
            on_pretrained=progress.pretrained,
            on_generation=progress.generation,
        ):
            _save_learngene(cell, run.path / "learngenes")
            for record in cell.records:
                records.append(record)
            reporter.advance(heirs)
            reporter.line(f"{_sentence(cell)}{reporter.left}")
            run.stop.check()
    # What was kept of unfinished cells has served.
    shutil.rmtree(run.path / CELLS, ignore_errors=True)


def _steps(cells: Sequence[CellPlan], plans: Mapping[str, int]) -> int:
    """Return the gradient steps before transfer of all cells, shared pre-training counted once."""
    evolving = sum(plans[one.name] for one, _ in cells if not one.pretrains)
    return evolving + sum(plans[one.name] for one in Pretraining.needed(cells).values())


class _Progress:
    """Turns pre-training and generations into steps of a bar; after each of them the run may be stopped."""

    def __init__(self, reporter: Reporter, plans: Mapping[str, int], stop: StopSignal) -> None:
        self.stop = stop
        self.reporter = reporter
        self.plans = plans
        self.cell: tuple[str, int] | None = None
        self.steps = 0

    def pretrained(self, contestant: Contestant, seed: int) -> None:
        """Count the steps of a pre-trained network."""
        self.reporter.advance(self.plans[contestant.name])
        self.reporter.line(f"pre-trained the {contestant.pretrains} of seed {seed}{self.reporter.left}")
        self.stop.check()

    def generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
        """Count the steps of a generation and tell its scores; what was pre-trained is counted already."""
        if self.cell != (contestant.name, seed):
            self.cell, self.steps = (contestant.name, seed), 0
        if not contestant.pretrains:
            self.reporter.advance(generation.budget.gradient_steps - self.steps)
        self.steps = generation.budget.gradient_steps
        cell, scores = f"{contestant.name}, seed {seed}", scores_in_words(generation)
        # Short, so that it fits beside the times.
        self.reporter.describe(f"{cell}, {generation.number + 1}/{contestant.generations}: {scores}")
        if contestant.generations > 1:
            words = generation_in_words(generation, contestant.generations)
            self.reporter.note(f"{cell}, {words}{self.reporter.left}")
        self.stop.check()


def device_facts(device: torch.device) -> dict[str, str]:
    """Return which device a run uses, and what a GPU is called."""
    name = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {"device": str(device), **name}


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
    """Run the suite `throughput`, unless its result is in the run directory already."""
    device = make_device(settings)
    run.note({**device_facts(device), "threads": torch.get_num_threads()})
    found = salvage_records(run.records)[0] if run.records.exists() else []
    result = throughput_benchmark.from_records(found) or _measure(settings, run, device)
    write_atomically(run.path / "summary.csv", throughput_benchmark.to_csv(result).encode())
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        click.echo(throughput_benchmark.in_words(result))


def _measure(settings: BenchSettings, run: RunDirectory, device: torch.device) -> Throughput:
    repeats = 3 if settings.quick else 7
    run.records.unlink(missing_ok=True)
    with Reporter(repeats * throughput_benchmark.WORKS, quiet=settings.quiet) as reporter:
        reporter.describe("running and training populations")
        result = throughput_benchmark.measure(repeats=repeats, device=device, on_sample=lambda: reporter.advance(1))
    with Records(run.records) as records:
        for record in throughput_benchmark.records(result):
            records.append(record)
    return result

"""The suites of `neuroevo bench` over descendants: each runs its comparison, writes its files and prints its table."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import torch

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.analysis.results import Result, read_result
from neuroevo.benchmarks.analysis.summary import cells, to_csv
from neuroevo.benchmarks.report.columns import percent
from neuroevo.benchmarks.report.plots.conditions import plot_conditions
from neuroevo.benchmarks.report.plots.pays import plot_pays
from neuroevo.benchmarks.report.plots.samples import draw_samples
from neuroevo.benchmarks.report.plots.style import plot_curves
from neuroevo.benchmarks.report.report import to_html
from neuroevo.benchmarks.suites import ablation as ablation_benchmark
from neuroevo.benchmarks.suites import adaptation as adaptation_benchmark
from neuroevo.benchmarks.suites import instinct as instinct_benchmark
from neuroevo.benchmarks.suites import pays as pays_benchmark
from neuroevo.benchmarks.suites import scaling as scaling_benchmark
from neuroevo.benchmarks.suites import transfer as transfer_benchmark
from neuroevo.benchmarks.suites.contestant import CellPlan, Contestant, Pretraining
from neuroevo.benchmarks.suites.transfer import Cell, Transfer, finished_cells, remaining
from neuroevo.cli.build import (
    PRETRAINS,
    check_strategies,
    device_facts,
    engine_facts,
    make_backbone,
    make_contestant,
    make_dataset,
    make_device,
    make_heir,
    make_map,
    make_protocol,
    match_budgets,
)
from neuroevo.cli.names import LEARNGENE_STRATEGIES
from neuroevo.cli.progress import Reporter, generation_in_words, scores_in_words
from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.cli.tables import print_rows
from neuroevo.cli.ways import make_execution
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways
from neuroevo.evolution import Generation
from neuroevo.execution import Execution, WorkerMap
from neuroevo.files import to_json, write_atomically
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records, salvage_records
from neuroevo.runs.signals import StopSignal

REPORT = "report.html"
DIFFERENCES = "differences.csv"
CELLS = "cells"
"""Folder of the checkpoints of cells that are not finished."""


@dataclass(frozen=True)
class Entry:
    """Who takes part in a comparison.

    Attributes:
        name: The contestant's name in tables.
        strategy: The strategy's name.
        settings: What it is told.
        budget: Gradient steps that it may spend before transfer; None leaves that to the settings.
    """

    name: str
    strategy: str
    settings: BenchSettings
    budget: int | None = None


def one_of_each(names: Sequence[str], settings: BenchSettings) -> list[Entry]:
    """Return every strategy as it is told."""
    return [Entry(name, name, settings) for name in names]


def transfer(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `transfer`."""
    compare(settings, run)


def instinct(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `instinct`."""
    compare(settings, run, conditions=instinct_benchmark.conditions)


def scaling(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `scaling`."""

    def conditions(protocol: Transfer) -> list[Transfer]:
        names = settings.heirs or scaling_benchmark.heirs_of(settings.backbone, few=settings.quick)
        return scaling_benchmark.conditions(
            protocol, {name: make_heir(name, settings, protocol.dataset) for name in names}
        )

    few = settings.quick and settings.backbone in scaling_benchmark.RELATIVES
    compare(settings, run, conditions=conditions, strategies=scaling_benchmark.FEW_STRATEGIES if few else ())


def adaptation(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `adaptation`."""
    target = settings.target_dataset or ("glyphs" if settings.dataset == "colour-glyphs" else "colour-glyphs")
    told = settings.model_copy(update={"dataset": target, "data_root": settings.target_data_root})

    def conditions(protocol: Transfer) -> list[Transfer]:
        dataset = make_dataset(told)
        return adaptation_benchmark.conditions(
            protocol,
            source=settings.dataset,
            target=target,
            dataset=dataset,
            backbone=make_backbone(told, dataset),
            ways=settings.ways or default_ways(len(dataset.novel.classes)),
        )

    compare(settings, run, conditions=conditions)


def ablation(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `ablation`."""
    compare(settings, run, strategies=ablation_benchmark.strategies(LEARNGENE_STRATEGIES))


def compare(
    settings: BenchSettings,
    run: RunDirectory,
    *,
    conditions: Callable[[Transfer], Sequence[Transfer]] = lambda protocol: [protocol],
    strategies: Sequence[str] = (),
    entries: Callable[[Sequence[str], BenchSettings], list[Entry]] = one_of_each,
) -> None:
    """Run a suite over descendants; cells that are in the run directory already are not run again.

    Args:
        settings: What the run is told.
        run: Where results go.
        conditions: Turns the protocol of the settings into one for each condition that descendants live in; each is
            repeated with every number of images per class.
        strategies: What the suite compares if it is not told otherwise; by default what the settings say.
        entries: Makes contestants of the strategies; by default one of each.
    """
    names = strategies if strategies and settings.strategies == BenchSettings().strategies else settings.strategies
    check_strategies(names)
    listed = entries(names, settings)
    device = make_device(settings)
    dataset = make_dataset(settings).to(device)
    backbone = make_backbone(settings, dataset)
    execution = make_execution(settings, dataset, backbone, device, run)
    protocol = make_protocol(settings, dataset, backbone, device, execution=execution)
    protocols = [replace(one, shots=shots) for one in conditions(protocol) for shots in settings.every_shots]
    matched = run.facts.get("pretraining_updates")
    if not isinstance(matched, dict):
        # Measured once: a run that is continued goes on with the budgets that it began with.
        matched = match_budgets(settings, dataset, backbone, device, execution=execution)
    run.note_same({"data": dataset.facts()})
    for one in protocols:
        if one.dataset is not dataset:
            run.note_same({"target_data": one.dataset.facts()})
    run.note(
        {
            **device_facts(device),
            "channels": dict(backbone.layout.groups),
            "ways": protocol.ways,
            "pretraining_updates": matched,
            **({"conditions": len(protocols)} if len(protocols) > 1 else {}),
            **({"strategies": [entry.name for entry in listed]} if names != settings.strategies else {}),
        },
    )
    seeds = range(settings.seed, settings.seed + settings.seeds)
    done = _keep_finished(run, settings, len(protocols))
    _save_samples(dataset, run.path / "samples.png")
    with make_map(settings) as map_:
        run.note(engine_facts(map_))
        contestants = [
            _contestant(entry, dataset, backbone, device, matched=matched, map_=map_, execution=execution)
            for entry in listed
        ]
        within = [one for one, entry in zip(contestants, listed, strict=True) if _affords(one, entry)]
        run.note({"strategies": [one.name for one in within]} if [*names] != [one.name for one in within] else {})
        _run_cells(within, protocols, seeds, run, done, quiet=settings.quiet)
    result = read_result(run.path)
    _write_results(result)
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), "rows": [_json(row) for row in cells(result.rows)]}))
    else:
        print_rows(result.rows, title=f"Accuracy in % on {result.title}; {_seeds(seeds)}, n = {settings.seeds}")
        for sentence in pays_benchmark.in_words(result.duels):
            click.echo(sentence)


def _contestant(
    entry: Entry,
    dataset: Dataset,
    backbone: Backbone,
    device: torch.device,
    *,
    matched: Mapping[str, int],
    map_: WorkerMap | None,
    execution: Execution,
) -> Contestant:
    """Return the contestant of an entry; those with a budget share pre-trained networks with none of another one."""
    made = make_contestant(
        entry.strategy,
        entry.settings,
        dataset,
        backbone,
        device,
        pretraining_updates=matched if entry.budget is None else dict.fromkeys(PRETRAINS.values(), entry.budget),
        map_=map_,
        execution=execution,
    )
    pretrains = made.pretrains if entry.budget is None or not made.pretrains else f"{made.pretrains} {entry.budget}"
    return replace(made, name=entry.name, pretrains=pretrains)


def _affords(contestant: Contestant, entry: Entry) -> bool:
    """Return whether a contestant can keep to its budget: critics and finals may take more than that by themselves."""
    return entry.budget is None or contestant.planned_steps(entry.settings.seed) <= entry.budget


def _keep_finished(run: RunDirectory, settings: BenchSettings, conditions: int) -> set[tuple[str, int]]:
    """Return the finished cells of an earlier start, and remove the records of unfinished ones."""
    if not run.records.exists():
        return set()
    records, _ = salvage_records(run.records)
    done = finished_cells(records, descendants=settings.descendants, conditions=conditions)
    kept = [record for record in records if (record["strategy"], record["seed"]) in done]
    write_atomically(run.records, "".join(to_json(record) + "\n" for record in kept).encode())
    return done


def _write_results(result: Result) -> None:
    write_atomically(result.path / "summary.csv", to_csv(result.rows).encode())
    if result.suite == "pays":
        write_atomically(result.path / DIFFERENCES, pays_benchmark.to_csv(result.duels).encode())
        plot_pays(result.rows, result.path / "pays.png", title=result.title)
    if len(result.parts) == 1:
        plot_curves(result.curves, result.path / "curves.png", title=result.title)
    else:
        plot_conditions(
            {part.name: part.rows for part in result.parts}, result.path / "conditions.png", title=result.title
        )


def write_report(folder: Path) -> None:
    """Write the page of a run; written after its end, it does not call the run unfinished."""
    write_atomically(folder / REPORT, to_html([read_result(folder)]).encode())


def _save_samples(dataset: Dataset, path: Path) -> None:
    draw_samples(dataset, title=f"Images of {dataset.name}").savefig(path, metadata={"Software": None})


def _run_cells(
    contestants: Sequence[Contestant],
    protocols: Sequence[Transfer],
    seeds: range,
    run: RunDirectory,
    done: set[tuple[str, int]],
    *,
    quiet: bool,
) -> None:
    plans = {one.name: one.planned_steps(seeds[0]) for one in contestants}
    cells = remaining(contestants, seeds, done=done)
    heirs = sum(one.steps for one in protocols)
    with (
        Reporter(_steps(cells, plans) + heirs * len(cells), quiet=quiet) as reporter,
        Records(run.records) as records,
    ):
        again = f"; {len(done)} cells are finished already" if done else ""
        reporter.line(
            f"{', '.join(plans)}; {_seeds(seeds)}, on {protocols[0].device}, "
            f"{max(plans.values())} gradient steps before transfer{again}"
        )
        reporter.describe("pre-training")
        progress = _Progress(reporter, plans, run.stop, conditions=len(protocols))
        run.stop.check()
        for cell in transfer_benchmark.run(
            contestants,
            protocols,
            seeds=seeds,
            done=done,
            cells=run.path / CELLS,
            on_pretrained=progress.pretrained,
            on_generation=progress.generation,
            on_descendants=progress.descendants,
        ):
            _save_learngene(cell, run.path / "learngenes")
            for record in cell.records:
                records.append(record)
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

    def __init__(self, reporter: Reporter, plans: Mapping[str, int], stop: StopSignal, *, conditions: int) -> None:
        self.stop = stop
        self.conditions = conditions
        self.lived = 0
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

    def descendants(self, protocol: Transfer) -> None:
        """Count the steps of descendants that have lived in one condition."""
        self.reporter.advance(protocol.steps)
        self.lived += 1
        if self.lived % self.conditions:  # after the last one the cell is written first
            self.stop.check()


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


def _json(row: Mapping[str, object]) -> dict[str, object]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}

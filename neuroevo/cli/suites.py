"""The suites of `neuroevo bench`: from settings to objects; the suite runs, and its table is printed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import torch

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.analysis import duels
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.analysis.summary import cells
from neuroevo.benchmarks.report.columns import percent
from neuroevo.benchmarks.report.files import write_page
from neuroevo.benchmarks.report.terminal import format_seeds
from neuroevo.benchmarks.suites.cells import Cell
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.listener import Listener, Work
from neuroevo.benchmarks.suites.measurement import Measurement, MeasurementSetup
from neuroevo.benchmarks.suites.optimize import SearchSuite
from neuroevo.benchmarks.suites.pays import lives_of
from neuroevo.benchmarks.suites.suite import Entry, Setup, Suite
from neuroevo.cli.build import (
    PRETRAINS,
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
from neuroevo.cli.names import SUITES, load
from neuroevo.cli.progress import Reporter, generation_in_words, scores_in_words
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.cli.tables import print_result
from neuroevo.cli.variants import VARIANTS
from neuroevo.cli.ways import make_execution
from neuroevo.data.images import Dataset
from neuroevo.evolution import Generation
from neuroevo.execution import Execution, WorkerMap
from neuroevo.runs.directory import RunDirectory
from neuroevo.strategies import GTLSettings

OWN: Mapping[str, tuple[str, ...]] = {
    "scaling": ("heirs",),
    "adaptation": ("target_dataset", "target_data_root"),
    "pays": ("budgets",),
}
"""The settings of each suite that are its own."""


def run_suite(name: str, settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite of a name in an open run directory; what is there already is not run again."""
    suite = load_suite(name)
    settings_ = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    run.note({"repeat": ["neuroevo", *repeated("bench", settings_)]})
    if isinstance(suite, Measurement):
        measure(suite, settings, run)
    elif isinstance(suite, SearchSuite):
        from neuroevo.cli.searches import optimize

        optimize(suite, settings, run)
    else:
        compare(suite, settings, run)


def load_suite(name: str) -> Suite | Measurement[Any] | SearchSuite:
    """Return the suite of a name."""
    found: Suite | Measurement[Any] | SearchSuite = load(SUITES[name])[name]  # type: ignore[index]
    return found


def write_report(folder: Path) -> None:
    """Write the page of a run; written after its end, it does not call the run unfinished."""
    write_page(folder)


def measure(suite: Measurement[Any], settings: BenchSettings, run: RunDirectory) -> None:
    """Run a suite of measurements and print its result."""
    with Reporter(1, quiet=settings.quiet) as reporter:
        reporter.describe("measuring")

        def on_sample(done: int, total: int) -> None:
            reporter.total = total
            reporter.progress.update(reporter.task, total=total)
            if done:
                reporter.advance(1)

        setup = MeasurementSetup(device=make_device(settings), quick=settings.quick, on_sample=on_sample)
        result = suite.run_in(run, setup)
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        click.echo(suite.describe(result))


def compare(suite: Suite, settings: BenchSettings, run: RunDirectory) -> None:
    """Run a comparison of strategies and print its table."""
    device = make_device(settings)
    dataset = make_dataset(settings).to(device)
    backbone = make_backbone(settings, dataset)
    # Names are checked before anything is timed or trained.
    chosen = settings.strategies if settings.strategies != BenchSettings().strategies else None
    setup = make_setup(settings, dataset, backbone, device)
    names = chosen or suite.names(setup) or settings.strategies
    check_strategies(names)
    execution = make_execution(settings, dataset, backbone, device, run)
    setup = replace(setup, protocol=replace(setup.protocol, execution=execution))
    matched = run.facts.get("pretraining_updates")
    if not isinstance(matched, dict):
        # Measured once: a run that is resumed keeps the budgets that it began with.
        matched = match_budgets(settings, dataset, backbone, device, execution=execution)
    run.note({"pretraining_updates": matched})
    own = _own(suite.name, settings)
    with make_map(settings) as map_:
        run.note(engine_facts(map_))
        made = [
            _contestant(entry, settings, dataset, backbone, device, matched=matched, map_=map_, execution=execution)
            for entry in suite.entries(names, _trains, **(own if suite.name == "pays" else {}))
        ]
        comparison = suite.comparison(
            [contestant for contestant in made if contestant is not None],
            setup,
            seeds=range(settings.seed, settings.seed + settings.seeds),
            shots=settings.every_shots if len(settings.every_shots) > 1 else (),
            **own,
        )
        with Progress.shown(quiet=settings.quiet) as listener:
            comparison.run_in(run, listener=listener)
    result = read_run(run.path)
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), "rows": [_json(row) for row in cells(result.rows)]}))
    else:
        print_result(result)
        for sentence in duels.describe(result.duels):
            click.echo(sentence)


def make_setup(settings: BenchSettings, dataset: Dataset, backbone: Backbone, device: torch.device) -> Setup:
    """Return what the conditions of a suite are made of."""
    protocol = make_protocol(settings, dataset, backbone, device)

    def resolve_backbone(name: str, width: float = 1.0, /, *, dataset: Dataset | None = None) -> Backbone:
        changes = {"backbone": name, "width": settings.width * width}
        return make_backbone(settings.model_copy(update=changes), dataset or protocol.dataset)

    def resolve_dataset(name: str, data_root: Path | None = None, /) -> Dataset:
        return make_dataset(settings.model_copy(update={"dataset": name, "data_root": data_root}))

    return Setup(
        protocol=replace(protocol, names={"dataset": settings.dataset, "backbone": settings.backbone}),
        quick=settings.quick,
        backbone=resolve_backbone,
        dataset=resolve_dataset,
        ways=settings.ways,
    )


def _own(suite: str, settings: BenchSettings) -> dict[str, Any]:
    """Return the suite's own settings that are given."""
    values = {"budgets": settings.every_budget}
    found = {name: values.get(name, getattr(settings, name)) for name in OWN.get(suite, ())}
    return {name: value for name, value in found.items() if value is not None}


def _trains(name: str) -> bool:
    return name in VARIANTS or name in PRETRAINS


def _contestant(
    entry: Entry,
    settings: BenchSettings,
    dataset: Dataset,
    backbone: Backbone,
    device: torch.device,
    *,
    matched: Mapping[str, int],
    map_: WorkerMap | None,
    execution: Execution,
) -> Contestant | None:
    """Return the contestant of an entry, None if it can't keep to its budget: critics may take more by themselves.

    Those with a budget share pre-trained networks with none of another one.
    """
    budget = entry.budget
    own = settings if budget is None else with_budget(entry.strategy, budget, settings)
    updates = matched if budget is None else dict.fromkeys(PRETRAINS.values(), budget)
    made = make_contestant(
        entry.strategy, own, dataset, backbone, device, pretraining_updates=updates, map_=map_, execution=execution
    )
    if budget is not None and made.planned_steps(settings.seed) > budget:
        return None
    pretrains = made.pretrains if budget is None or not made.pretrains else f"{made.pretrains} {budget}"
    return replace(made, name=entry.name, pretrains=pretrains)


def with_budget(name: str, budget: int, settings: BenchSettings) -> BenchSettings:
    """Return the settings with which GTL spends a budget of gradient steps, and its variants as many.

    GTL's population follows from the budget unless it was given; that of its variants is their own.
    """
    lives = settings.population or (lives_of(budget) if name == "gtl" else GTLSettings().population)
    changes = {
        "life_updates": max(1, budget // (lives * settings.generations)),
        "population": lives if name == "gtl" else settings.population,
        "tournament": min(settings.tournament, lives),
    }
    return settings.model_copy(update=changes)


class Progress(Listener):
    """Turns what a comparison reports into steps of a bar and lines.

    Attributes:
        reporter: Draws the bar; it is there when the comparison has started.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.reporter = Reporter(1, quiet=True)
        self.work = Work([], 0, {}, [], 0)
        self.cell: tuple[str, int] | None = None
        self.steps = 0

    @classmethod
    @contextmanager
    def shown(cls, *, quiet: bool) -> Iterator[Progress]:
        """Return a listener whose bar is taken away at the end."""
        listener = cls(quiet=quiet)
        try:
            yield listener
        finally:
            listener.reporter.__exit__(None, None, None)

    def on_start(self, work: Work) -> None:
        """Draw the bar, and say what is compared."""
        self.work = work
        self.reporter = Reporter(work.steps, quiet=self.quiet).__enter__()
        again = f"; {work.finished} cells are finished already" if work.finished else ""
        seeds = list(dict.fromkeys(seed for _, seed in work.cells))
        self.reporter.line(
            f"{', '.join(work.planned)}; {f'{format_seeds(seeds)}, ' if seeds else ''}on "
            f"{work.conditions[0].protocol.device}, {max(work.planned.values())} gradient steps before transfer{again}"
        )
        self.reporter.describe("pre-training")

    def on_pretrained(self, contestant: Contestant, seed: int) -> None:
        """Count the steps of a pre-trained network."""
        self.reporter.advance(self.work.planned[contestant.name])
        self.reporter.line(f"pre-trained the {contestant.pretrains} of seed {seed}{self.reporter.left}")

    def on_generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
        """Count the steps of a generation and show its scores; what was pre-trained is counted already."""
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

    def on_descendants(self, condition: Condition) -> None:
        """Count the steps of descendants that have been trained in one condition."""
        self.reporter.advance(condition.protocol.steps)

    def on_cell(self, cell: Cell) -> None:
        """Say what the descendants of a cell reached."""
        self.reporter.line(f"{_sentence(cell)}{self.reporter.left}")


def _sentence(cell: Cell) -> str:
    finals = [record["accuracy"][-1] for record in cell.records if record["kind"] == "descendant"]
    seconds = next(record["seconds"] for record in cell.records if record["kind"] == "ancestor")
    mean = percent(sum(finals) / len(finals))
    return f"{cell.contestant}, seed {cell.seed}: {mean} % on novel classes, {seconds:.1f} s before transfer"


def _json(row: Mapping[str, object]) -> dict[str, object]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}

"""Suites of descendants at the command line: from settings to a comparison, its progress, and its table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import torch

from neuroevo import catalogue
from neuroevo.backbones import Backbone
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.analysis.summary import cells
from neuroevo.benchmarks.report.columns import percent
from neuroevo.benchmarks.report.terminal import format_seeds
from neuroevo.benchmarks.suites.cells import Cell
from neuroevo.benchmarks.suites.choosing import Choices
from neuroevo.benchmarks.suites.comparison import Comparison
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.listener import Listener, Work
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.roster import UNSHARED, Entry, Roster, takes_setting
from neuroevo.benchmarks.suites.suite import Setup, Suite
from neuroevo.cli.build import Job, engine_facts, make_backbone, make_dataset, make_device, make_execution, usage
from neuroevo.cli.choosing import choices_of, chosen
from neuroevo.cli.conclusions import print_conclusions
from neuroevo.cli.contestants import Named
from neuroevo.cli.logs import Logs, check_logs
from neuroevo.cli.output import echo
from neuroevo.cli.progress import Reporter, generation_in_words, scores_in_words
from neuroevo.cli.settings.derived import whole
from neuroevo.cli.settings.load import used
from neuroevo.cli.settings.presets import SHARED
from neuroevo.cli.settings.quick import quick_settings
from neuroevo.cli.settings.run import BenchNetworks
from neuroevo.cli.status import status
from neuroevo.cli.tables import print_result
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways
from neuroevo.evolution import Generation
from neuroevo.execution import Recipe, WorkerMap
from neuroevo.execution.watching import watching
from neuroevo.runs.directory import RunDirectory
from neuroevo.signatures import parameters
from neuroevo.strategies import AsynchronousGTL, PopulationGTL
from neuroevo.strategies.gtl.gtl import GTL
from neuroevo.strategies.variant import Variant

DEFAULT = ("scratch", "untrained-circuit", "random-circuit", "narrow-pretraining", "finetune", "gtl-paper", "gtl")
"""What is compared unless the suite or the settings say otherwise."""


def names_of(suite: Suite, settings: BenchNetworks, own: Sequence[Named], setup: Setup | None = None) -> list[str]:
    """Return the names of the contestants: those that are given or the suite's, and those with their own settings."""
    given: Sequence[str] = settings.strategies or ()
    if not given:
        static = suite.contestants if not callable(suite.contestants) else ()
        given = (suite.names(setup) if setup is not None else tuple(static)) or DEFAULT
    return [*given, *(one.name for one in own if one.name not in given)]


def prepare_comparison(suite: Suite, settings: BenchNetworks, own: Sequence[Named]) -> Job:
    """Return what runs a suite of descendants in an open run directory and prints its table.

    Raises:
        click.UsageError: A strategy refuses a setting, or passes on nothing that descendants could inherit.
    """
    check_logs(settings.log)
    device = make_device(settings)
    dataset = make_dataset(settings, environments=settings.environments, otherwise=suite.environments).to(device)
    with usage():
        backbone = make_backbone(settings, dataset)
        setup = make_setup(settings, dataset, backbone, device)
        of_suite = {key: value for key, value in whole(suite.conditions, settings.own).items() if value is not None}
        entries = entries_of(suite, settings, own, setup, of_suite)
        roster = Roster(
            dataset=dataset,
            backbone=backbone,
            generations=settings.generations,
            match=settings.match,
            reference=reference_of(settings),
            settings=shared_settings(settings),
            seed=settings.seed,
            device=device,
            workers=settings.workers,
        )

        def compare(contestants: Sequence[Contestant], setup: Setup) -> Comparison:
            seeds = range(settings.seed, settings.seed + settings.seeds)
            shots = settings.every_shots if len(settings.every_shots) > 1 else ()
            return suite.comparison(contestants, setup, seeds=seeds, shots=shots, **of_suite)

        choices = choices_of(settings, roster, setup)
        # What a comparison, a strategy or a backbone refuses is refused before anything is measured or trained.
        for one in compare(roster.contestants(entries, updates={}), setup).contestants:
            one.make(settings.seed)
    return partial(_run, compare, settings, entries, setup, roster, choices)


def _run(
    compare: Callable[[Sequence[Contestant], Setup], Comparison],
    settings: BenchNetworks,
    entries: Sequence[Entry],
    setup: Setup,
    roster: Roster,
    choices: Choices | None,
    run: RunDirectory,
    map_: WorkerMap | None,
) -> None:
    """Run a suite of descendants in an open run directory and print its table."""
    status.say("planning what each strategy may spend")
    own = settings.own | {**roster.settings}
    execution = make_execution(settings, own, roster.dataset, roster.backbone, roster.device, run)
    setup = replace(setup, protocol=replace(setup.protocol, execution=execution))
    roster = replace(roster, execution=execution, map_=map_)
    run.note(engine_facts(map_))
    if choices is not None:
        choices = replace(choices, roster=roster, protocol=setup.protocol)
        entries = chosen(
            choices, entries, run, listening=partial(Progress.shown, quiet=settings.quiet, classes="held-out")
        )
    updates = run.facts.get("pretraining_updates")
    if not isinstance(updates, dict):
        # Measured once: a run that is resumed keeps the budgets that it began with.
        updates = roster.updates_of(entries)
        run.note({"pretraining_updates": updates})
    comparison = compare(roster.contestants(entries, updates=updates), setup)
    with (
        Logs.opened(settings.log, run.path, used(settings), metrics=("accuracy", "best_fitness")) as logs,
        Progress.shown(
            quiet=settings.quiet, logs=logs, classes="held-out" if settings.rehearse else "novel"
        ) as listener,
    ):
        comparison.run_in(run, listener=listener)
    result = read_run(run.path)
    if settings.as_json:
        echo(json.dumps({"run": str(run.path), "rows": [_json(row) for row in cells(result.rows)]}))
    else:
        print_result(result)
        for one in entries:
            if one.budget is not None and one.name not in [part.name for part in comparison.contestants]:
                echo(f"Without {one.name}: scoring alone takes more than its {one.budget:,} gradient steps.")
        print_conclusions(result)


def entries_of(
    suite: Suite, settings: BenchNetworks, own: Sequence[Named], setup: Setup, of_suite: Mapping[str, Any]
) -> list[Entry]:
    """Return what takes part in a suite.

    Raises:
        click.UsageError: A strategy does not pass on anything that descendants could inherit.
    """
    named = {one.name: one for one in own}
    names = names_of(suite, settings, own, setup)
    made = {
        name: entry_of(name, named.get(name, Named(name, name)), asynchronous=settings.asynchronous) for name in names
    }
    for name, one in made.items():
        if "dataset" not in parameters(one.make):
            raise click.UsageError(
                f"--strategies must be of strategies that pass on learngenes in the suite {suite.name}, but {name} "
                "searches the genomes of a problem; neuroevo bench optimize compares those."
            )
    wanted = {key: value for key, value in of_suite.items() if key in parameters(suite.entries)}
    found = suite.entries(names, lambda name: made[name].evolves or bool(made[name].pretrains), **wanted)
    return [
        replace(
            made[one.strategy],
            name=one.name,
            budget=one.budget,
            defaults={**_defaults(made[one.strategy], settings), **one.defaults},
        )
        for one in found
    ]


def reference_of(settings: BenchNetworks) -> Entry:
    """Return the entry of `gtl`, whose budget all contestants get, whether it takes part or not."""
    entry = entry_of("gtl", Named("gtl", "gtl"), asynchronous=settings.asynchronous)
    return replace(entry, defaults=_defaults(entry, settings))


def entry_of(name: str, named: Named, *, asynchronous: bool = False) -> Entry:
    """Return the entry of a contestant."""
    thing: Any = catalogue.find("strategy", named.strategy)
    if asynchronous:
        thing = _asynchronous(thing)
    make = thing.strategy if isinstance(thing, Variant) else thing
    return Entry(name=name, strategy=thing, settings={**_whole_settings(make, named.settings)})


def shared_settings(settings: BenchNetworks) -> dict[str, Any]:
    """Return the settings of all contestants that follow from those of the comparison, and those that are given."""
    # The reference has them even if it does not take part.
    quick = quick_settings(settings.model_dump()) if settings.quick else {}
    found: dict[str, Any] = {key: value for key, value in quick.items() if takes_setting(GTL, key)}
    found |= dict.fromkeys(SHARED["batch"], settings.batch)
    found |= dict.fromkeys(SHARED["learning_rate"], settings.learning_rate)
    if len(settings.every_rate) == 1:
        found |= dict.fromkeys(SHARED["ancestor_rate"], settings.every_rate[0])
    found |= {"critic_shots": max(settings.every_shots), "cycle": settings.generations}
    return found | settings.given


def make_setup(settings: BenchNetworks, dataset: Dataset, backbone: Backbone, device: torch.device) -> Setup:
    """Return what the conditions of a suite are made of."""
    protocol = Transfer(
        dataset=dataset,
        backbone=backbone,
        descendant=Recipe(updates=settings.updates, batch=settings.batch, learning_rate=settings.learning_rate),
        ways=settings.ways or default_ways(len(dataset.novel.classes)),
        shots=settings.every_shots[0],
        descendants=settings.descendants,
        device=device,
        workers=settings.workers,
        names={
            "dataset": settings.dataset if dataset.environments is None else dataset.name,
            "backbone": settings.backbone,
        },
    )

    def resolve_backbone(name: str, width: float = 1.0, /, *, dataset: Dataset | None = None) -> Backbone:
        return make_backbone(settings, dataset or protocol.dataset, name=name, width=width)

    @cache
    def resolve_dataset(name: str, data_root: Path | None = None, /) -> Dataset:
        return make_dataset(settings, name=name, data_root=data_root)

    return Setup(
        protocol=protocol,
        quick=settings.quick,
        backbone=resolve_backbone,
        dataset=resolve_dataset,
        ways=settings.ways,
    )


class Progress(Listener):
    """Turns what a comparison reports into steps of a bar and lines, and logs its generations.

    Attributes:
        reporter: Draws the bar; it is there when the comparison has started.
        logs: The loggers, if there are any.
        classes: What classes descendants learn.
    """

    def __init__(self, *, quiet: bool, logs: Logs | None = None, classes: str = "novel") -> None:
        self.quiet = quiet
        self.logs = logs
        self.classes = classes
        self.reporter = Reporter(1, quiet=True)
        self.work = Work([], 0, {}, [], 0)
        self.hearing = ExitStack()
        self.cell: tuple[str, int] | None = None
        self.steps = 0

    @classmethod
    @contextmanager
    def shown(cls, *, quiet: bool, logs: Logs | None = None, classes: str = "novel") -> Iterator[Progress]:
        """Return a listener whose bar is taken away at the end."""
        listener = cls(quiet=quiet, logs=logs, classes=classes)
        try:
            yield listener
        finally:
            listener.hearing.close()
            listener.reporter.__exit__(None, None, None)

    def on_start(self, work: Work) -> None:
        """Draw the bar, and say what is compared."""
        self.work = work
        self.reporter = Reporter(work.steps, quiet=self.quiet).__enter__()
        self.hearing.enter_context(watching(self.reporter.hear))
        again = f"; {work.finished} cells are finished already" if work.finished else ""
        seeds = list(dict.fromkeys(seed for _, seed in work.cells))
        begin = "" if self.classes == "novel" else f"rehearsal on {self.classes} classes: "
        self.reporter.line(
            f"{begin}{', '.join(work.planned)}; {f'{format_seeds(seeds)}, ' if seeds else ''}on "
            f"{work.conditions[0].protocol.device}, {max(work.planned.values())} gradient steps before transfer{again}"
        )
        first = "pre-training" if any(one.pretrains for one, _ in work.cells) else "starting"
        self.reporter.describe(first)

    def on_pretrained(self, contestant: Contestant, seed: int) -> None:
        """Count the steps of a pre-trained network."""
        self.reporter.advance(self.work.planned[contestant.name])
        self.reporter.line(f"pre-trained the {contestant.pretrains}, seed {seed}{self.reporter.left}")

    def on_generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
        """Count the steps of a generation and show its scores; what was pre-trained is counted already."""
        if self.logs is not None:
            self.logs.log(contestant.name, seed, generation)
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
        """Say what the descendants of a cell reached, and log it."""
        if self.logs is not None:
            self.logs.log_curves(cell.contestant, cell.seed, cell.accuracies(), over="updates")
        self.reporter.line(f"{_sentence(cell, self.classes)}{self.reporter.left}")


def _defaults(entry: Entry, settings: BenchNetworks) -> dict[str, Any]:
    """Return the settings of a contestant that follow from those of the descendants."""
    return {"pretraining_learning_rate": settings.learning_rate} if entry.pretrains == UNSHARED else {}


def _asynchronous(thing: Any) -> Any:
    """Return GTL or a variant of it without barriers, any other strategy as it is."""
    if thing in (GTL, PopulationGTL):
        return AsynchronousGTL
    if isinstance(thing, Variant) and thing.strategy in (GTL, PopulationGTL):
        return replace(thing, strategy=AsynchronousGTL, settings={**thing.settings, "average": False})
    return thing


def _whole_settings(make: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as arguments; parts of recipes stay parts, which are laid over the strategy's own."""
    known = parameters(make)
    plain = whole(make, {key: value for key, value in settings.items() if key in known})
    return {**{key: value for key, value in settings.items() if key not in known}, **plain}


def _sentence(cell: Cell, classes: str) -> str:
    finals = [record["accuracy"][-1] for record in cell.records if record["kind"] == "descendant"]
    seconds = next(record["seconds"] for record in cell.records if record["kind"] == "ancestor")
    mean = percent(sum(finals) / len(finals))
    return f"{cell.contestant}, seed {cell.seed}: {mean} % on {classes} classes, {seconds:.1f} s before transfer"


def _json(row: Mapping[str, object]) -> dict[str, object]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}

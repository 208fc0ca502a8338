"""Suites of searches at the command line: from settings to what is compared, its progress, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import click
import torch

from neuroevo import catalogue
from neuroevo.benchmarks.analysis import searches
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.searches import DROPPED, SEARCH_COLUMNS
from neuroevo.benchmarks.suites.optimize import Plan, SearchListener, SearchSetup, SearchSuite
from neuroevo.cli.build import Job, engine_facts, find, usage
from neuroevo.cli.conclusions import print_conclusions
from neuroevo.cli.contestants import Named
from neuroevo.cli.evolution import placed, prepare
from neuroevo.cli.logs import Logs, check_logs
from neuroevo.cli.output import echo
from neuroevo.cli.progress import Reporter
from neuroevo.cli.settings.derived import settings_of, whole
from neuroevo.cli.settings.load import used
from neuroevo.cli.settings.run import BenchSearches
from neuroevo.cli.tables import print_table
from neuroevo.evolution import Generation
from neuroevo.execution import WorkerMap
from neuroevo.execution.threads import one_thread
from neuroevo.files import to_json
from neuroevo.problems import Problem
from neuroevo.runs.directory import RunDirectory
from neuroevo.signatures import parameters
from neuroevo.strategies import Search


def search_names() -> list[str]:
    """Return the names of all searches over weight vectors."""
    return [name for name, entry in catalogue.entries("strategy").items() if _is_search(entry.load())]


def default_names() -> list[str]:
    """Return the names of the searches with one objective."""
    return [name for name in search_names() if cast(type[Search], find("strategy", name)).OBJECTIVES == 1]


def names_of(settings: BenchSearches, own: Sequence[Named]) -> list[str]:
    """Return the names of the contestants: those that are given or the default ones, and those of one's own."""
    given = [*(settings.strategies or default_names())]
    return [*given, *(one.name for one in own if one.name not in given)]


def make_problem(name: str, own: Mapping[str, Any]) -> Problem:
    """Return the problem of a name; it takes those of the settings that it has."""
    make = cast(Callable[..., Problem], find("problem", name))
    return make(**whole(make, {key: own[key] for key in settings_of(make) if key in own}))


@one_thread()
def prepare_searches(suite: SearchSuite, settings: BenchSearches, own: Sequence[Named]) -> Job:
    """Return what runs a suite of searches in an open run directory and prints its tables.

    Raises:
        click.UsageError: A strategy refuses a setting or searches no weight vectors, or a problem has several
            objectives.
    """
    check_logs(settings.log)
    device = prepare(settings)
    with usage():
        problems = {name: placed(make_problem(name, settings.given), device, name) for name in settings.problems}
    if refused := [name for name, problem in problems.items() if len(problem.weights) > 1]:
        raise click.UsageError(f"--problems must have one objective in this suite, but {', '.join(refused)} has more.")
    named = {one.name: one for one in own}
    chosen = [named.get(name, Named(name, name)) for name in names_of(settings, own)]
    if refused := [one.name for one in chosen if one.strategy not in search_names()]:
        raise click.UsageError(
            f"--strategies must be of {', '.join(search_names())} for the suite {suite.name}, but one is {refused[0]}."
        )
    with usage():
        for one in chosen:
            _Maker(one, settings.given, None)(next(iter(problems.values())), settings.seed)
    return partial(_run, suite, settings, problems, chosen, device)


@one_thread()
def _run(
    suite: SearchSuite,
    settings: BenchSearches,
    problems: Mapping[str, Problem],
    chosen: Sequence[Named],
    device: torch.device,
    run: RunDirectory,
    map_: WorkerMap | None,
) -> None:
    """Run a suite of searches in an open run directory and print its tables."""
    with (
        Logs.opened(settings.log, run.path, used(settings)) as logs,
        Progress.shown(evaluations=settings.evaluations, quiet=settings.quiet, logs=logs) as listener,
    ):
        run.note({"device": str(device), "threads": 1, **engine_facts(map_)})
        makes = {one.name: _Maker(one, settings.given, map_) for one in chosen}
        setup = SearchSetup(strategies=makes, problem=problems.__getitem__, quick=settings.quick)
        protocol = suite.protocol(setup, problems=settings.problems, evaluations=settings.evaluations)
        suite.run_in(run, protocol, seeds=range(settings.seed, settings.seed + settings.seeds), listener=listener)
    result = read_run(run.path)
    if settings.as_json:
        rows = [{column.heading: column.value(row) for column in SEARCH_COLUMNS} for row in result.searches]
        echo(to_json({"run": str(run.path), "rows": rows}))
        return
    for problem, found in searches.by_problem(result.searches).items():
        cells = [[column.cell(row) for column in SEARCH_COLUMNS[1:]] for row in found]
        print_table([column.heading for column in SEARCH_COLUMNS[1:]], cells, title=problem, drop=DROPPED)
        left_out = [name for name in protocol.strategies if not protocol.applies(problem, name)]
        if left_out:
            genes = problems[problem].space.size
            echo(f"Without {', '.join(left_out)}, which would not be practical for the {genes:,} genes of {problem}.")
    print_conclusions(result)


@dataclass(frozen=True)
class _Maker:
    """Makes a search of a problem and a seed; without a map it evaluates in this process."""

    named: Named
    shared: Mapping[str, Any]
    map_: WorkerMap | None

    def __call__(self, problem: Problem, seed: int) -> Search:
        make = cast(Callable[..., Search], find("strategy", self.named.strategy))
        shared = {key: self.shared[key] for key in settings_of(make) if key in self.shared}
        search = make(problem, seed=seed, **whole(make, {**shared, **self.named.settings}))
        if self.map_ is not None:
            search.toolbox.register("map", self.map_)
        return search


class Progress(SearchListener):
    """Turns what searches report into a bar and lines, and logs their generations."""

    def __init__(self, *, evaluations: int, quiet: bool, logs: Logs) -> None:
        self.evaluations = evaluations
        self.quiet = quiet
        self.logs = logs
        self.reporter = Reporter(1, quiet=True)

    @classmethod
    @contextmanager
    def shown(cls, *, evaluations: int, quiet: bool, logs: Logs) -> Iterator[Progress]:
        """Return a listener whose bar is taken away at the end."""
        listener = cls(evaluations=evaluations, quiet=quiet, logs=logs)
        try:
            yield listener
        finally:
            listener.reporter.__exit__(None, None, None)

    def on_start(self, plans: Sequence[Plan]) -> None:
        """Draw the bar."""
        total = self.evaluations * len(plans)
        self.reporter = Reporter(total, quiet=self.quiet, unit="evaluations").__enter__()

    def on_generation(self, plan: Plan, generation: Generation) -> None:
        """Log a generation."""
        problem, strategy, seed = plan
        self.logs.log(strategy, seed, generation, problem=problem)
        self.reporter.hear(len(generation.population))
        self.reporter.describe(f"{strategy} on {problem}, seed {seed}")

    def on_search(self, record: Mapping[str, Any]) -> None:
        """Say what a search reached."""
        self.reporter.advance(self.evaluations)
        self.reporter.line(f"{_sentence(record)}{self.reporter.left}")


def _is_search(thing: Any) -> bool:
    """Return whether a strategy searches the genomes of a problem over weight vectors."""
    problem = parameters(thing).get("problem") if isinstance(thing, type) else None
    return problem is not None and getattr(problem.annotation, "__name__", "") != "GraphProblem"


def _sentence(record: Mapping[str, Any]) -> str:
    return (
        f"{record['strategy']} on {record['problem']}, seed {record['seed']}: {record['best'][-1]:.3g} after "
        f"{record['evaluations'][-1]:,} evaluations, {record['seconds']:.1f} s"
    )

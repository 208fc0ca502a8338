"""Strategies over weight vectors at the command line: from settings to objects, one run, and the suite `optimize`."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, cast

import click

from neuroevo.benchmarks.analysis import searches
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.findings_searches import summary
from neuroevo.benchmarks.report.searches import SEARCH_COLUMNS
from neuroevo.benchmarks.suites.optimize import (
    CHECKPOINT_SECONDS,
    Plan,
    SearchListener,
    SearchSetup,
    SearchSuite,
    generations_within,
)
from neuroevo.cli.build import engine_facts, make_map
from neuroevo.cli.evolve import GENOME
from neuroevo.cli.names import GRAPH_PROBLEMS, GRAPH_STRATEGIES, PROBLEMS, SEARCHES, load
from neuroevo.cli.progress import Reporter
from neuroevo.cli.settings.settings import BenchSettings, EvolveSettings, RunSettings
from neuroevo.cli.tables import print_table
from neuroevo.evolution import Generation, evolve
from neuroevo.execution import WorkerMap
from neuroevo.execution.threads import one_thread
from neuroevo.files import to_json
from neuroevo.genome import Genome
from neuroevo.problems import Landscape, Problem
from neuroevo.problems.graphs import GraphProblem
from neuroevo.runs.directory import RunDirectory
from neuroevo.strategies import NEAT, Search

LINES = 20
"""Lines of progress of one run, about."""


def prepare(settings: RunSettings) -> None:
    """Make the process ready for searches, of which those of the command line run on the CPU.

    What was imported is frozen: garbage collections, which many young individuals set off, needn't look at it.

    Raises:
        click.UsageError: The run may not take the CPU.
    """
    if settings.device not in ("auto", "cpu"):
        raise click.UsageError(
            f"--device must be auto or cpu for this strategy, but it is {settings.device}; "
            "in Python, give the problem its space and data on a device."
        )
    gc.freeze()


def make_problem(name: str, settings: RunSettings) -> Problem:
    """Return the problem of a name; functions have the number of genes that the settings say, or their own.

    Raises:
        click.UsageError: Only graphs are scored on it.
    """
    if name not in PROBLEMS:
        raise click.UsageError(f"{name} is for graphs; choose a problem of {', '.join(PROBLEMS)}.")
    made = load(PROBLEMS[name])
    if isinstance(made, Landscape):
        return made(settings.dimensions)
    return cast(Callable[[], Problem], made)()


def make_search(
    name: str, settings: RunSettings, problem: Problem, seed: int, *, map_: WorkerMap | None = None
) -> Search:
    """Return the strategy of a name on a problem; without a map it evaluates in this process."""
    search = cast(Search, _make(SEARCHES[name], settings, problem, seed))
    if map_ is not None:
        search.toolbox.register("map", map_)
    return search


def make_strategy(settings: EvolveSettings) -> Search | NEAT:
    """Return the strategy of a run over weight vectors or graphs.

    Raises:
        click.UsageError: The problem is none of the strategy's.
    """
    if settings.strategy in SEARCHES:
        return make_search(settings.strategy, settings, make_problem(settings.problem, settings), settings.seed)
    if settings.problem not in GRAPH_PROBLEMS:
        known = ", ".join(GRAPH_PROBLEMS)
        raise click.UsageError(
            f"--problem must be one of {known} for {settings.strategy}, but it is {settings.problem}."
        )
    problem = cast(Callable[[], GraphProblem], load(GRAPH_PROBLEMS[settings.problem]))()
    return cast(NEAT, _make(GRAPH_STRATEGIES[settings.strategy], settings, problem, settings.seed))


def _make(target: str, settings: RunSettings, problem: object, seed: int) -> object:
    sizes = {} if settings.individuals is None else {"population": settings.individuals}
    return cast(Callable[..., object], load(target))(problem, seed=seed, **sizes)


@one_thread()
def run_search(settings: EvolveSettings, run: RunDirectory) -> dict[str, Any]:
    """Run one strategy on one problem, save its best genome and return what it reached."""
    prepare(settings)
    strategy = make_strategy(settings)
    generations = generations_within(strategy, settings.evaluations)
    with (
        make_map(settings) as map_,
        Reporter(settings.evaluations, quiet=settings.quiet, unit="evaluations") as reporter,
    ):
        run.note({"device": "cpu", "threads": 1, **engine_facts(map_)})
        if map_ is not None:
            strategy.toolbox.register("map", map_)

        def report(generation: Generation) -> None:
            reporter.advance(len(generation.population))
            if generation.number % max(1, generations // LINES) == 0:
                best = _in_text(strategy.record()["best_values"])
                reporter.line(f"generation {generation.number + 1}/{generations}: best {best}{reporter.left}")

        run.stop.check()
        with closing(
            evolve(strategy, generations, run_dir=run.path, checkpoint_seconds=CHECKPOINT_SECONDS, callbacks=[report])
        ) as going:
            for _ in going:
                run.stop.check()
    genome = best_genome(strategy, strategy=settings.strategy, problem=settings.problem, seed=settings.seed)
    path = run.path / GENOME
    genome.save(path)
    return {
        "genome": str(path),
        "values": genome.notes["values"],
        "genes": sum(block.numel() for block in genome.blocks.values()),
        "evaluations": strategy.budget.evaluations,
    }


def best_genome(strategy: Search | NEAT, /, **notes: object) -> Genome:
    """Return the result of a strategy with its values among the notes."""
    best = strategy.result()
    notes |= {"values": list(best.fitness.values)}
    return best.genome.to_genome(**notes) if isinstance(strategy, NEAT) else Genome.of(best, strategy.space, **notes)


def _in_text(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


@one_thread()
def optimize(suite: SearchSuite, settings: BenchSettings, run: RunDirectory) -> None:
    """Run a suite over weight vectors and print its tables; what is in the run directory already is not run again."""
    prepare(settings)
    problems = {name: make_problem(name, settings) for name in settings.problems}
    if refused := [name for name, problem in problems.items() if len(problem.weights) > 1]:
        raise click.UsageError(f"--problems must have one objective in this suite, but {', '.join(refused)} has more.")
    names = applicable(settings.strategies)
    with make_map(settings) as map_, Progress.shown(quiet=settings.quiet) as listener:
        run.note({"device": "cpu", "threads": 1, **engine_facts(map_)})
        makes = {name: partial(make_search, name, settings, map_=map_) for name in names}
        setup = SearchSetup(strategies=makes, problem=problems.__getitem__, quick=settings.quick)
        protocol = suite.protocol(setup, problems=settings.problems, evaluations=settings.evaluations)
        suite.run_in(run, protocol, seeds=range(settings.seed, settings.seed + settings.seeds), listener=listener)
    result = read_run(run.path)
    if settings.as_json:
        rows = [{column.heading: column.value(row) for column in SEARCH_COLUMNS} for row in result.searches]
        click.echo(to_json({"run": str(run.path), "rows": rows}))
        return
    for problem, found in searches.by_problem(result.searches).items():
        cells = [[column.cell(row) for column in SEARCH_COLUMNS[1:]] for row in found]
        print_table([column.heading for column in SEARCH_COLUMNS[1:]], cells, title=problem)
    click.echo("\n".join(summary(result.searches)))


class Progress(SearchListener):
    """Turns what searches report into a bar and lines."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.reporter = Reporter(1, quiet=True)

    @classmethod
    @contextmanager
    def shown(cls, *, quiet: bool) -> Iterator[Progress]:
        """Return a listener whose bar is taken away at the end."""
        listener = cls(quiet=quiet)
        try:
            yield listener
        finally:
            listener.reporter.__exit__(None, None, None)

    def on_start(self, plans: Sequence[Plan]) -> None:
        """Draw the bar."""
        self.reporter = Reporter(len(plans), quiet=self.quiet, unit="searches").__enter__()

    def on_search(self, record: Mapping[str, Any]) -> None:
        """Say what a search reached."""
        self.reporter.advance(1)
        self.reporter.line(f"{_sentence(record)}{self.reporter.left}")


def applicable(names: Sequence[str]) -> list[str]:
    """Return the strategies among the names that search weight vectors; of the default names, all that there are.

    Raises:
        click.UsageError: There is none.
    """
    if tuple(names) == BenchSettings.model_fields["strategies"].default:
        return [name for name in SEARCHES if _objectives(name) == 1]
    if not (chosen := [name for name in names if name in SEARCHES]):
        raise click.UsageError(f"--strategies must name some of {', '.join(SEARCHES)} for the suite optimize.")
    return chosen


def _objectives(name: str) -> int | None:
    return cast(type[Search], load(SEARCHES[name])).OBJECTIVES


def _sentence(record: Mapping[str, Any]) -> str:
    return (
        f"{record['strategy']} on {record['problem']}, seed {record['seed']}: {record['best'][-1]:.3g} after "
        f"{record['evaluations'][-1]:,} evaluations, {record['seconds']:.1f} s"
    )

"""Strategies over weight vectors at the command line: from settings to objects, one run, and the suite `optimize`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import click

from neuroevo.benchmarks import optimize as optimize_benchmark
from neuroevo.benchmarks import searches
from neuroevo.benchmarks.columns_searches import SEARCH_COLUMNS
from neuroevo.benchmarks.findings_searches import summary
from neuroevo.benchmarks.optimize import Optimize, Plan, finished, generations_within
from neuroevo.benchmarks.report import to_html
from neuroevo.benchmarks.results import read_result
from neuroevo.cli.evolve import GENOME
from neuroevo.cli.names import PROBLEMS, SEARCHES, load
from neuroevo.cli.progress import Reporter
from neuroevo.cli.tables import print_table
from neuroevo.evolution import Generation, evolve
from neuroevo.files import to_json, write_atomically
from neuroevo.genome import Genome
from neuroevo.problems import Landscape, Problem
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records, salvage_records
from neuroevo.runs.settings import BenchSettings, EvolveSettings, RunSettings
from neuroevo.strategies import Search

REPORT = "report.html"
LINES = 20
"""Lines of progress of one run, about."""


def make_problem(name: str, settings: RunSettings) -> Problem:
    """Return the problem of a name; functions have the number of genes that the settings say, or their own."""
    made = load(PROBLEMS[name])
    if isinstance(made, Landscape):
        return made(settings.dimensions)
    return cast(Callable[[], Problem], made)()


def make_search(name: str, settings: RunSettings, problem: Problem, seed: int) -> Search:
    """Return the strategy of a name on a problem."""
    kind = cast(type[Search], load(SEARCHES[name]))
    sizes = {} if settings.individuals is None else {"population": settings.individuals}
    return kind(problem, seed=seed, **sizes)


def run_search(settings: EvolveSettings, run: RunDirectory) -> None:
    """Run one strategy on one problem, save its best genome and say what it reached."""
    run.note({"device": "cpu"})
    problem = make_problem(settings.problem, settings)
    strategy = make_search(settings.strategy, settings, problem, settings.seed)
    generations = generations_within(strategy, settings.evaluations)
    with Reporter(settings.evaluations, quiet=settings.quiet, unit="evaluations") as reporter:

        def report(generation: Generation) -> None:
            reporter.advance(len(generation.population))
            if generation.number % max(1, generations // LINES) == 0:
                best = ", ".join(f"{value:.6g}" for value in strategy.record()["best_values"])
                reporter.line(f"generation {generation.number + 1}/{generations}: best {best}{reporter.left}")

        for _ in evolve(strategy, generations, run_dir=run.path, callbacks=[report]):
            pass
    best = strategy.result()
    notes = {"strategy": settings.strategy, "problem": settings.problem, "seed": settings.seed}
    values = list(best.fitness.values)
    path = run.path / GENOME
    Genome.of(best, problem.space, **notes, values=values).save(path)
    evaluations = strategy.budget.evaluations
    if settings.as_json:
        click.echo(
            json.dumps({"genome": str(path), "values": values, "genes": problem.space.size, "evaluations": evaluations})
        )
    else:
        told = ", ".join(f"{value:.6g}" for value in values)
        click.echo(
            f"The best of {evaluations:,} evaluations on {settings.problem} ({problem.space.size:,} genes) is {told}.\n"
            f"Saved: {path}"
        )


def optimize(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `optimize`; what is in the run directory already is not run again."""
    run.note({"device": "cpu"})
    problems = {name: make_problem(name, settings) for name in settings.problems}
    if refused := [name for name, problem in problems.items() if len(problem.weights) > 1]:
        raise click.UsageError(f"--problems must have one objective in this suite, but {', '.join(refused)} has more.")
    makes = {name: partial(make_search, name, settings) for name in applicable(settings.strategies)}
    protocol = Optimize(problems, makes, settings.evaluations)
    seeds = range(settings.seed, settings.seed + settings.seeds)
    plans = protocol.plans(seeds, done=_kept(run))
    with Reporter(len(plans), quiet=settings.quiet, unit="searches") as reporter, Records(run.records) as records:
        for record in optimize_benchmark.run(protocol, plans):
            records.append(record)
            reporter.advance(1)
            reporter.line(f"{_sentence(record)}{reporter.left}")
    result = read_result(run.path)
    write_atomically(run.path / "summary.csv", searches.to_csv(result.searches).encode())
    write_atomically(run.path / REPORT, to_html([result]).encode())
    if settings.as_json:
        rows = [{column.heading: column.value(row) for column in SEARCH_COLUMNS} for row in result.searches]
        click.echo(to_json({"run": str(run.path), "rows": rows}))
        return
    for problem, found in searches.by_problem(result.searches).items():
        cells = [[column.cell(row) for column in SEARCH_COLUMNS[1:]] for row in found]
        print_table([column.heading for column in SEARCH_COLUMNS[1:]], cells, title=problem)
    click.echo("\n".join(summary(result.searches)))


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


def _kept(run: RunDirectory) -> set[Plan]:
    if not run.records.exists():
        return set()
    records, _ = salvage_records(run.records)
    return finished(records)


def _sentence(record: Mapping[str, Any]) -> str:
    return (
        f"{record['strategy']} on {record['problem']}, seed {record['seed']}: {record['best'][-1]:.3g} after "
        f"{record['evaluations'][-1]:,} evaluations, {record['seconds']:.1f} s"
    )

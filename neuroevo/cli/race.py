"""The suite `race` at the command line: from settings to what is compared, its progress, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import click

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.race.report import compared, profiled
from neuroevo.benchmarks.race.suite import Race, RaceSuite, all_entrants
from neuroevo.benchmarks.suites.optimize import Plan, SearchListener
from neuroevo.cli.build import Job, engine_facts, usage
from neuroevo.cli.output import echo
from neuroevo.cli.progress import Reporter
from neuroevo.cli.settings.run import BenchRace
from neuroevo.cli.tables import print_sentence, print_table
from neuroevo.execution import WorkerMap
from neuroevo.files import to_json
from neuroevo.runs.directory import RunDirectory


def prepare_race(suite: RaceSuite, settings: BenchRace) -> Job:
    """Return what runs the race in an open run directory and prints its tables.

    Raises:
        click.UsageError: A problem or an entrant is not known, or generations are to be logged.
    """
    if settings.log:
        raise click.UsageError("--log must be left out, for searches of other libraries report no generations.")
    with usage():
        _protocol(suite, settings)
    return partial(_run, suite, settings)


def _protocol(suite: RaceSuite, settings: BenchRace) -> Race:
    return suite.protocol(
        settings.quick,
        problems=settings.problems,
        entrants=settings.entrants,
        evaluations=settings.evaluations,
        data_root=settings.data_root,
    )


def _run(suite: RaceSuite, settings: BenchRace, run: RunDirectory, map_: WorkerMap | None) -> None:
    """Run the race in an open run directory and print its tables."""
    known = all_entrants()
    for sentence in dict.fromkeys(known[name].missing for name in settings.entrants or known):
        if sentence is not None:
            echo(sentence, err=True)
    run.note({"device": "cpu", "threads": 1, **engine_facts(map_)})
    race = replace(_protocol(suite, settings), map_=map_)
    with Reporter(1, quiet=settings.quiet, unit="searches") as reporter:
        seeds = range(settings.seed, settings.seed + settings.seeds)
        suite.run_in(run, race, seeds=seeds, listener=_Progress(reporter))
    result = read_run(run.path)
    if settings.as_json:
        echo(to_json({"run": str(run.path), "records": list(result.records)}))
        return
    for table in filter(None, (profiled(result.records), compared(result.records))):
        print_table(table.headings, table.rows, title=table.title)
        print_sentence(table.sentence)


class _Progress(SearchListener):
    """Turns what is finished into a bar and lines."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter

    def on_start(self, plans: Sequence[Plan]) -> None:
        """Count what there is to run."""
        self.reporter.expect(len(plans))

    def on_search(self, record: Mapping[str, Any]) -> None:
        """Say what a search reached."""
        self.reporter.advance(1)
        value = record["best"][-1]
        self.reporter.line(
            f"{record['strategy']} on {record['problem']}, seed {record['seed']}: {value:.3g} after "
            f"{record['evaluations'][-1]:,} evaluations, {record['seconds']:.1f} s{self.reporter.left}"
        )

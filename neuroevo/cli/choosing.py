"""Rates and budgets that `neuroevo bench` chooses for each contestant, in a rehearsal before the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from neuroevo.benchmarks.analysis.results import CHOSEN
from neuroevo.benchmarks.report.files import write_page
from neuroevo.benchmarks.suites.choosing import Choice, Choices, as_json, from_json, planned_steps, trains
from neuroevo.benchmarks.suites.listener import Listener
from neuroevo.benchmarks.suites.roster import Entry, Roster
from neuroevo.benchmarks.suites.suite import Setup
from neuroevo.cli.settings.run import BenchNetworks
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.names import REHEARSAL


def choices_of(settings: BenchNetworks, roster: Roster, setup: Setup) -> Choices | None:
    """Return what is to be chosen for each contestant before the comparison; None if nothing is.

    Raises:
        ValueError: There can be no rehearsal on the data set.
    """
    rates, parts = settings.every_rate, settings.every_part
    if len(rates) < 2 and parts == (1.0,):
        return None
    return Choices(roster=roster, protocol=setup.protocol, rates=rates if len(rates) > 1 else (), parts=parts)


def chosen(
    choices: Choices,
    entries: Sequence[Entry],
    run: RunDirectory,
    *,
    listening: Callable[[], AbstractContextManager[Listener]],
) -> list[Entry]:
    """Return the entries with what is best for each, which is noted in `run.json`.

    Unless there is only one choice, the trials are run in a folder of the run, or resumed there.
    """
    noted = run.facts.get(CHOSEN)
    found = from_json(noted) if isinstance(noted, Mapping) else _found(choices, entries, run, listening)
    steps = planned_steps(choices.roster, [one for one in entries if one.name in found])
    return [found[one.name].of(one, steps=steps[one.name]) if one.name in found else one for one in entries]


def _found(
    choices: Choices,
    entries: Sequence[Entry],
    run: RunDirectory,
    listening: Callable[[], AbstractContextManager[Listener]],
) -> dict[str, Choice]:
    trained = [one for one in entries if trains(one)]
    if all(len(choices.of(one)) == 1 for one in trained):
        return {one.name: choices.of(one)[0] for one in trained}
    folder = run.path / REHEARSAL
    with RunDirectory.begin_or_resume(folder, what="bench") as directory, listening() as listener:
        # A signal that asks the run to stop is for the trials, too.
        directory.stop = run.stop
        found = choices.run_in(directory, entries, listener=listener)
    write_page(folder)
    run.note({CHOSEN: as_json(found)})
    return found

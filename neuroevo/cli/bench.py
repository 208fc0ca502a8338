"""`neuroevo bench`: compares strategies over several seeds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from neuroevo import catalogue
from neuroevo.cli.contestants import Named, check, contestants_of, settings_of_all
from neuroevo.cli.help import Option
from neuroevo.cli.interruption import interruptible, resumable
from neuroevo.cli.options import Call, DerivedCommand, settings_command
from neuroevo.cli.output import echo
from neuroevo.cli.settings.derived import Fields, grouped, settings_of, with_default
from neuroevo.cli.settings.groups import RUN
from neuroevo.cli.settings.load import fields, to_toml, used, with_settings
from neuroevo.cli.settings.presets import preset_suites
from neuroevo.cli.settings.quick import kept, quick_settings
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.run import Bench, BenchMeasurement, BenchNetworks, BenchRace, BenchSearches, Data, Workers
from neuroevo.cli.status import status
from neuroevo.files import write_atomically
from neuroevo.runs.directory import RunDirectory, default_folder, read_facts
from neuroevo.runs.names import FACTS, SETTINGS
from neuroevo.signatures import parameters
from neuroevo.spelling import unknown

if TYPE_CHECKING:
    from neuroevo.benchmarks.race.suite import RaceSuite
    from neuroevo.benchmarks.suites.measurement import Measurement
    from neuroevo.benchmarks.suites.optimize import SearchSuite
    from neuroevo.benchmarks.suites.suite import Suite
    from neuroevo.cli.build import Job
    from neuroevo.execution import WorkerMap

HELP = """Compare strategies over several seeds, with honest statistics.

    SUITE says what is compared: `neuroevo list suite` shows them, transfer is the default. The options are those of the
    suites and of the strategies; a setting of a strategy is given to every strategy that has it, and to one alone by
    --contestant.

    Results go to a run directory, whose path is printed last: records, a summary and a report to look at. A run that
    was interrupted is resumed with --resume; what it finished is kept.
    """
EXAMPLES = (
    "neuroevo bench --quick",
    "neuroevo bench --strategies scratch,narrow-pretraining,gtl --seeds 5",
    "neuroevo bench --contestant bold=gtl:mutation_rate=0.2,elites=0",
)


@dataclass(frozen=True)
class Chosen:
    """A suite that was chosen by name.

    Attributes:
        name: Its name.
        suite: What it is.
        model: The settings that it reads.
    """

    name: str
    suite: Suite | SearchSuite | RaceSuite | Measurement[Any]
    model: type[Bench]


def _command(call: Call) -> click.Command:
    """Return the command with the options of the suites and the contestants that the words name."""
    preset = "".join(call.names("preset"))
    names = call.names("suites", position=0) or preset_suites(preset) or ["transfer"]
    suites = catalogue.entries("suite")
    for name in names:
        if name not in suites:
            raise click.UsageError(unknown("SUITE", name, suites, shown_by="neuroevo list suite"))
    own = contestants_of(call)
    strategies = call.names("strategies")
    check(strategies, own)
    # Only now is torch needed.
    status.say("loading PyTorch")
    from neuroevo.cli.owners import owners

    chosen = [_chosen(name, call, strategies, own) for name in dict.fromkeys(names)]
    bases = tuple(dict.fromkeys(base for one in chosen for base in [one.model.static()]))
    added: Fields = {}
    for one in chosen:
        static = one.model.static().model_fields
        added |= {key: (info.annotation, info) for key, info in one.model.model_fields.items() if key not in static}
    model = with_settings(bases, added)
    contestant = Option(
        ["--contestant"],
        group=RUN,
        multiple=True,
        metavar="NAME=STRATEGY:SETTING=VALUE,…",
        help="A strategy with settings of its own under a name of yours; may be given several times.",
    )

    def run(settings: Bench, resume: Path | None, contestant: Sequence[str] = ()) -> None:
        del contestant  # read before the options were known
        _run(settings, resume, chosen, own)

    compares = any(one.model.static() in (BenchNetworks, BenchSearches) for one in chosen)
    return settings_command(
        "bench",
        model,
        run,
        call=call,
        what=" ".join(["the suite" if len(chosen) == 1 else "the suites", *(one.name for one in chosen)]),
        help=HELP,
        examples=EXAMPLES,
        owners=owners,
        resumable=True,
        more=[contestant] if compares else [],
    )


command = DerivedCommand("bench", _command, (BenchNetworks, BenchSearches, BenchRace))


def _chosen(name: str, call: Call, strategies: Sequence[str], own: Sequence[Named]) -> Chosen:
    from neuroevo.benchmarks.suites.measurement import Measurement
    from neuroevo.benchmarks.suites.optimize import SearchSuite
    from neuroevo.benchmarks.suites.suite import Suite
    from neuroevo.cli import comparison, search_comparison

    suite: Any = catalogue.find("suite", name)
    named = {one.name: one.strategy for one in own}
    if isinstance(suite, Measurement):
        derived = grouped(settings_of(suite.measure), f"Suite {name}")
        # A measurement that is of a backbone has it as other runs do.
        backbone = {key: info for key, info in Data.model_fields.items() if key == "backbone"}
        read = {key: (info.annotation, info) for key, info in backbone.items() if key in parameters(suite.measure)}
        return Chosen(name, suite, with_settings(BenchMeasurement, {**derived, **read}))
    if isinstance(suite, SearchSuite):
        names = strategies or search_comparison.default_names()
        found = settings_of_all([*(named.get(one, one) for one in names), *named.values()])
        problems = call.names("problems") or BenchSearches.model_fields["problems"].default
        for problem in problems:
            found = {**settings_of_problem(problem), **found}
        return Chosen(name, suite, with_settings(BenchSearches, found))
    if not isinstance(suite, Suite):  # a race, whose module imports what all searches need
        return Chosen(name, suite, with_settings(BenchRace, {}))
    static = suite.contestants if not callable(suite.contestants) else ()
    names = strategies or [*(static or comparison.DEFAULT)]
    found = {**settings_of_all([*(named.get(one, one) for one in names), *named.values()])}
    suites = grouped(settings_of(suite.conditions), f"Suite {name}")
    if both := sorted(suites.keys() & found.keys()):
        raise click.UsageError(
            f"a setting must have one meaning, but suite {name} and a strategy each have {both[0]}; rename the suite's."
        )
    return Chosen(name, suite, with_settings(BenchNetworks, {**suites, **found}))


def settings_of_problem(name: str) -> Fields:
    """Return the settings of a problem, all of them optional.

    Raises:
        click.UsageError: There is none of that name.
    """
    from neuroevo.cli.build import find

    found = grouped(settings_of(find("problem", name)), f"Problem {name}")  # type: ignore[arg-type]
    return {key: (kind | None, with_default(info, None)) for key, (kind, info) in found.items()}


def _run(settings: Bench, resume: Path | None, chosen: Sequence[Chosen], own: Sequence[Named]) -> None:
    # Settings are checked by now, and only a run needs torch.
    from neuroevo.cli.build import make_device

    make_device(settings)  # a device that is not there is refused before any folder is made
    out = resume or settings.out or default_folder("bench")
    if len(chosen) > 1 and resume is None:
        # Each suite notes what it reads itself; these are for a run that is resumed before all of them began.
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / SETTINGS, to_toml(_used(settings, own)).encode())
    if len(chosen) > 1:
        # What a later suite refuses is said before the first one runs.
        for one in chosen:
            _prepared(one, _part(settings, one), own)
    with resumable("bench", out, settings):
        for one in chosen:
            # One suite takes the folder itself, several have a folder each in it.
            folder = out / one.name if len(chosen) > 1 else out
            _run_suite(one, _part(settings, one), own, folder, resume=resume is not None)
            if not settings.as_json:
                echo(f"Results: {folder}")


def _part(settings: Bench, one: Chosen) -> Bench:
    """Return the settings that a suite reads."""
    given = settings.model_dump(by_alias=True, exclude_unset=True)
    read = {key: value for key, value in given.items() if key in fields(one.model)}
    return one.model.model_validate({**read, "suites": (one.name,)})


def _run_suite(one: Chosen, settings: Bench, own: Sequence[Named], folder: Path, *, resume: bool) -> None:
    from neuroevo.benchmarks.report.files import write_page
    from neuroevo.cli.build import make_map

    before = read_facts(folder) if resume and (folder / FACTS).exists() else {}
    # `auto` may stand for another device by now.
    work = _prepared(one, settings.model_copy(update={"device": before.get("device", settings.device)}), own)
    if settings.quick and not (settings.quiet or resume) and (sentence := _kept(settings)):
        echo(sentence, err=True)
    opened = RunDirectory.resume if resume else RunDirectory.create
    values = _used(settings, own)
    with (
        make_map(settings) if isinstance(settings, Workers) else nullcontext() as map_,
        opened(folder, what="bench", settings=to_toml(values), argv=sys.argv) as run,
        interruptible(run),
    ):
        run.note({"suite": one.name, "repeat": ["neuroevo", *repeated("bench", values, fields(type(settings)))]})
        work(run, map_)
    write_page(run.path)


def _kept(settings: Bench) -> str:
    """Return which values that are given a quick run would choose otherwise."""
    values = settings.model_dump(by_alias=True)
    return kept(values, quick_settings(values))


def _used(settings: Bench, own: Sequence[Named]) -> dict[str, Any]:
    """Return the settings of a run as they are written: those that are used, and the tables of contestants."""
    values = {key: value for key, value in used(settings).items() if value not in (None, [])}
    tables: Mapping[str, Any] = {one.name: dict(one.table) for one in own}
    return {**values, "contestants": tables} if own else values


def _prepared(one: Chosen, settings: Bench, own: Sequence[Named]) -> Job:
    """Return what runs a suite in an open run directory; what strategies refuse is refused before there is any."""
    if isinstance(settings, BenchNetworks):
        from neuroevo.cli.comparison import prepare_comparison

        return prepare_comparison(cast("Suite", one.suite), settings, own)
    if isinstance(settings, BenchSearches):
        from neuroevo.cli.search_comparison import prepare_searches

        return prepare_searches(cast("SearchSuite", one.suite), settings, own)
    if isinstance(settings, BenchRace):
        from neuroevo.cli.race import prepare_race

        return prepare_race(cast("RaceSuite", one.suite), settings)
    return partial(_measure, cast("Measurement[Any]", one.suite), settings)


def _measure(suite: Measurement[Any], settings: Bench, run: RunDirectory, map_: WorkerMap | None) -> None:
    """Run a suite of measurements and print its result."""
    from neuroevo.benchmarks.analysis.results import read_run
    from neuroevo.benchmarks.suites.measurement import MeasurementSetup
    from neuroevo.cli.build import make_device
    from neuroevo.cli.conclusions import print_next_steps
    from neuroevo.cli.progress import Reporter
    from neuroevo.cli.settings.derived import whole

    del map_
    with Reporter(1, quiet=settings.quiet) as reporter:
        reporter.describe("measuring")

        def on_sample(done: int, total: int) -> None:
            reporter.expect(total)
            if done:
                reporter.advance(1)

        setup = MeasurementSetup(device=make_device(settings), quick=settings.quick, on_sample=on_sample)
        result = suite.run_in(run, setup, **whole(suite.measure, settings.own))
    if settings.as_json:
        echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        echo(suite.describe(result))
        print_next_steps(read_run(run.path))

"""`neuroevo evolve`: runs one strategy and saves what it passes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuroevo import catalogue
from neuroevo.cli.completion import completing
from neuroevo.cli.for_people import number, sequence
from neuroevo.cli.help import Command, Option
from neuroevo.cli.interruption import resumable
from neuroevo.cli.options import Call, DerivedCommand, common, settings_command
from neuroevo.cli.output import echo, echo_sentences
from neuroevo.cli.settings.groups import RUN
from neuroevo.cli.settings.load import with_settings
from neuroevo.cli.settings.run import EvolveCandidate, EvolveNetworks, EvolveSearch
from neuroevo.cli.status import status
from neuroevo.files import CheckpointError
from neuroevo.runs.directory import default_folder, read_facts
from neuroevo.runs.names import CHECKPOINTS, FACTS
from neuroevo.runs.products import located, product
from neuroevo.spelling import unknown

if TYPE_CHECKING:
    from neuroevo.cli.evolution import Chosen

Evolve = EvolveNetworks | EvolveCandidate | EvolveSearch

HELP = """Run one STRATEGY and save what it passes on in the run directory; the path of the file is printed last.

    That is a learngene or, of a strategy over weight vectors or graphs, the best genome for --problem. The options are
    those of the strategy and of its problem.

    A signal stops the run after its generation; --resume continues it, to more --generations if they are given.
    """
GENERAL = """Run one STRATEGY and save what it passes on in the run directory; the path of the file is printed last.

    Every strategy has options of its own: `neuroevo evolve STRATEGY --help` shows them.
    """
EXAMPLES = (
    "neuroevo evolve gtl --quick",
    "neuroevo evolve snes --problem rastrigin --dimensions 20 --sigma 1",
    "neuroevo evolve --resume runs/evolve-20260101-120000",
)


def _command(call: Call) -> click.Command:
    """Return the command with the options of the strategy that the words name."""
    strategies = catalogue.entries("strategy")
    # Flags that are not known yet may take the word behind them as a value or not.
    name = next(iter([*call.names("strategy", position=0), *(word for word in call.words if word in strategies)]), "")
    if not name and call.resume is not None and call.resume.is_dir():
        lost = f"but {call.settings} names no strategy; restore it, or begin anew in another folder."
        raise click.UsageError(next(iter(call.errors), f"--resume needs the settings that the run began with, {lost}"))
    if not name:
        return _general()
    if name not in strategies:
        raise click.UsageError(unknown("STRATEGY", name, strategies, shown_by="neuroevo list strategy"))
    # Only now is torch needed.
    status.say("loading PyTorch")
    from neuroevo.cli import evolution
    from neuroevo.cli.owners import owners

    strategy = evolution.Chosen.of(name, next(iter(call.names("problem")), ""), asynchronous=_asynchronous(call))
    if name == "scratch":
        raise click.UsageError("scratch transfers nothing, so there is no learngene to save; choose another strategy.")
    model = with_settings(strategy.model, strategy.settings())

    def run(settings: Evolve, resume: Path | None) -> None:
        _run(settings, resume, strategy)

    return settings_command(
        "evolve",
        model,
        run,
        call=call,
        what=strategy.described,
        help=HELP,
        examples=strategy.examples,
        owners=owners,
        resumable=True,
    )


def _asynchronous(call: Call) -> bool:
    """Return whether GTL is to run asynchronously, which decides about its settings."""
    if call.resume is None and {"--asynchronous", "--no-asynchronous"} & {*call.words}:
        return "--asynchronous" in call.words
    given = call.environ.get("NEUROEVO_ASYNCHRONOUS") or call.table.get("asynchronous", False)
    return str(given).lower() in ("true", "t", "yes", "y", "on", "1")


def _general() -> click.Command:
    """Return the command without a strategy, which explains itself."""

    def explain(**flags: object) -> None:
        del flags
        raise click.UsageError(
            f"STRATEGY must be given, for example: {EXAMPLES[0]}; `neuroevo list strategy` shows what there is."
        )

    # Whatever options there are belong to the strategy that is missing.
    strategy = click.Argument(["strategy"], required=False, nargs=-1, metavar="STRATEGY")
    return Command(
        "evolve",
        callback=explain,
        help=GENERAL,
        examples=EXAMPLES,
        params=[strategy, *common(resumable=True)],
        context_settings={"ignore_unknown_options": True},
    )


def _problems() -> list[str]:
    return [*catalogue.entries("graph problem"), *catalogue.entries("problem")]


command = DerivedCommand(
    "evolve",
    _command,
    (EvolveNetworks, EvolveSearch),
    [Option(["--problem"], group=RUN, shell_complete=completing(_problems))],
)


def _run(settings: Evolve, resume: Path | None, strategy: Chosen) -> None:
    if resume is not None and (result := _finished(settings, resume)):
        if (lost := _lost(result, resume)) is None:
            try:
                _print(located(result, resume), settings, first=f"Nothing to do: the run in {resume} is finished.\n")
            except (LookupError, TypeError, ValueError) as error:
                raise CheckpointError(f"{resume / FACTS} is damaged: its result is none ({error}).") from error
            return
        echo(f"Note: the run in {resume} is finished, but {lost}; it is made from the last checkpoint.", err=True)
    folder = resume or settings.out or default_folder("evolve")
    with resumable("evolve", folder, settings):
        _print(located(strategy.run(settings, folder, resumes=resume is not None), folder), settings)


def _finished(settings: Evolve, folder: Path) -> dict[str, Any]:
    """Return the result that a folder holds of these stop conditions, or nothing."""
    facts = read_facts(folder) if (folder / FACTS).exists() else {}
    wanted = {key: getattr(settings, key, None) for key in ("generations", "evaluations")}
    complete = facts.get("status") == "finished" and facts.get("stop") == wanted
    found: dict[str, Any] = facts.get("result", {}) if complete else {}
    return found


def _lost(result: Mapping[str, Any], folder: Path) -> str | None:
    """Return what is wrong with the file that a finished run saved, in words; None if it is there and whole.

    Raises:
        CheckpointError: It can't be made again, for there is no checkpoint.
    """
    from neuroevo.genome import Genome
    from neuroevo.learngene import Learngene
    from neuroevo.runs.checkpoint import load_checkpoint

    if (path := product(result, folder)) is None:
        return None
    kind = Genome if "genome" in result else Learngene
    try:
        kind.load(path)
    except FileNotFoundError:
        lost = f"its file {path.name} is missing"
    except CheckpointError:
        lost = f"its file {path.name} is damaged"
    else:
        return None
    if load_checkpoint(folder / CHECKPOINTS) is None:
        raise CheckpointError(
            f"The run in {folder} is finished, but {lost} and there is no checkpoint to make it from; restore the "
            "file, or run it again in another folder."
        )
    return lost


def _print(result: Mapping[str, Any], settings: Evolve, *, first: str = "") -> None:
    if settings.as_json:
        echo(json.dumps(result))
    elif "genome" in result:
        values = sequence([number(value) for value in result["values"]])
        echo_sentences(
            f"{first}The best of {result['evaluations']:,} evaluations on {result['problem']} "
            f"({result['genes']:,} genes) is {values}.\nSaved: {result['genome']}"
        )
    else:
        echo_sentences(
            f"{first}The learngene holds {result['parameters']:,} parameters ({100 * result['share']:.1f} % of the "
            f"backbone's), scores {result['score']:.3f} on held-out classes and took {result['gradient_steps']:,} "
            f"gradient steps.\nSaved: {result['learngene']}"
        )

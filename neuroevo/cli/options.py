"""Commands whose options follow from what runs: the settings of a run, and those of its strategy, problem or suite.

Options take their values as text: the settings are read and checked all together, so that one call shows every mistake.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from neuroevo import catalogue
from neuroevo.cli.checked import Existing
from neuroevo.cli.help import Command, Option
from neuroevo.cli.parameters import parameters_of
from neuroevo.cli.settings.groups import RUN
from neuroevo.cli.settings.load import anywhere, load
from neuroevo.cli.settings.run import Settings, Workers
from neuroevo.cli.settings.sources import Sources, read_table, unread, variable
from neuroevo.cli.settings.values import shown
from neuroevo.runs.names import SETTINGS


@dataclass(frozen=True)
class Call:
    """The words of a command before its options are known.

    Attributes:
        words: The words.
        settings: The TOML file of settings that is named, or that of the run that is resumed.
        resume: The folder of the run that is resumed, or None.
        table: What the file holds.
        errors: A sentence if it can't be read.
    """

    words: Sequence[str]
    settings: Path | None = None
    resume: Path | None = None
    table: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[str] = ()

    @classmethod
    def of(cls, words: Sequence[str]) -> Call:
        """Read what decides which options there are, and import what `--import` names."""
        resume = option(words, "--resume")
        named = option(words, "--settings") or os.environ.get("NEUROEVO_SETTINGS")
        file = _settings_of(Path(resume)) if resume else Path(named) if named else None
        table, errors = read_table(file)
        if resume:
            _check_imports(words, table, resume)
        for target in _imports(words, table):
            try:
                catalogue.import_names(target)
            except ValueError as error:
                raise click.UsageError(str(error)) from error
        # A copy, for click takes the words from the list as it reads them.
        return cls((*words,), file, None if resume is None else Path(resume), table, errors)

    def names(self, key: str, *, position: int | None = None) -> list[str]:
        """Return the names that are given for a setting, by flag, argument, environment or file.

        Those of a run that is resumed are the run's; others are refused when all settings are known.
        """
        given: Any = (
            option(self.words, f"--{key.replace('_', '-')}") if position is None else self.arguments()[position:]
        )
        given = given or self.environ.get(variable(key)) or self.table.get(key) or []
        if self.resume is not None and key in self.table:
            given = self.table[key]
        return [name.strip() for name in given.split(",") if name.strip()] if isinstance(given, str) else [*given]

    def arguments(self) -> list[str]:
        """Return the words that are neither options nor their values, as far as that can be known."""
        found, value = [], False
        for word in self.words:
            if word.startswith("-"):
                value = "=" not in word and word not in SWITCHES and not word.startswith("--no-")
            elif value:
                value = False
            else:
                found.append(word)
        return found

    @property
    def environ(self) -> Mapping[str, str]:
        """Environment variables; a run that is resumed is not changed by them."""
        return {} if self.resume is not None else os.environ

    def sources(self, flags: Mapping[str, object]) -> Sources:
        """Return everything that settings may come from."""
        return Sources(flags=flags, environ=self.environ, file=self.settings, table=self.table)


ON_THIS_MACHINE = frozenset({"local", "auto"})
"""Addresses of Ray clusters that no run directory can change."""

SWITCHES = frozenset(
    {"-h", "--help", "--quick", "--no-quick", "--json", "--no-json", "--quiet", "--no-quiet", "--download"}
    | {"--no-download", "--compile", "--no-compile", "--asynchronous", "--no-asynchronous"}
)
"""Options of every run that take no value."""

Make = Callable[[Call], click.Command]


class DerivedCommand(click.Command):
    """A command whose options are made for each call.

    Args:
        name: The command's name.
        make: Makes the command of a call.
        models: The settings of its runs, whose values a shell completes without making it.
        more: Further options whose values are completed so.
    """

    def __init__(
        self,
        name: str,
        make: Make,
        models: Sequence[type[Settings]] = (),
        more: Sequence[click.Parameter] = (),
    ) -> None:
        super().__init__(name)
        self.make = make
        self.models = models
        self.more = more

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Make the command of these words, and its context."""
        if extra.get("resilient_parsing"):
            return self._completing(args).make_context(info_name, args, parent, **extra)
        return self.make(Call.of(args)).make_context(info_name, args, parent, **extra)

    def _completing(self, args: list[str]) -> click.Command:
        """Return a command whose values a shell completes: that of the runs alone, for all others take seconds."""
        parameters = [one for model in reversed(self.models) for one in parameters_of(model)]
        known = {one.name: one for one in [*parameters, *common(resumable=True), *self.more]}
        light = Completing(self, args, params=[*known.values()])
        flags = {flag for one in light.params for flag in one.opts}
        wanted = args[-1] if args else ""
        return self._made(args) or light if wanted.startswith("--") and wanted not in flags else light

    def _made(self, args: list[str]) -> click.Command | None:
        """Return the command of these words, None if they can't be a command."""
        try:
            return self.make(Call.of(args))
        except (click.ClickException, ValueError, OSError):
            return None

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command that was made."""
        return ctx.command.invoke(ctx)


class Completing(Command):
    """A command of which a shell completes the values; for its options it is made as a whole.

    Args:
        derived: Makes it.
        words: Its words.
        settings: What click's own commands take.
    """

    def __init__(self, derived: DerivedCommand, words: list[str], **settings: Any) -> None:
        super().__init__(derived.name, context_settings={"ignore_unknown_options": True}, **settings)
        self.derived = derived
        self.words = [*words]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the options that begin so, those of the strategies, problems and suites that are named too."""
        made = self.derived._made([*self.words]) if incomplete.startswith("-") else None
        if made is None:
            return super().shell_complete(ctx, incomplete)
        return made.shell_complete(click.Context(made, parent=ctx.parent, info_name=ctx.info_name), incomplete)


class SettingsCommand(Command):
    """A command with the options of a model; an unknown one is answered with what has it."""

    def __init__(self, name: str, *, what: str, owners: Callable[[str], Iterable[str]], **settings: Any) -> None:
        super().__init__(name, **settings)
        self.what = what
        self.owners = owners

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words.

        Raises:
            click.UsageError: An option is not known here.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            key = error.option_name.removeprefix("--").removeprefix("no-").replace("-", "_")
            known = [flag for one in self.params for flag in one.opts if isinstance(one, click.Option)]
            sentence = unread(error.option_name, error.option_name, known, [*self.owners(key)], self.what)
            raise click.UsageError(sentence, ctx) from None


def settings_command(
    name: str,
    model: type[Settings],
    callback: Callable[..., object],
    *,
    call: Call,
    what: str,
    help: str,
    examples: Sequence[str] = (),
    owners: Callable[[str], Iterable[str]] = lambda _: (),
    resumable: bool = False,
    more: Sequence[click.Parameter] = (),
) -> click.Command:
    """Return a command that calls `callback(settings, …)` with the checked settings of a model.

    Args:
        name: The command's name.
        model: Its settings; each becomes an option, or an argument if it says so.
        callback: Called with the settings, the folder of the run that is resumed (if `resumable`) and `more`.
        call: The words, and the file that they name.
        what: What is run, for errors.
        help: The command's help.
        examples: Command lines that a user may copy.
        owners: Says what else reads a setting.
        resumable: Whether there is `--resume`.
        more: Further options, which are passed on as they are.
    """
    names = [str(one.name) for one in more]

    def run(**flags: Any) -> object:
        extra = {key: flags.pop(key) for key in names}
        for key in ("settings", "resume", "imports"):
            flags.pop(key, None)
        if call.errors:
            raise click.UsageError(" ".join(call.errors))
        given = {key: None if value == () else value for key, value in flags.items()}
        settings = (
            _resumed(model, call, given, what)
            if call.resume is not None
            else load(model, call.sources(given), what=what, owners=lambda key: [*owners(key)])
        )
        return callback(settings, *([call.resume] if resumable else []), **extra)

    parameters = [*parameters_of(model), *more, *common(resumable=resumable)]
    parameters.sort(key=lambda item: (isinstance(item, click.Option), getattr(item, "group", "") != RUN))
    return SettingsCommand(
        name, what=what, owners=owners, params=parameters, callback=run, help=help, examples=examples
    )


def common(*, resumable: bool) -> list[click.Parameter]:
    """Return the options that say where settings come from."""
    settings = Option(["--settings"], group=RUN, type=click.Path(), metavar="FILE", help="TOML file with settings.")
    offers = "Python file or module that offers strategies, problems, … of your own."
    imports = Option(["--import", "imports"], group=RUN, multiple=True, metavar="MODULE", help=offers)
    about = "Resume the run in this folder."
    resume = Option(["--resume"], group=RUN, type=Existing(folder=True), metavar="DIR", help=about)
    return [settings, imports, *([resume] if resumable else [])]


def option(words: Sequence[str], name: str) -> str | None:
    """Return the last value of an option among words, None if it is not there."""
    found = None
    for place, word in enumerate(words):
        if word.startswith(f"{name}="):
            found = word.partition("=")[2]
        elif word == name and place + 1 < len(words):
            found = words[place + 1]
    return found


def all_options(words: Sequence[str], name: str) -> list[str]:
    """Return all values of an option among words."""
    return [
        found
        for place, word in enumerate(words)
        if word == name or word.startswith(f"{name}=")
        for found in [option(words[place : place + 2] if word == name else [word], name)]
        if found is not None
    ]


def _imports(words: Sequence[str], table: Mapping[str, Any]) -> list[str]:
    given = all_options(words, "--import") or os.environ.get("NEUROEVO_IMPORT") or table.get("import") or []
    return given.split(",") if isinstance(given, str) else [*map(str, given if isinstance(given, list) else [given])]


def _check_imports(words: Sequence[str], table: Mapping[str, Any], folder: str) -> None:
    """Refuse to run code that only the settings in a run directory name: the directory may come from another person.

    Raises:
        click.UsageError: There is such code.
    """
    if (planted := _imports([], {"import": table.get("import")})) and not _imports(words, {}):
        again = " ".join(shlex.quote(f"--import={target}") for target in planted)
        raise click.UsageError(
            f"--resume runs no code that only {folder} names; give it again if you trust it: {again}."
        )


def _check_address(now: Settings, folder: Path, given: Collection[str]) -> None:
    """Refuse to connect to another machine that only the settings in a run directory name.

    Raises:
        click.UsageError: There is such an address.
    """
    if not isinstance(now, Workers) or now.engine != "ray" or now.address in ON_THIS_MACHINE or "address" in given:
        return
    raise click.UsageError(
        f"--resume connects to no machine that only {folder} names; give it again if you trust it: "
        f"{shlex.quote(f'--address={now.address}')}; or choose another --engine."
    )


def _settings_of(folder: Path) -> Path:
    """Return the settings of the run in a folder, or of the first suite in it.

    Raises:
        click.UsageError: There are none, or nothing is in their file any more.
    """
    files = sorted([folder / SETTINGS, *folder.glob(f"*/{SETTINGS}")], key=lambda file: not file.exists())
    if folder.is_dir() and not files[0].exists():
        raise click.UsageError(f"--resume must name a run directory, but {folder} has no {SETTINGS}.")
    if files[0].is_file() and not files[0].read_bytes().strip():
        raise click.UsageError(
            f"--resume needs the settings that the run began with, but {files[0]} is empty; restore it, or begin anew "
            "in another folder."
        )
    return files[0]


def _resumed(model: type[Settings], call: Call, flags: Mapping[str, object], what: str) -> Settings:
    """The settings of the run that is resumed, with those that may be changed."""
    given = {key: value for key, value in flags.items() if value not in (None, ())}
    elsewhere = sorted({*given} & {"out"} | ({"settings"} if option(call.words, "--settings") else set()))
    if elsewhere:
        named = " and no ".join(f"--{key}" for key in elsewhere)
        raise click.UsageError(f"--resume continues in the run's folder with its settings, so it allows no {named}.")
    begun = load(model, call.sources({}), what=what)
    now = load(model, call.sources(given), what=what)
    if call.resume is not None:
        _check_address(now, call.resume, given)
    names = {info.alias or name: name for name, info in model.model_fields.items()}
    values = {key: (getattr(begun, names[key]), getattr(now, names[key])) for key in given.keys() - model.resumable}
    differing = [
        f"{key.replace('_', '-')} ({shown(before)} in the run, {shown(after)} given)"
        for key, (before, after) in sorted(values.items())
        if anywhere(before) != anywhere(after)
    ]
    if differing:
        raise click.UsageError(
            f"--resume continues with the settings of the run, but they differ: {', '.join(differing)}."
        )
    return now

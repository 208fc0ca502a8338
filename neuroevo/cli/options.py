"""Commands whose options are the fields of a settings model.

Options take their values as text: the settings are read and checked all together, so that one
call shows every mistake.
"""

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

import click
from pydantic.fields import FieldInfo

from neuroevo.cli.names import (
    BACKBONES,
    DATASETS,
    DATASETS_OF_ANY_SIZE,
    DATASETS_ON_DISK,
    DATASETS_TO_DOWNLOAD,
    GRAPH_PROBLEMS,
    PROBLEMS,
    STRATEGIES,
    SUITES,
)
from neuroevo.cli.settings.fields import argument, fields, label, metavar, shown, takes_names
from neuroevo.cli.settings.rules import Known
from neuroevo.cli.settings.settings import RunSettings, load_settings
from neuroevo.runs.directory import SETTINGS

KNOWN = Known(
    strategies=tuple(STRATEGIES),
    backbones=tuple(BACKBONES),
    datasets=tuple(DATASETS),
    problems=(*PROBLEMS, *(name for name in GRAPH_PROBLEMS if name not in PROBLEMS)),
    suites=tuple(SUITES),
    datasets_on_disk=DATASETS_ON_DISK,
    datasets_to_download=DATASETS_TO_DOWNLOAD,
    datasets_of_any_size=DATASETS_OF_ANY_SIZE,
)
"""The names that the command line knows."""

Settings = TypeVar("Settings", bound=RunSettings)


def settings_command(name: str, model: type[Settings]) -> Callable[[Callable[[Settings], None]], click.Command]:
    """A decorator that makes a command of a function of the settings.

    Args:
        name: the command's name.
        model: its settings; each field becomes an option, or an argument if it says so.

    Returns:
        A decorator; the function's docstring becomes the command's help.
    """

    def decorate(function: Callable[[Settings], None]) -> click.Command:
        def callback(settings: str | None, **flags: object) -> None:
            file = settings or os.environ.get("NEUROEVO_SETTINGS")
            function(effective_settings(model, flags, Path(file) if file else None))

        return click.Command(name, params=parameters(model), callback=callback, help=function.__doc__)

    return decorate


def resumable_command(
    name: str, model: type[Settings]
) -> Callable[[Callable[[Settings, Path | None], None]], click.Command]:
    """Like `settings_command`, with an option `--resume DIR` that takes the settings of an earlier run.

    Of the settings that are given beside it those in `told_anew` count, and the others must be the run's. The function
    is called with the settings and the folder that is to be continued, or None.
    """

    def decorate(function: Callable[[Settings, Path | None], None]) -> click.Command:
        def callback(settings: str | None, resume: Path | None, **flags: object) -> None:
            if resume is None:
                file = settings or os.environ.get("NEUROEVO_SETTINGS")
                function(effective_settings(model, flags, Path(file) if file else None), None)
            else:
                function(_resumed_settings(model, resume, {"settings": settings, **flags}), resume)

        folder = click.Path(exists=True, file_okay=False, path_type=Path)
        option = click.Option(["--resume"], type=folder, metavar="DIR", help="Go on with the run in this folder.")
        return click.Command(name, params=[*parameters(model), option], callback=callback, help=function.__doc__)

    return decorate


def effective_settings(model: type[Settings], flags: Mapping[str, object], file: Path | None) -> Settings:
    """The settings from a command's flags, this process's environment, and a file.

    Raises:
        SettingsError: with everything that is wrong.
    """
    given = {key: None if value == () else value for key, value in flags.items()}
    return load_settings(model, flags=given, environ=os.environ, file=file, known=KNOWN)


def _resumed_settings(model: type[Settings], folder: Path, flags: Mapping[str, object]) -> Settings:
    """The settings of the run in a folder, or in the folders of its suites, with what may be told anew."""
    given = {key: value for key, value in flags.items() if value not in (None, ())}
    if elsewhere := sorted(given.keys() & {"out", "settings"}):
        named = " and no ".join(f"--{key}" for key in elsewhere)
        raise click.UsageError(f"--resume goes on in the folder of the run with its settings, so it allows no {named}.")
    files = sorted([folder / SETTINGS, *folder.glob(f"*/{SETTINGS}")], key=lambda file: not file.exists())
    if not files[0].exists():
        raise click.UsageError(f"--resume must name a run directory, but {folder} has no {SETTINGS}.")
    begun = load_settings(model, flags={}, environ={}, file=files[0], known=KNOWN)
    now = load_settings(model, flags=given, environ={}, file=files[0], known=KNOWN)
    if differences := _differences(begun, now, given.keys() - model.told_anew):
        raise click.UsageError(f"--resume goes on with the settings of the run, but they differ: {differences}.")
    return now


def _differences(begun: RunSettings, now: RunSettings, keys: Collection[str]) -> str:
    """Name the settings whose values differ, with both values."""
    names = {info.alias or name: name for name, info in type(now).model_fields.items()}
    pairs = [(key, getattr(begun, names[key]), getattr(now, names[key])) for key in sorted(keys)]
    return ", ".join(
        f"{key.replace('_', '-')} ({shown(before)} in the run, {shown(after)} given)"
        for key, before, after in pairs
        if before != after
    )


def parameters(model: type[RunSettings]) -> list[click.Parameter]:
    """Arguments and options of a command with the settings `model`."""
    offered = {key: info for key, info in fields(model).items() if model.options is None or key in model.options}
    found = [_parameter(key, info, model.quick_defaults) for key, info in offered.items()]
    file = click.Option(["--settings"], metavar="FILE", help="TOML file with settings.")
    return sorted([*found, file], key=lambda item: isinstance(item, click.Option))


def _parameter(key: str, info: FieldInfo, quick: Mapping[str, object]) -> click.Parameter:
    if word := argument(info):
        many = takes_names(info)
        return click.Argument([key], required=False, nargs=-1 if many else 1, metavar=f"[{word}]..." if many else word)
    flag = label(key, info)
    if info.annotation is bool:
        return click.Option([f"{flag}/--no-{flag[2:]}", key], is_flag=True, default=None, help=info.description)
    return click.Option([flag, key], metavar=metavar(info), help=_help(key, info, quick))


def _help(key: str, info: FieldInfo, quick: Mapping[str, object]) -> str:
    if info.default in (None, ()):
        return str(info.description)
    default = ",".join(info.default) if takes_names(info) else info.default
    hurried = f"; with --quick: {quick[key]}" if key in quick else ""
    return f"{info.description} [default: {default}{hurried}]"

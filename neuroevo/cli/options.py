"""Commands whose options are the fields of a settings model.

Options take their values as text: the settings are read and checked all together, so that one
call shows every mistake.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click
from pydantic.fields import FieldInfo

from neuroevo.cli.names import BACKBONES, DATASETS, DATASETS_ON_DISK, STRATEGIES, SUITES
from neuroevo.runs.fields import argument, fields, label, metavar, takes_names
from neuroevo.runs.rules import Known
from neuroevo.runs.settings import RunSettings, load_settings

KNOWN = Known(
    strategies=tuple(STRATEGIES),
    backbones=tuple(BACKBONES),
    datasets=tuple(DATASETS),
    suites=tuple(SUITES),
    datasets_on_disk=DATASETS_ON_DISK,
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


def effective_settings(model: type[Settings], flags: Mapping[str, object], file: Path | None) -> Settings:
    """The settings from a command's flags, this process's environment, and a file.

    Raises:
        SettingsError: with everything that is wrong.
    """
    given = {key: None if value == () else value for key, value in flags.items()}
    return load_settings(model, flags=given, environ=os.environ, file=file, known=KNOWN)


def parameters(model: type[RunSettings]) -> list[click.Parameter]:
    """Arguments and options of a command with the settings `model`."""
    found = [_parameter(key, info, model.quick_defaults) for key, info in fields(model).items()]
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
    if info.default is None:
        return str(info.description)
    default = ",".join(info.default) if takes_names(info) else info.default
    hurried = f"; with --quick: {quick[key]}" if key in quick else ""
    return f"{info.description} [default: {default}{hurried}]"

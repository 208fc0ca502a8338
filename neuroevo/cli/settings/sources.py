"""Where settings come from: flags win over environment variables, those over a TOML file."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic.fields import FieldInfo

from neuroevo.cli.settings.fields import label
from neuroevo.spelling import suggestion

PREFIX = "NEUROEVO_"
OTHER_VARIABLES = frozenset({"NEUROEVO_DEBUG", "NEUROEVO_SETTINGS"})
"""Variables with the prefix that are no settings."""


@dataclass(frozen=True)
class Given:
    """A value that somebody gave, and where: `source` can begin a sentence about it."""

    value: object
    source: str
    text: bool


def gather(
    settings: Mapping[str, FieldInfo],
    every: Collection[str],
    *,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    file: Path | None,
) -> tuple[dict[str, Given], list[str]]:
    """The winning value of each setting that was given, and sentences about unknown names.

    Args:
        settings: the settings of this command.
        every: the settings of all commands, which share the environment and files.
        flags: values of flags by setting; None counts as not given.
        environ: environment variables; empty ones count as not given.
        file: TOML file, or None.
    """
    table, errors = _read(file)
    errors += [_unknown(f"{file}: {key}", key, settings) for key in table.keys() - set(every)]
    errors += _unknown_variables(environ, every)
    errors += [_unknown(key, key, settings) for key in flags.keys() - settings.keys()]
    given: dict[str, Given] = {}
    for key, info in settings.items():
        if flags.get(key) is not None:
            given[key] = Given(flags[key], label(key, info), text=True)
        elif environ.get(variable(key)):
            given[key] = Given(environ[variable(key)], variable(key), text=True)
        elif key in table:
            given[key] = Given(table[key], f"{file}: {key}", text=False)
    return given, sorted(errors)


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.upper()


def _read(file: Path | None) -> tuple[dict[str, object], list[str]]:
    if file is None:
        return {}, []
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")), []
    except OSError as error:
        return {}, [f"--settings must name a TOML file, but {file} gives: {error.strerror}."]
    except (ValueError, RecursionError) as error:
        return {}, [f"--settings must name a TOML file, but {file} is not valid: {error}."]


def _unknown_variables(environ: Mapping[str, str], every: Collection[str]) -> list[str]:
    known = sorted(variable(key) for key in every)
    return [
        _unknown(name, name, known)
        for name in environ
        if name.startswith(PREFIX) and name not in known and name not in OTHER_VARIABLES
    ]


def _unknown(source: str, name: str, known: Collection[str]) -> str:
    return f"{source} is not a setting{suggestion(name, sorted(known))}"

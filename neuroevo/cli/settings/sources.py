"""Where settings come from: flags win over environment variables, those over a TOML file."""

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from neuroevo.cli.settings.values import label
from neuroevo.spelling import suggestion

PREFIX = "NEUROEVO_"
OTHER_VARIABLES = frozenset({"NEUROEVO_DEBUG", "NEUROEVO_SETTINGS", "NEUROEVO_IMPORT"})
"""Variables with the prefix that are no settings."""
OTHER_KEYS = frozenset({"import", "contestants"})
"""Keys of a settings file that are no single settings."""


@dataclass(frozen=True)
class Given:
    """A value that was given, and where: `source` can begin a sentence about it."""

    value: object
    source: str
    text: bool


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Everything that settings may come from.

    Attributes:
        flags: Values of flags by setting; None counts as not given.
        environ: Environment variables; empty ones count as not given.
        file: The TOML file, or None.
        table: What is in it.
    """

    flags: Mapping[str, object]
    environ: Mapping[str, str]
    file: Path | None = None
    table: Mapping[str, Any]

    def given(self, settings: Mapping[str, FieldInfo]) -> dict[str, Given]:
        """Return the winning value of each setting that is given."""
        found: dict[str, Given] = {}
        for key, info in settings.items():
            if self.flags.get(key) not in (None, ()):
                found[key] = Given(self.flags[key], label(key, info), text=True)
            elif self.environ.get(variable(key)):
                found[key] = Given(self.environ[variable(key)], variable(key), text=True)
            elif key in self.table:
                found[key] = Given(self.table[key], f"{self.file}: {key}", text=False)
        return found

    def value(self, key: str) -> object:
        """Return what is given for one setting, as it is; None for nothing."""
        given = self.flags.get(key)
        return given if given not in (None, ()) else self.environ.get(variable(key)) or self.table.get(key)

    def unknown(self, settings: Collection[str], owners: Callable[[str], Collection[str]], what: str) -> list[str]:
        """Return a sentence for each key of the file and each variable that nothing reads here.

        Args:
            settings: The settings that are read.
            owners: Says what reads a setting elsewhere.
            what: What is run, for the sentences.
        """
        keys = self.table.keys() - {*settings} - OTHER_KEYS
        variables = {name for name in self.environ if name.startswith(PREFIX)} - OTHER_VARIABLES
        names = {name: name.removeprefix(PREFIX).lower() for name in variables}
        return [
            *(unread(f"{self.file}: {key}", key, settings, owners(key), what) for key in sorted(keys)),
            # Variables may be meant for other runs of the same shell.
            *(
                unread(name, name, map(variable, settings), (), what)
                for name, key in sorted(names.items())
                if key not in settings and not owners(key)
            ),
        ]


def unread(source: str, word: str, known: Iterable[str], owners: Collection[str], what: str) -> str:
    """Return the sentence about a setting that is not read: what reads it, or the nearest that is read.

    Args:
        source: Where it came from; begins the sentence.
        word: Its name as it was given.
        known: The names that are read, in the same form.
        owners: What reads it elsewhere.
        what: What is run.
    """
    if owners:
        return f"{source} must be left out, for {what} does not read it; {_listed(sorted(owners))} would."
    return f"{source} is not a setting of {what}{suggestion(word, sorted(known))}"


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.upper()


def read_table(file: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Return what a TOML file holds, and a sentence if it can't be read."""
    if file is None:
        return {}, []
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")), []
    except OSError as error:
        return {}, [f"--settings must name a TOML file, but {file} gives: {error.strerror}."]
    except (ValueError, RecursionError) as error:
        return {}, [f"--settings must name a TOML file, but {file} is not valid: {error}."]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

"""Contestants of a comparison at the command line: names, and tables of settings of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from neuroevo import catalogue
from neuroevo.cli.options import Call, all_options
from neuroevo.cli.settings.derived import Fields, grouped, settings_of, with_default
from neuroevo.cli.settings.load import fields, with_settings
from neuroevo.cli.settings.run import Settings
from neuroevo.cli.settings.sources import unread
from neuroevo.cli.settings.values import parse, refusal
from neuroevo.spelling import unknown

NAME = re.compile(r"[\w-]+")
"""Names of contestants, which are parts of names of files, too."""


@dataclass(frozen=True)
class Named:
    """A contestant by name.

    Attributes:
        name: Its name in tables.
        strategy: The strategy's name.
        settings: Its own settings, read and checked.
        table: The same as it was given, for the settings of the run.
    """

    name: str
    strategy: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    table: Mapping[str, Any] = field(default_factory=dict)


def contestants_of(call: Call) -> list[Named]:
    """Return the contestants that a table `[contestants.NAME]` or `--contestant NAME=STRATEGY:…` defines.

    Raises:
        click.UsageError: One of them is not well-formed, or its strategy or a setting is not known.
    """
    tables = call.table.get("contestants", {})
    if not isinstance(tables, Mapping) or not all(isinstance(one, Mapping) for one in tables.values()):
        raise click.UsageError(f"{call.settings}: contestants must be tables, such as [contestants.bold].")
    if odd := [name for name in tables if not NAME.fullmatch(name)]:
        raise click.UsageError(
            f"{call.settings}: contestants must have names of letters, digits, - and _, but one is {odd[0]!r}."
        )
    found = {
        name: _named(name, f"{call.settings}: contestants.{name}", dict(table), text=False)
        for name, table in tables.items()
    }
    words = all_options(call.words, "--contestant")
    if words and call.resume is not None:
        raise click.UsageError("--resume continues with the contestants of the run, so it allows no --contestant.")
    for word in words:
        one = _of_word(word)
        found[one.name] = one
    return list(found.values())


def settings_of_all(strategies: Iterable[str]) -> Fields:
    """Return the settings of strategies, all of them optional."""
    from neuroevo.cli.owners import function_of

    found: dict[str, list[tuple[Any, FieldInfo]]] = {}
    for name in strategies:
        own = settings_of(function_of(catalogue.find("strategy", name)))
        for key, one in grouped(own, "Strategies").items():
            found.setdefault(key, []).append(one)
    return {key: _left_to_each(ones) for key, ones in found.items()}


def _left_to_each(ones: Sequence[tuple[Any, FieldInfo]]) -> tuple[Any, FieldInfo]:
    """Return a setting of several strategies; what is not given is left to each of them."""
    kind, info = ones[0]
    defaults = [one.default for _, one in ones]
    same = all(repr(default) == repr(defaults[0]) for default in defaults)
    tells = same and not info.is_required() and defaults[0] not in (None, (), False)
    return kind | None, with_default(info, None, each=defaults[0] if tells else None)


def _of_word(word: str) -> Named:
    name, equals, rest = word.partition("=")
    strategy, _, settings = rest.partition(":")
    # A comma within a value, as in rates=0.01,1, is not followed by a name.
    pairs = [pair.partition("=") for pair in re.split(r",(?=[^,=]*=)", settings) if pair]
    if not name or not equals or not strategy or not all(key and sign for key, sign, _ in pairs):
        raise click.UsageError(
            "--contestant must be NAME=STRATEGY:SETTING=VALUE,SETTING=VALUE, such as bold=gtl:mutation_rate=0.2, but "
            f"it is {word}."
        )
    if not NAME.fullmatch(name):
        raise click.UsageError(f"--contestant must have a name of letters, digits, - and _, but it is {name!r}.")
    table = {"strategy": strategy, **{key.strip().replace("-", "_"): value.strip() for key, _, value in pairs}}
    return _named(name, f"--contestant {name}", table, text=True)


def _named(name: str, source: str, table: dict[str, Any], *, text: bool) -> Named:
    strategies = catalogue.entries("strategy")
    strategy = table.pop("strategy", name)
    if strategy not in strategies:
        raise click.UsageError(
            unknown(f"{source}: strategy", str(strategy), strategies, shown_by="neuroevo list strategy")
        )
    from neuroevo.cli.owners import function_of, owners

    own = settings_of(function_of(catalogue.find("strategy", strategy)))
    known = fields(with_settings(Settings, own))
    settings: dict[str, Any] = {}
    for key, value in table.items():
        if key not in own:
            raise click.UsageError(unread(f"{source}: {key}", key, own, owners(key), str(strategy)))
        try:
            settings[key] = parse(known[key], value, text=text)
        except ValidationError:
            raise click.UsageError(refusal(known[key], value, source=f"{source}: {key}", text=text)) from None
    return Named(name, str(strategy), settings, {"strategy": strategy, **settings})


def check(names: Sequence[str], own: Sequence[Named], option: str = "--strategies") -> None:
    """Raise click.UsageError unless every name is that of a strategy or of a contestant."""
    known = [*catalogue.entries("strategy"), *(one.name for one in own)]
    for name in names:
        if ":" in name:
            raise click.UsageError(
                f"{option} must be names, but one is {name!r}; give --contestant NAME={name} instead."
            )
        if name not in known:
            raise click.UsageError(unknown(option, name, known, shown_by="neuroevo list strategy"))

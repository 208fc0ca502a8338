"""`neuroevo list`: the names that the other commands know, what stands behind each, and what it needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import click

from neuroevo import catalogue
from neuroevo.cli.completion import completing
from neuroevo.cli.help import Command
from neuroevo.cli.output import echo
from neuroevo.spelling import unknown

TITLES: Mapping[str, str] = {
    "strategy": "Strategies: neuroevo evolve NAME, neuroevo bench --strategies NAME,NAME",
    "operator": "Operators: neuroevo.operators in Python",
    "backbone": "Backbones: --backbone NAME",
    "dataset": "Data sets: --dataset NAME",
    "problem": "Problems: neuroevo evolve STRATEGY --problem NAME",
    "suite": "Suites: neuroevo bench NAME",
}
SHOWN = [*TITLES]
WIDTH = 34
"""Characters of a kind and a name in a pipe, where the line about it begins."""


class Line(NamedTuple):
    """What is said about a name."""

    name: str
    about: str
    needs: str


@click.command(
    "list",
    cls=Command,
    examples=("neuroevo list", "neuroevo list strategy", "neuroevo list problem --import mine.py"),
)
@click.argument("kind", required=False, metavar="[KIND]", shell_complete=completing(lambda: SHOWN))
@click.option("--import", "imports", multiple=True, metavar="MODULE", help="Python file or module of your own.")
def command(kind: str | None, imports: tuple[str, ...]) -> None:
    """List known names, each with a line about it and what it needs; KIND leaves out the others.

    Kinds are strategy, operator, backbone, dataset, problem and suite. What a plug-in or a module of your own offers
    has its origin in brackets; a plug-in that can't be loaded is named on the standard error. In a pipe there is one
    line for each name, the kind first.
    """
    kinds = SHOWN if kind is None else [_singular(kind)]
    if kinds[0] not in SHOWN:
        raise click.UsageError(unknown("KIND", str(kind), SHOWN))
    for target in imports:
        try:
            catalogue.import_names(target)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    show = _show_table if sys.stdout.isatty() else _show_lines
    for word in kinds:
        show(word, [*_lines(word)])


def _singular(kind: str) -> str:
    """Return the kind that is meant by its plural."""
    plurals = {(one.removesuffix("y") + "ies" if one.endswith("y") else f"{one}s"): one for one in SHOWN}
    return plurals.get(kind, kind)


def _lines(kind: str) -> Iterator[Line]:
    found = catalogue.entries(kind)
    if kind == "problem":
        found = {**catalogue.entries("graph problem"), **found}
    for entry in found.values():
        try:
            about = entry.summarise().partition("; `")[0]
        except Exception as error:  # noqa: BLE001 - the code of another package
            broken = f"the {kind} {entry.name} of {entry.origin} can't be loaded ({type(error).__name__}: {error})"
            echo(f"Warning: {broken}.", err=True)
            continue
        origin = "" if entry.origin == catalogue.OWN else f" [{entry.origin}]"
        yield Line(entry.name, f"{about}{origin}", entry.needs)


def _show_lines(kind: str, lines: Sequence[Line]) -> None:
    for one in lines:
        needs = f" (needs {one.needs})" if one.needs else ""
        echo(f"{f'{kind} {one.name}':{WIDTH}} {one.about}{needs}".rstrip())


def _show_table(kind: str, lines: Sequence[Line]) -> None:
    # Only a terminal gets tables.
    from neuroevo.cli.names_table import print_names

    print_names(lines, title=TITLES[kind])

"""`neuroevo list`: the names that the other commands know, one per line."""

from __future__ import annotations

import click

from neuroevo import catalogue
from neuroevo.cli.output import echo
from neuroevo.spelling import suggestion

SHOWN = [kind for kind in catalogue.KINDS if kind != "graph problem"]
WIDTH = 34
"""Characters of a kind and a name, where the line about it begins."""


@click.command("list")
@click.argument("kind", required=False, metavar="[KIND]")
@click.option("--import", "imports", multiple=True, metavar="MODULE", help="Python file or module of your own.")
def command(kind: str | None, imports: tuple[str, ...]) -> None:
    """List known names, the kind first, each with a line about it; KIND leaves out the others.

    Kinds are strategy, operator, backbone, dataset, problem and suite. What a plug-in or a module of your own offers
    has its origin in brackets; a plug-in that can't be loaded is named on the standard error.
    """
    if kind is not None and kind not in SHOWN:
        raise click.UsageError(f"KIND must be one of {', '.join(SHOWN)}, but it is {kind!r}{suggestion(kind, SHOWN)}")
    for target in imports:
        try:
            catalogue.import_names(target)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    for word in SHOWN if kind is None else (kind,):
        for entry in _entries(word):
            _print(word, entry)


def _entries(kind: str) -> list[catalogue.Entry]:
    found = catalogue.entries(kind)
    if kind == "problem":
        found = {**catalogue.entries("graph problem"), **found}
    return list(found.values())


def _print(kind: str, entry: catalogue.Entry) -> None:
    try:
        about = entry.summarise()
    except Exception as error:  # noqa: BLE001 - the code of another package
        echo(
            f"Warning: the {kind} {entry.name} of {entry.origin} can't be loaded ({type(error).__name__}: {error}).",
            err=True,
        )
        return
    origin = "" if entry.origin == catalogue.OWN else f" [{entry.origin}]"
    echo(f"{f'{kind} {entry.name}':{WIDTH}} {about}{origin}".rstrip())

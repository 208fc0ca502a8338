"""`neuroevo list`: what the other commands can be told, one name per line."""

import click

from neuroevo.cli.names import KINDS
from neuroevo.spelling import suggestion


@click.command("list")
@click.argument("kind", required=False, metavar="[KIND]")
def command(kind: str | None) -> None:
    """List known names, the kind first; KIND leaves out the others.

    Kinds are strategy, operator, backbone, dataset, problem and suite.
    """
    if kind is not None and kind not in KINDS:
        raise click.UsageError(f"KIND must be one of {', '.join(KINDS)}, but it is {kind!r}{suggestion(kind, KINDS)}")
    for word in KINDS if kind is None else (kind,):
        for name in KINDS[word]:
            click.echo(f"{word} {name}")

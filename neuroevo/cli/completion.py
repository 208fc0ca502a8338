"""Values that a shell completes."""

from __future__ import annotations

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completing(names: Callable[[], list[str]], *, several: bool = False) -> Complete:
    """Return what completes a value.

    Args:
        names: Returns the values.
        several: Whether several are separated by commas: the last one is completed, to one that is not there yet.
    """

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del ctx, parameter
        before, comma, last = incomplete.rpartition(",") if several else ("", "", incomplete)
        given = before.split(",")
        return [
            CompletionItem(f"{before}{comma}{name}")
            for name in names()
            if name.startswith(last) and not (several and name in given)
        ]

    return complete

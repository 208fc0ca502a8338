"""The table of names on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neuroevo.plain_text import printable_line

NEEDS_WIDTH = 24
"""Characters of what names need, which is wrapped."""


class Named(Protocol):
    """A name, a line about it, and what it needs."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def about(self) -> str:
        """The line about it."""

    @property
    def needs(self) -> str:
        """What it needs, or nothing."""


def print_names(lines: Sequence[Named], *, title: str) -> None:
    """Print a table of names; what does not fit into the width of the terminal is wrapped."""
    table = Table(title=_text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("what it is", ratio=1)
    with_needs = any(one.needs for one in lines)
    if with_needs:
        table.add_column("needs", max_width=NEEDS_WIDTH)
    for one in lines:
        table.add_row(*map(_text, (one.name, one.about, *([one.needs] if with_needs else []))))
    Console().print(table)


def _text(words: str) -> Text:
    return Text(printable_line(words))

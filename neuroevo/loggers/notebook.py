"""Notebooks: a table that grows in its place."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from typing import Any

ROWS = 12
"""Latest rows that are shown."""


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook, which shows HTML."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class LiveTable:
    """A table in the output of the cell that runs, with a bar above it.

    Args:
        names: Names of the columns.
        total: The number of the last row, for the bar; without it there is none.
    """

    def __init__(self, names: Sequence[str], total: int | None) -> None:
        self.names, self.total = names, total
        self.rows: list[Sequence[str]] = []
        self._display: Any = None

    def add(self, row: Sequence[str], done: int) -> None:
        """Show another row.

        Args:
            row: Its cells.
            done: How far the run is, in units of `total`.
        """
        from IPython.display import HTML, display

        self.rows = [*self.rows[1 - ROWS :], row]
        page = HTML(self.page(done))
        if self._display is None:
            self._display = display(page, display_id=True)
        else:
            self._display.update(page)

    def page(self, done: int) -> str:
        """Return it as HTML."""
        bar = (
            "" if self.total is None else f"<progress value={done} max={self.total}></progress> {done} of {self.total}"
        )
        lines = [_line("th", self.names), *(_line("td", row) for row in self.rows)]
        return f"<div>{bar}<table>{''.join(lines)}</table></div>"


def _line(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{html.escape(cell)}</{kind}>' for cell in cells)}</tr>"

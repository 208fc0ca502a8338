"""Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

log = logging.getLogger(__name__)


class Reporter:
    """Tells how a run gets on.

    Args:
        total: The work in gradient steps.
        quiet: Whether to say nothing.
    """

    def __init__(self, total: int, *, quiet: bool) -> None:
        self.console = Console(stderr=True, quiet=quiet)
        self.live = self.console.is_terminal and not quiet
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} updates"),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.live,
            transient=True,
        )
        self.task = self.progress.add_task("starting", total=total)

    def describe(self, text: str) -> None:
        """Say what is being done now."""
        self.progress.update(self.task, description=text)

    def advance(self, steps: int) -> None:
        """Count work that is done."""
        self.progress.advance(self.task, steps)

    def line(self, text: str) -> None:
        """Write a line that stays, to the run's log too."""
        log.info(text)
        self.progress.console.print(text, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.progress.stop()

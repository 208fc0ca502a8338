"""Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import logging
import math
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from neuroevo.cli.clock import Clock
from neuroevo.cli.status import status
from neuroevo.evolution import Generation
from neuroevo.plain_text import printable, printable_line

WIDE = 100
"""Columns of a terminal that has room for a bar."""

REDRAWN = 0.2
"""Seconds between two updates of the bar."""

log = logging.getLogger(__name__)


class Reporter:
    """Tells how a run gets on.

    Args:
        total: The work, in the unit.
        quiet: Whether to say nothing.
        unit: What work is counted in.
    """

    def __init__(self, total: int, *, quiet: bool, unit: str = "updates") -> None:
        self.console = Console(stderr=True, quiet=quiet)
        self.live = self.console.is_terminal and not quiet
        self.clock = Clock(total)
        self.drawn = 0.0
        wide = self.console.width >= WIDE
        self.progress = Progress(
            *([SpinnerColumn(), BarColumn(bar_width=20)] if wide else []),
            TextColumn("{task.percentage:3.0f} %"),
            *([TextColumn("{task.completed:,.0f}/{task.total:,.0f} " + unit)] if wide else []),
            TimeElapsedColumn(),
            _Left(self.clock),
            # Last, so that a narrow terminal cuts off the end of a sentence and no number.
            TextColumn(
                "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
            ),
            console=self.console,
            disable=not self.live,
            expand=True,
            transient=True,
        )
        self.task = self.progress.add_task("starting", total=total)

    def describe(self, text: str) -> None:
        """Say what is being done now."""
        self.progress.update(self.task, description=printable_line(text))

    def expect(self, total: int) -> None:
        """Set the work to another amount."""
        self.clock.total = total
        self.progress.update(self.task, total=total)

    def advance(self, steps: int) -> None:
        """Count work that is done, what was heard of before included."""
        self.clock.advance(steps)
        self._draw()

    def hear(self, steps: int) -> None:
        """Count work of a part that is not done yet; may be called on any thread."""
        self.clock.hear(steps)
        if time.perf_counter() - self.drawn > REDRAWN:
            self._draw()

    def note(self, text: str) -> None:
        """Write a line to the run's log, and to the screen where no bar tells the same."""
        if self.live:
            log.info(text)
        else:
            self.line(text)

    def line(self, text: str) -> None:
        """Write a line that stays, to the run's log too."""
        log.info(text)
        status.clear()
        # A terminal breaks lines between words, and a pipe gets them whole.
        self.progress.console.print(
            printable(text), markup=False, emoji=False, highlight=False, soft_wrap=not self.console.is_terminal
        )

    @property
    def left(self) -> str:
        """The time that the rest will take, as the end of a line; nothing where the bar shows it."""
        return f", {self.clock.left}" if self.clock.left and not self.live else ""

    def _draw(self) -> None:
        self.drawn = time.perf_counter()
        self.progress.update(self.task, completed=self.clock.done)

    def __enter__(self) -> Self:
        status.end()
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.progress.stop()


class _Left(ProgressColumn):
    """The time that is left, by the clock that lines tell, too."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def render(self, task: Task) -> Text:
        """Return it in words."""
        del task
        return Text(self.clock.left)


def generation_in_words(generation: Generation, generations: int) -> str:
    """Return how a generation was: its number of how many, its scores and its speed."""
    return f"generation {generation.number + 1}/{generations}: {scores_in_words(generation)}"


def scores_in_words(generation: Generation) -> str:
    """Return the best and the mean score of a generation, and its speed."""
    best = max(generation.scores, default=math.nan)
    rate = len(generation.population) / generation.seconds if generation.seconds else math.inf
    return f"best score {best:.3f}, mean {generation.mean:.3f}, {rate:.2g} individuals/s"

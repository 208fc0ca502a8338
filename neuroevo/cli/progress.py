"""Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import logging
import math
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

from neuroevo.evolution import Generation
from neuroevo.plain_text import printable, printable_line

WIDE = 100
"""Columns of a terminal that has room for a bar."""

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
        wide = self.console.width >= WIDE
        self.total, self.done, self.started = total, 0, time.perf_counter()
        self.progress = Progress(
            *([SpinnerColumn(), BarColumn(bar_width=20)] if wide else []),
            TextColumn("{task.percentage:3.0f} %"),
            *([TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit)] if wide else []),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
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

    def advance(self, steps: int) -> None:
        """Count work that is done."""
        self.done += steps
        self.progress.advance(self.task, steps)

    def note(self, text: str) -> None:
        """Write a line to the run's log, and to the screen where no bar tells the same."""
        if self.live:
            log.info(text)
        else:
            self.line(text)

    def line(self, text: str) -> None:
        """Write a line that stays, to the run's log too."""
        log.info(text)
        self.progress.console.print(printable(text), markup=False, emoji=False, highlight=False, soft_wrap=True)

    @property
    def left(self) -> str:
        """The time that the rest will take at this rate, in words."""
        if not self.done or self.done >= self.total:
            return ""
        elapsed = time.perf_counter() - self.started
        return f", about {duration(elapsed * (self.total - self.done) / self.done)} left"

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.progress.stop()


def generation_in_words(generation: Generation, generations: int) -> str:
    """Return how a generation was: its number of how many, its scores and its speed."""
    return f"generation {generation.number + 1}/{generations}: {scores_in_words(generation)}"


def scores_in_words(generation: Generation) -> str:
    """Return the best and the mean score of a generation, and its speed."""
    best = max(generation.scores, default=math.nan)
    rate = len(generation.population) / generation.seconds if generation.seconds else math.inf
    return f"best {best:.3f}, mean {generation.mean:.3f}, {rate:.2g} individuals/s"


def duration(seconds: float) -> str:
    """Return a time in its two greatest units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

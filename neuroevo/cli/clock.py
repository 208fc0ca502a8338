"""How much of a run is done, and the time that the rest will take: one clock for the bar and for lines."""

from __future__ import annotations

import threading
import time

SETTLED = 1.0
"""Seconds after which the rate of a run says something about the rest."""


class Clock:
    """Counts work, and what has been heard of a part that is not done yet.

    Args:
        total: The work.
    """

    def __init__(self, total: int) -> None:
        self.total, self.counted, self.ahead = total, 0, 0
        self.started = time.perf_counter()
        self.lock = threading.Lock()

    @property
    def done(self) -> int:
        """What is done, never more than the total."""
        return min(self.total, self.counted + self.ahead)

    @property
    def left(self) -> str:
        """The time that the rest will take at the rate so far, in words; nothing before it is known and at the end."""
        elapsed = time.perf_counter() - self.started
        if not self.done or self.done >= self.total or elapsed < SETTLED:
            return ""
        return f"about {duration(elapsed * (self.total - self.done) / self.done)} left"

    def advance(self, steps: int) -> None:
        """Count a part that is done, in place of what was heard of it."""
        with self.lock:
            self.counted += steps
            self.ahead = max(0, self.ahead - steps)

    def hear(self, steps: int) -> None:
        """Count work of a part that is not done yet; what came before the first of it was no work."""
        with self.lock:
            if not self.counted + self.ahead:
                self.started = time.perf_counter()
            self.ahead += steps


def duration(seconds: float) -> str:
    """Return a time in its two greatest units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

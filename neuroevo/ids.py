"""Counters of the ids by which individuals are known in their lineage."""

from __future__ import annotations


class Ids:
    """A counter of lineage ids: each call returns the next one.

    Args:
        next: The id that the first call returns; a stored counter continues with its `next`.
        step: The difference of two ids; counters of several populations take turns.

    Raises:
        ValueError: `next` is negative, or `step` is below 1.
    """

    def __init__(self, *, next: int = 0, step: int = 1) -> None:
        if next < 0:
            raise ValueError(f"next must be at least 0, but it is {next}.")
        if step < 1:
            raise ValueError(f"step must be at least 1, but it is {step}.")
        self.next = next
        self.step = step

    def __call__(self) -> int:
        """Return a new id."""
        self.next += self.step
        return self.next - self.step

    def take(self, count: int) -> range:
        """Return that number of new ids."""
        first, self.next = self.next, self.next + count * self.step
        return range(first, self.next, self.step)

    def __repr__(self) -> str:
        return f"Ids(next={self.next}, step={self.step})"

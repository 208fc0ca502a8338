"""Evaluators that fail; a separate module that workers can import (see `faults` in the tests)."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Deadly:
    """Kills its process at some calls of the evaluator inside, and is the evaluator otherwise.

    Attributes:
        inner: The evaluator.
        ids: The individuals at which it kills.
        marks: Folder of marks: it kills once for each individual. None kills always.
    """

    inner: Callable[..., Any]
    ids: frozenset[int]
    marks: Path | None = None

    def __call__(self, individual: Any, *rest: Any) -> Any:
        """Kill the process, or return what the evaluator inside returns."""
        if individual.id in self.ids and self._first(individual.id):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner(individual, *rest)

    @property
    def budget(self) -> Any:
        """What the evaluator inside costs."""
        return self.inner.budget  # type: ignore[attr-defined]

    def _first(self, number: int) -> bool:
        if self.marks is None:
            return True
        mark = self.marks / str(number)
        if mark.exists():
            return False
        mark.touch()
        return True


@dataclass(frozen=True)
class Slow:
    """Sleeps for an hour at some individuals."""

    inner: Callable[..., Any]
    ids: frozenset[int]

    def __call__(self, individual: Any, *rest: Any) -> Any:
        """Sleep, or return what the evaluator inside returns."""
        if individual.id in self.ids:
            time.sleep(3600)
        return self.inner(individual, *rest)


@dataclass(frozen=True)
class Hungry:
    """Doubles numbers in batches; it has memory for a limited number of them, and never for some.

    Attributes:
        room: Numbers that fit into the memory together.
        never: Numbers for which there is not enough memory even alone.
        joint: Whether it declares that its results depend on which items are evaluated together.
    """

    room: int
    never: frozenset[int] = frozenset()
    joint: bool = False

    def __call__(self, number: int) -> int:
        """Return twice the number."""
        return self.batch([number])[0]

    def batch(self, numbers: Sequence[int]) -> list[int]:
        """Return twice each number."""
        if len(numbers) > self.room or self.never & {*numbers}:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [2 * number for number in numbers]


def pid(_: Any) -> int:
    """Return the id of its process, after a delay so that other processes have to work, too."""
    time.sleep(0.05)
    return os.getpid()


def threads(_: Any) -> int:
    """Return the number of torch threads."""
    return torch.get_num_threads()


@dataclass(frozen=True)
class Forks:
    """Forks a child that lives on, at some numbers, and returns numbers otherwise.

    Attributes:
        numbers: At which it forks.
        note: File for the child's process id.
        end: What comes after that: "exit", "sleep" or "return".
        fork: By whom the child is made: "python", whose hooks run, or "c".
    """

    numbers: frozenset[int]
    note: Path
    end: str
    fork: str

    def __call__(self, number: int) -> int:
        """Return the number."""
        if number in self.numbers:
            fork = os.fork if self.fork == "python" else ctypes.CDLL(None).fork
            if (child := fork()) == 0:
                time.sleep(3600)
            self.note.write_text(str(child))
            if self.end == "exit":
                os._exit(1)
            if self.end == "sleep":
                time.sleep(3600)
        return number

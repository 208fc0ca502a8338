"""What a command is about to do, on one line of a terminal: from the first moment to the first line of its progress.

A pipe gets a line for each step of a command that runs for long, at once. Nothing heavy is imported here, for this is
what shows that the rest is being imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

ERASE = "\r\x1b[2K"
"""Takes away the line that the cursor is on."""
SILENT = frozenset({"-h", "--help", "--quiet", "--json", "--version"})
"""Words with which a command says nothing, or nothing but its result."""
LONG = frozenset({"bench", "evolve", "inherit"})
"""Commands whose steps a pipe shows: the others end before anyone asks."""
PIPED = 10_000
"""Images after which a pipe gets the next line."""


class Status:
    """A line on the standard error that each new one replaces on a terminal."""

    def __init__(self) -> None:
        self.command = ""
        self.live = False
        self.shown = False
        self.read = 0

    def begin(self, command: str, words: Sequence[str]) -> None:
        """Say that a command starts, unless its words or the environment ask for silence."""
        self.live = sys.stderr.isatty()
        shows = self.live or (command in LONG and _is_open())
        silent = SILENT & {*words} or os.environ.get("NEUROEVO_QUIET") or not shows
        self.command = "" if silent else command
        if self.live:
            self.say("starting")

    def say(self, text: str) -> None:
        """Say what is being done now."""
        if self.command:
            self.shown = self.live
            start, end = (ERASE, "") if self.live else ("", "\n")
            sys.stderr.write(f"{start}neuroevo {self.command}: {text} …{end}")
            sys.stderr.flush()

    def say_read(self, name: str, images: int) -> None:
        """Say how many images of a data set have been read; a pipe, which keeps all lines, gets one now and then."""
        if self.live or images // PIPED > self.read // PIPED or images < self.read:
            self.say(f"reading {name}: {images:,} images")
        self.read = images

    def clear(self) -> None:
        """Take the line away."""
        if self.shown:
            self.shown = False
            sys.stderr.write(ERASE)
            sys.stderr.flush()

    def end(self) -> None:
        """Take the line away, and say nothing more."""
        self.clear()
        self.command = ""


def _is_open() -> bool:
    """Return whether the standard error is a file or a pipe, and not what a program in this process reads it with."""
    try:
        return sys.stderr.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        return False


status = Status()
"""That of this process."""

"""What a command is about to do, on one line of a terminal: from the first moment to the first line of its progress.

A pipe gets nothing of it. Nothing heavy is imported here, for this is what shows that the rest is being imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

ERASE = "\r\x1b[2K"
"""Takes away the line that the cursor is on."""
SILENT = frozenset({"-h", "--help", "--quiet", "--json", "--version"})
"""Words with which a command says nothing, or nothing but its result."""


class Status:
    """A line on the standard error that each new one replaces."""

    def __init__(self) -> None:
        self.command = ""
        self.shown = False

    def begin(self, command: str, words: Sequence[str]) -> None:
        """Say that a command starts, unless its words or the environment ask for silence."""
        silent = SILENT & {*words} or os.environ.get("NEUROEVO_QUIET") or not sys.stderr.isatty()
        self.command = "" if silent else command
        self.say("starting")

    def say(self, text: str) -> None:
        """Say what is being done now."""
        if self.command:
            self.shown = True
            sys.stderr.write(f"{ERASE}neuroevo {self.command}: {text} …")
            sys.stderr.flush()

    def say_read(self, name: str, images: int) -> None:
        """Say how many images of a data set have been read."""
        self.say(f"reading {name}: {images:,} images")

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


status = Status()
"""That of this process."""

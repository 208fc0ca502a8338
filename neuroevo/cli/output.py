"""What commands print, on streams that end no run: what can't be written is lost, and the exit code says so."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import click

from neuroevo.cli.status import status
from neuroevo.plain_text import printable


def echo(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Print text, wherever it comes from, without its control characters.

    Args:
        text: One or more lines.
        err: Whether to print to the standard error.
        end: What follows the text.
    """
    status.clear()
    click.echo(printable(text) + end, err=err, nl=False)


def echo_sentences(text: str) -> None:
    """Print sentences, in a terminal broken between words; indented lines are commands, which are copied whole."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        text = "\n".join(line if line.startswith(" ") else _broken(line, width) for line in text.split("\n"))
    echo(text)


def _broken(line: str, width: int) -> str:
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


class Steadfast:
    """A text stream that raises no errors of the system; after the first one it takes everything and writes nothing.

    Attributes:
        failure: The first error.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write text, unless something could not be written before."""
        self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Write what is waiting."""
        self._try(self.stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def _try(self, action: Callable[[], object]) -> None:
        if self.failure is None:
            try:
                action()
            except OSError as error:
                self.failure = error


@contextmanager
def steadfast() -> Iterator[Steadfast]:
    """Let nothing that is printed in the context raise an error of the system; gives the standard output."""
    before = sys.stdout, sys.stderr
    streams = [Steadfast(stream) for stream in before]
    sys.stdout, sys.stderr = (cast(TextIO, stream) for stream in streams)
    try:
        yield streams[0]
    finally:
        sys.stdout, sys.stderr = before
        for stream in streams:
            stream.flush()
            if stream.failure is not None:
                _divert(stream.stream)


def open_standard_streams() -> None:
    """Open what this process was started without, so that no file of a run gets the number of a standard stream."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
            setattr(sys, name, os.fdopen(handle, "r" if number == 0 else "w", encoding="utf-8"))


def _divert(stream: TextIO) -> None:
    """Let what still waits in a stream go nowhere: Python writes it at its end."""
    with suppress(OSError, io.UnsupportedOperation):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)

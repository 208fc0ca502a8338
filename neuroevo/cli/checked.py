"""Types of what a command takes that say in words what they expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neuroevo.spelling import shown


class _InWords(click.ParamType[Any]):
    """A type of click's whose refusal is the end of a sentence: `must be …, but it is …`."""

    expected: str

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a value.

        Raises:
            click.BadParameter: It is of another kind or out of bounds.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"must be {self.expected}, but {self.but(value)}.", param, ctx)

    def but(self, value: Any) -> str:
        """Return what came instead."""
        return f"it is {shown(str(value))}"


class Existing(_InWords, click.Path):
    """A file or folder that is there; a folder alone on demand, with a note on files."""

    def __init__(self, *, folder: bool = False, note: str = "") -> None:
        super().__init__(exists=True, file_okay=not folder, path_type=Path)
        self.expected = "an existing folder" if folder else "an existing file or folder"
        self.note = note

    def but(self, value: Any) -> str:
        """Return what is there instead, or where nothing is."""
        if Path(value).exists():
            return f"{shown(str(value))} is a file{self.note}" if Path(value).is_file() else super().but(value)
        place = "" if Path(value).is_absolute() else f" in {Path.cwd()}"
        return f"there is no {shown(str(value))}{place}"


class Number(_InWords, click.FloatRange):
    """A number in an interval, without its ends if it is open."""

    def __init__(self, low: float, high: float, *, open_: bool = False) -> None:
        super().__init__(low, high, min_open=open_, max_open=open_)
        self.expected = f"a number between {low:g} and {high:g}"


class WholeNumber(_InWords, click.IntRange):
    """A whole number between two others."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low, high)
        self.expected = f"a whole number between {low} and {high}"


class OneOf(_InWords, click.Choice[str]):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        super().__init__(words)
        self.expected = f"one of {', '.join(words)}"

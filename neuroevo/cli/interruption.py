"""Signals at the command line: what is said when a run is stopped, and how to go on."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from neuroevo import catalogue
from neuroevo.cli.options import ON_THIS_MACHINE
from neuroevo.cli.settings.run import Settings, Workers
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.signals import Interrupted, stop_at_once, stop_at_safe_points


class Stopped(click.ClickException):
    """A run was stopped by a signal; the message says how to go on.

    Attributes:
        code: The exit code, 128 + the signal's number.
    """

    def __init__(self, command: str, folder: Path, interrupted: Interrupted, *, asked: Sequence[str] = ()) -> None:
        again = shlex.join(["neuroevo", command, "--resume", str(folder), *asked])
        super().__init__(f"The run was {interrupted}; go on with: {again}")
        self.code = 128 + interrupted.number


@contextmanager
def interruptible(run: RunDirectory) -> Iterator[None]:
    """Let a signal stop the work inside the context where it asks `run.stop`, and a second one at once."""

    def before_exit(number: int) -> None:
        run.close(error=Interrupted(number))

    with stop_at_safe_points(run.stop, tell=_tell, before_exit=before_exit):
        yield


@contextmanager
def ended_by_signals(run: RunDirectory) -> Iterator[None]:
    """Let a signal end the work inside the context, which can't be resumed, at once; `run.json` says so."""

    def before_exit(number: int) -> None:
        _tell(f"Error: the run was {Interrupted(number)} before it saved anything in {run.path}.")
        run.close(error=Interrupted(number))

    with stop_at_once(before_exit):
        yield


@contextmanager
def resumable(command: str, folder: Path, settings: Settings) -> Iterator[None]:
    """Turn a stop inside the context into the sentence that says how to go on.

    Code that was imported and a cluster on another machine are named again, for a run directory alone chooses neither.
    """
    try:
        yield
    except Interrupted as interrupted:
        asked = [f"--import={target}" for target in catalogue.imported()]
        if isinstance(settings, Workers) and settings.engine == "ray" and settings.address not in ON_THIS_MACHINE:
            asked.append(f"--address={settings.address}")
        raise Stopped(command, folder, interrupted, asked=asked) from None


def _tell(sentence: str) -> None:
    # A handler may run in the middle of another write to the same stream, so it does not go through one; and what
    # can't be said must not keep the run from stopping.
    with suppress(OSError):
        os.write(2, f"{sentence}\n".encode())

"""`neuroevo bench`: compares strategies over several seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from neuroevo.cli.names import SUITES, load
from neuroevo.cli.options import settings_command
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.settings import BenchSettings


@settings_command("bench", BenchSettings)
def command(settings: BenchSettings) -> None:
    """Compare strategies over several seeds, with honest statistics.

    SUITE is `transfer` (the default: what do descendants gain on classes that no ancestor saw?) or `throughput`
    (how fast are populations trained?). Results go to a run directory, whose path is printed last.
    """
    # Settings are checked by now, and only a run needs torch.
    from neuroevo.cli.build import make_device

    make_device(settings)  # a device that is not there is told before any folder is made
    for suite in settings.suites:
        with RunDirectory.create(_folder(settings, suite), what="bench", settings=settings, argv=sys.argv) as run:
            run.note({"suite": suite})
            load(SUITES[suite])(settings, run)  # type: ignore[operator]
        if not settings.as_json:
            click.echo(f"Results: {run.path}")


def _folder(settings: BenchSettings, suite: str) -> Path | None:
    """Return the folder of a suite: `--out` itself for one suite, a folder in it for each of several."""
    if settings.out is None or len(settings.suites) == 1:
        return settings.out
    return settings.out / suite

"""`neuroevo bench`: compares strategies over several seeds."""

from __future__ import annotations

import sys

import click

from neuroevo.cli.names import SUITES, load
from neuroevo.cli.options import settings_command
from neuroevo.runs.directory import RunDirectory, default_folder
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
    out = settings.out or default_folder("bench")
    for suite in settings.suites:
        # One suite takes the folder itself, several have a folder each in it.
        folder = out / suite if len(settings.suites) > 1 else out
        with RunDirectory.create(folder, what="bench", settings=settings, argv=sys.argv) as run:
            run.note({"suite": suite})
            load(SUITES[suite])(settings, run)  # type: ignore[operator]
        if not settings.as_json:
            click.echo(f"Results: {run.path}")

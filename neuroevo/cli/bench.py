"""`neuroevo bench`: compares strategies over several seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from neuroevo.cli.interruption import interruptible, resumable
from neuroevo.cli.names import SUITES, load
from neuroevo.cli.options import resumable_command
from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.runs.directory import RunDirectory, default_folder


@resumable_command("bench", BenchSettings)
def command(settings: BenchSettings, resume: Path | None) -> None:
    """Compare strategies over several seeds, with honest statistics.

    SUITE is `transfer` (the default: what do descendants gain on classes that no ancestor saw?), `instinct` (what after
    no or few updates?), `scaling` (what do heirs of other widths, depths and architectures gain?), `adaptation` (and
    descendants on another data set?), `ablation` (what is each part of GTL good for?), `pays` (what does each
    strategy reach for what it spends?), `throughput` (how fast are populations run and trained?), `overhead` (what does
    a generation cost beside evaluation?), `scaleout` (what do worker processes cost and bring?) or `optimize` (what do
    strategies over weight vectors reach on functions and classifiers?). Results go to a run directory, whose path is
    printed last: records, a summary and a report to look at. A run that was interrupted is continued with --resume;
    what it finished is kept.
    """
    # Settings are checked by now, and only a run needs torch.
    from neuroevo.cli.build import make_device

    make_device(settings)  # a device that is not there is told before any folder is made
    out = resume or settings.out or default_folder("bench")
    with resumable("bench", out):
        for suite in settings.suites:
            # One suite takes the folder itself, several have a folder each in it.
            folder = out / suite if len(settings.suites) > 1 else out
            _run(suite, settings, folder, resume=resume is not None)
            if not settings.as_json:
                click.echo(f"Results: {folder}")


def _run(suite: str, settings: BenchSettings, folder: Path, *, resume: bool) -> None:
    from neuroevo.cli.suites import write_report

    with _open(folder, settings, resume=resume) as run, interruptible(run):
        run.note({"suite": suite})
        load(SUITES[suite])(_with_device(settings, run), run)  # type: ignore[operator]
    write_report(folder)


def _with_device(settings: BenchSettings, run: RunDirectory) -> BenchSettings:
    """Return the settings with the device that the run began on: `auto` may stand for another one by now."""
    return settings.model_copy(update={"device": run.facts["device"]})


def _open(folder: Path, settings: BenchSettings, *, resume: bool) -> RunDirectory:
    opened = RunDirectory.resume if resume else RunDirectory.create
    return opened(folder, what="bench", settings=settings, argv=sys.argv)

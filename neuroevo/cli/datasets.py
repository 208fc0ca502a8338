"""`neuroevo datasets`: whether the files of a data set are all there, and where they can be had."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from neuroevo import catalogue
from neuroevo.cli.checked import WholeNumber
from neuroevo.cli.completion import completing
from neuroevo.cli.help import Command, Group
from neuroevo.cli.output import echo
from neuroevo.cli.settings.rules import takes
from neuroevo.cli.status import status
from neuroevo.spelling import unknown

if TYPE_CHECKING:
    from neuroevo.data.checks import Finding
    from neuroevo.data.images import Dataset


EXAMPLES = (
    "neuroevo datasets check glyphs",
    "neuroevo datasets check cifar-fs --data-root data/cifar-fs",
    "neuroevo datasets check image-folder --data-root photos --image-size 64 --json",
)


@click.group("datasets", cls=Group, example=EXAMPLES[0])
def command() -> None:
    """Look after the files of data sets."""


@command.command("check", cls=Command, examples=EXAMPLES)
@click.argument("name", metavar="NAME", shell_complete=completing(lambda: [*catalogue.entries("dataset")]))
@click.option("--data-root", type=click.Path(path_type=Path), metavar="PATH", help="Folder of the data set's files.")
@click.option("--image-size", type=WholeNumber(8, 1024), metavar="INTEGER", help="Size that images are resized to.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def check(ctx: click.Context, name: str, data_root: Path | None, image_size: int | None, as_json: bool) -> None:
    """Check the files of a data set: classes, counts and digests.

    NAME is one of those that `neuroevo list dataset` names. What is missing or damaged is shown with where it can be
    had. The exit code is 0 if all is there, 1 if not, 2 for wrong usage.
    """
    _check_usage(name, data_root)
    if image_size is not None and "size" not in takes(name):
        able = [one for one in catalogue.entries("dataset") if "size" in takes(one)]
        raise click.UsageError(f"--image-size must come with {' or '.join(able)}, but NAME is {name}.")
    found = list(_findings(name, data_root, {"size": image_size} if image_size else {}))
    good = all(finding.good for finding in found)
    source = _source(name)
    if as_json:
        listed = [{"good": finding.good, "sentence": finding.sentence} for finding in found]
        root = None if data_root is None else str(data_root)
        echo(json.dumps({"dataset": name, "data_root": root, "good": good, "findings": listed, "source": source}))
    else:
        for finding in found:
            echo(f"{'ok ' if finding.good else 'BAD'}  {finding.sentence}")
        named = source is None or any(source in finding.sentence for finding in found)
        get = "" if good or named else f" Get {source}."
        echo(f"{name} is complete." if good else f"{name} is not complete.{get}")
    ctx.exit(0 if good else 1)


def _check_usage(name: str, data_root: Path | None) -> None:
    known = catalogue.entries("dataset")
    if name not in known:
        raise click.UsageError(unknown("NAME", name, known, shown_by="neuroevo list dataset"))
    if "data_root" not in takes(name):
        if data_root is not None:
            raise click.UsageError(f"--data-root must be left out, as {name} is made and not read from files.")
    elif data_root is None:
        raise click.UsageError(f"--data-root must name the folder that holds the files of {name}.")
    elif not data_root.is_dir():
        raise click.UsageError(f"--data-root must be an existing folder, but {data_root} is none.")


def _findings(name: str, data_root: Path | None, size: Mapping[str, int]) -> Iterable[Finding]:
    from neuroevo.data.checks import findings  # heavy, and usage is checked by now

    make: Callable[..., Dataset] = catalogue.find("dataset", name)  # type: ignore[assignment]
    digests: Callable[[Path], Iterable[str]] = getattr(_module(name), "checked_digests", lambda _: ())
    if data_root is None:
        return findings(tuple, lambda: make(**size))
    heard = {"progress": partial(status.say_read, name)} if "progress" in takes(name) else {}
    return findings(lambda: digests(data_root), lambda: make(data_root, **size, **heard))


def _source(name: str) -> str | None:
    """Return where the files of a data set can be found, if its module says so."""
    source = getattr(_module(name), "SOURCE", None)
    return str(source) if source is not None and "data_root" in takes(name) else None


def _module(name: str) -> ModuleType:
    return sys.modules[catalogue.find("dataset", name).__module__]

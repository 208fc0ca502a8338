"""`neuroevo report`: makes the report of run directories, as often as wanted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neuroevo.cli.checked import OneOf
from neuroevo.cli.help import Command
from neuroevo.cli.output import echo
from neuroevo.cli.status import status

if TYPE_CHECKING:
    from neuroevo.benchmarks.analysis.results import RunData

FORMATS = ("html", "markdown", "latex", "csv")
REPORT = "report.html"


@click.command(
    "report",
    cls=Command,
    examples=(
        "neuroevo report runs/mine",
        "neuroevo report runs/first runs/second --out both.html",
        "neuroevo report runs/mine --format latex > table.tex",
    ),
)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "kind", type=OneOf(*FORMATS), default="html", show_default=True, help="What to make.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File to write, or the folder that the page goes to; by default it goes to DIR/report.html, or to report.html "
    "here for several runs, and everything else to the standard output. Nothing but an older page is replaced.",
)
@click.pass_context
def command(ctx: click.Context, folders: tuple[Path, ...], kind: str, out: Path | None) -> None:
    """Make the report of one or more run directories; with several, the first is what the others are compared with.

    The page is one file that needs no network. What can't be read is named, and the rest is reported all the same; the
    exit code is then 1.
    """
    # Only a report needs scipy, and matplotlib and torch for what it shows.
    status.say("reading the runs")
    from neuroevo.cli.main import FAILED
    from neuroevo.files import write_atomically

    results, failures = _read(folders)
    for sentence in failures:
        echo(f"Error: {sentence}", err=True)
    for result in results:
        for problem in result.problems:
            echo(f"Note: {result.path}: {problem}", err=True)
    if kind != "html":
        results = _with_tables(results)
    if not results:
        ctx.exit(FAILED)
    status.say("writing the report")
    path = _target(_page(folders, out) if kind == "html" else out)
    content = _content(results, failures, kind)
    if path is None:
        echo(content, end="")
    else:
        write_atomically(path, content.encode())
        echo(f"Report: {path}")
    if failures:
        ctx.exit(FAILED)


def _read(folders: Sequence[Path]) -> tuple[list[RunData], list[str]]:
    """Read run directories; return those that can be read and a sentence for each of the others."""
    from neuroevo.benchmarks.analysis.results import UNFIT, read_run
    from neuroevo.files import CheckpointError

    results, failures = [], []
    for folder in folders:
        try:
            result = read_run(folder)
            result.rows  # noqa: B018 - made when they are asked for, and they must not fail later
        except CheckpointError as error:
            failures.append(str(error))
        except OSError as error:
            failures.append(f"{folder} can't be read: {error.strerror or error}.")
        except UNFIT as error:
            failures.append(f"{folder} does not hold what this version of neuroevo writes ({error}).")
        else:
            results.append(result)
    return results, failures


def _content(results: Sequence[RunData], failures: Sequence[str], kind: str) -> str:
    """Return the page or the tables.

    Raises:
        CheckpointError: A run could be read, but not shown.
    """
    from neuroevo.benchmarks.analysis.results import UNFIT
    from neuroevo.files import CheckpointError

    try:
        return _html(results, failures) if kind == "html" else _tables(results, kind)
    except UNFIT as error:
        named = " or ".join(str(result.path) for result in results)
        message = f"{named} does not hold what this version of neuroevo writes ({type(error).__name__}: {error})."
        raise CheckpointError(message) from error


def _html(results: Sequence[RunData], failures: Sequence[str]) -> str:
    from neuroevo.benchmarks.report.report import to_html  # only a page draws

    return to_html(results, failures=failures)


def _page(folders: Sequence[Path], out: Path | None) -> Path:
    """Return where the page goes: a new path without an ending is a folder, which is made."""
    if out is None:
        return folders[0] / REPORT if len(folders) == 1 else Path(REPORT)
    if not out.is_dir() and (out.suffix or os.path.lexists(out)):
        return out
    out.mkdir(parents=True, exist_ok=True)
    return out / REPORT


def _target(path: Path | None) -> Path | None:
    """Return where something is written, None for the standard output; only a page of this command is replaced.

    Raises:
        FileExistsError: There is something else at the path.
    """
    from neuroevo.files import refuse_unless_plain

    if path is None:
        return None
    refuse_unless_plain(path)
    if not path.exists():
        return path
    from neuroevo.benchmarks.report.report import GENERATOR

    with path.open("rb") as file:
        start = file.read(2000)
    if f'content="{GENERATOR}'.encode() not in start:
        raise FileExistsError(
            f"{path} is there and no page of neuroevo report; remove it, or give another file with --out."
        )
    return path


def _with_tables(results: Sequence[RunData]) -> list[RunData]:
    """Return the runs that there is a table of, and name the others."""
    from neuroevo.benchmarks.report.tables import figures

    found = [
        result for result in results if result.rows or result.searches or result.generations or figures(result.records)
    ]
    for result in results:
        if result not in found:
            echo(f"Note: {result.path} holds no finished comparison of strategies.", err=True)
    return found


def _tables(results: Sequence[RunData], kind: str) -> str:
    from neuroevo.benchmarks.report import tables

    if kind == "csv":
        return tables.to_csv(results)
    write = tables.markdown_of if kind == "markdown" else tables.latex_of
    return "\n".join(write(result, titled=len(results) > 1) for result in results)

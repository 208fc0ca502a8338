"""All that wants a GPU, in one command: the tests that need one, and a table of what one does.

    python -m neuroevo.benchmarks.speed.on_gpu --out gpu.md

It is made for less than 8 minutes of one large GPU (no row begins after the seventh). In a checkout of the repository
it runs the tests first. The file is written after each row, and what no longer fits into the minutes is named. Rates
are held against a large product of matrices in the same precision, measured in the same run. On a CPU,
`--device cpu --tiny` tries the program.
"""

from __future__ import annotations

import gc
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import torch

from neuroevo.benchmarks.speed.gpu_works import LARGE, PARTS, TINY, Job, Sizes, yardsticks
from neuroevo.benchmarks.speed.timing import Spread, conditions, describe_conditions, peak_mebibytes, timed
from neuroevo.execution.precision import multiplying

TESTS = ("tests/gpu", "tests/execution/test_cuda.py")
"""Where the tests that need a GPU are."""

TEST_SECONDS = 150
HEADINGS = ("work", "P", "precision", "ms (quartiles)", "TFLOP/s", "of the limit", "peak memory")


@dataclass(frozen=True)
class Row:
    """What was measured of a job.

    Attributes:
        job: The job.
        spread: Milliseconds of a pass, or an update.
        mebibytes: Memory that a call takes; None where the system does not say.
    """

    job: Job
    spread: Spread
    mebibytes: float | None

    @property
    def rate(self) -> float | None:
        """Operations per second, in 1e12."""
        if self.job.operations is None:
            return None
        return self.job.operations / self.job.passes / self.spread.median / 1e9


@dataclass
class Table:
    """The table as it grows.

    Attributes:
        head: What it holds for.
        rows: What was measured.
        limits: The rate of a large product, by precision.
        remarks: What failed or was left out, and how tests went.
    """

    head: str
    rows: list[Row] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def to_markdown(self) -> str:
        """Return the table, with its conditions before and its remarks after it."""
        lines = [_line(HEADINGS), _line(["---"] * len(HEADINGS)), *(_line(self._cells(row)) for row in self.rows)]
        return "\n".join([self.head, "", *lines, "", *(f"- {remark}" for remark in self.remarks), ""])

    def _cells(self, row: Row) -> list[str]:
        job, spread, rate = row.job, row.spread, row.rate
        limit = self.limits.get(job.precision)
        return [
            job.name,
            f"{job.population:,}",
            job.precision,
            f"{spread.median:.3g} ({spread.low:.3g} to {spread.high:.3g})",
            "" if rate is None else f"{rate:.3g}",
            "" if rate is None or limit is None else f"{rate / limit:.2g}",
            "" if row.mebibytes is None else f"{row.mebibytes:,.0f} MiB",
        ]


def _line(cells: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def measured(job: Job, device: torch.device, *, repeats: int, seconds: float) -> Row:
    """Measure a job: the call whose memory counts is the one that warms up, for some calls take seconds."""
    with multiplying(job.precision):
        mebibytes = peak_mebibytes(job.run, device=device)
        calls = max(1, math.ceil(seconds / timed(job.run, device=device)))
        times = [1000 * timed(job.run, device=device, calls=calls) / calls for _ in range(repeats)]
    return Row(job, Spread.of([each / job.passes for each in times]), mebibytes)


def jobs(sizes: Sizes, device: torch.device, table: Table) -> Iterator[Job]:
    """Yield the jobs of all parts; a part that can't be made is a remark."""
    for name, part in {"limits": yardsticks, **PARTS}.items():
        try:
            yield from part(sizes, device)
        except Exception as error:  # noqa: BLE001 - what follows is worth its time
            table.remarks.append(_failed(name, error))


def fill(table: Table, sizes: Sizes, device: torch.device, *, until: float, out: Path | None) -> None:
    """Measure all jobs, as long as there is time, and write the file after each."""
    repeats, seconds = (1, 0.0) if sizes.tiny else (3, 0.05)
    for job in jobs(sizes, device, table):
        if time.monotonic() > until:
            table.remarks.append(f"Left out, for the time was over: {job.name} ({job.precision}).")
            continue
        try:
            row = measured(job, device, repeats=repeats, seconds=seconds)
        except Exception as error:  # noqa: BLE001 - what follows is worth its time
            table.remarks.append(_failed(job.name, error))
        else:
            table.rows.append(row)
            if job.population == 1 and row.rate is not None:
                table.limits[job.precision] = row.rate
            click.echo(_line(table._cells(row)), err=True)
        gc.collect()
        _write(table, out)


def run_tests(*, seconds: float = TEST_SECONDS) -> str:
    """Run the tests that need a GPU, and return how that went, in one line."""
    found = [path for path in TESTS if Path(path).exists()]
    if not found:
        return "The tests were not run: call the command in a checkout of the repository."
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
    try:
        ran = subprocess.run([*command, *found], capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"The tests took longer than {seconds:g} seconds."
    lines = ran.stdout.strip().splitlines() or ["nothing was printed"]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return "; ".join(["Tests that need a GPU: " + lines[-1].strip("= "), *failed])


def _failed(name: str, error: Exception) -> str:
    return f"{name} failed ({type(error).__name__}: {str(error).partition(chr(10))[0]})."


def _write(table: Table, out: Path | None) -> None:
    if out is not None:
        out.write_text(table.to_markdown())


@click.command()
@click.option("--device", default="cuda", show_default=True, help="Where everything runs.")
@click.option("--tiny", is_flag=True, help="Tiny sizes, which only show that the program runs.")
@click.option("--minutes", default=7.0, show_default=True, help="When no further row is begun.")
@click.option("--tests/--no-tests", default=True, show_default=True, help="Run the tests that need a GPU first.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Markdown file that the table goes to.")
def main(device: str, tiny: bool, minutes: float, tests: bool, out: Path | None) -> None:
    """Run the tests that need a GPU, and print a table of what one does."""
    place = torch.device(device)
    if place.type == "cuda" and not torch.cuda.is_available():
        raise click.ClickException("no GPU was found; `--device cpu --tiny` tries the program without one.")
    until = time.monotonic() + 60 * minutes
    sizes = TINY if tiny else LARGE
    table = Table(describe_conditions(conditions(place), samples=1 if tiny else 3))
    if tests:
        table.remarks.append(run_tests())
        click.echo(table.remarks[-1], err=True)
    fill(table, sizes, place, until=until, out=out)
    _write(table, out)
    click.echo(table.to_markdown())


if __name__ == "__main__":
    main()

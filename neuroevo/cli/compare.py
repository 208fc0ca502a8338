"""`neuroevo compare`: tells whether two runs differ, with an exit code for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neuroevo.cli.checked import Existing, Number
from neuroevo.cli.help import Command
from neuroevo.cli.output import echo
from neuroevo.cli.status import status

if TYPE_CHECKING:
    from neuroevo.benchmarks.analysis.results import RunData

RUN = Existing(folder=True, note="; runs are compared by their directories, for a report holds no records")


@click.command(
    "compare",
    cls=Command,
    examples=(
        "neuroevo compare runs/before runs/after",
        "neuroevo compare runs/before runs/after --tolerance 0.01",
        "neuroevo compare runs/before runs/after --alpha 0.01 || echo changed",
    ),
)
@click.argument("first", metavar="A", type=RUN)
@click.argument("second", metavar="B", type=RUN)
@click.option(
    "--alpha",
    type=Number(0, 1, open_=True),
    metavar="FLOAT",
    default=0.05,
    show_default=True,
    help="Significance level of the tests.",
)
@click.option(
    "--tolerance",
    type=Number(0, 1),
    metavar="FLOAT",
    default=0.0,
    show_default=True,
    help="Differences of mean accuracy up to this one count as none.",
)
@click.pass_context
def command(ctx: click.Context, first: Path, second: Path, alpha: float, tolerance: float) -> None:
    """Tell whether run B differs from run A: exit code 0 if not, 3 if it does.

    The rule: B differs if some strategy's accuracy after all updates does. Over three or more common seeds that is so
    if the paired t-test with Holm's correction over the strategies gives p below ALPHA; fewer seeds allow no test, and
    every difference counts. Differences of the means up to TOLERANCE never count, nor do strategies that only one
    run has. Runs on other data, of other descendants or with other budgets can't be compared: exit code 1.

    Two runs of evolve differ unless all their generations are equal, times not counted; the first difference is shown.
    With other settings they can't be compared.
    """
    # Only a comparison needs scipy and torch.
    status.say("reading the runs")
    from neuroevo.benchmarks.analysis.differences import equal_accuracies, obstacles
    from neuroevo.benchmarks.analysis.results import read_run
    from neuroevo.benchmarks.analysis.verdict import judge
    from neuroevo.cli.main import DIFFERENT
    from neuroevo.cli.tables import print_differences

    before, after = read_run(first), read_run(second)
    for result in (before, after):
        for problem in result.problems:
            echo(f"Note: {result.path}: {problem}", err=True)
    if found := obstacles(before, after):
        raise click.ClickException(_listed(found, f"{before.path} and {after.path}"))
    if before.is_evolution:
        _compare_generations(ctx, before, after)
        return
    verdict = judge(before, after, alpha=alpha, tolerance=tolerance)
    print_differences(verdict.differences, title=f"Accuracy in %: {first} (A) against {second} (B)")
    if verdict.unjudged:
        reasons = (f"{', '.join(names)} ({reason})" for reason, names in verdict.unjudged.items())
        echo(f"Not judged: {'; '.join(reasons)}.")
    if verdict.different:
        echo(f"Different: {', '.join(verdict.different)}.")
        ctx.exit(DIFFERENT)
    equal = equal_accuracies(before, after)
    echo(
        "No difference was shown."
        if equal is None
        else f"The accuracies of all {equal:,} descendants that both runs have are equal."
    )


def _listed(obstacles: Sequence[str], names: str) -> str:
    """Return one obstacle as it is, and several as a list below what they have in common."""
    if len(obstacles) == 1:
        return obstacles[0]
    differing, beginning = f"{names} differ", f"{names} can't be compared"
    lines = [one.replace(differing, "they differ").removeprefix(f"{beginning}: ") for one in obstacles]
    return "\n  - ".join((f"{beginning}:", *lines))


def _compare_generations(ctx: click.Context, first: RunData, second: RunData) -> None:
    """Say where two runs of evolve part, if they do."""
    from neuroevo.benchmarks.analysis.evolution import parting
    from neuroevo.cli.main import DIFFERENT

    if (apart := parting(first.records, second.records)) is not None:
        echo(str(apart))
        ctx.exit(DIFFERENT)
    echo(f"All {len(first.generations)} generations are equal.")

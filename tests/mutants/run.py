"""The share of planted faults that the laws notice.

    python tests/mutants/run.py tests/mutants/seen.json --jobs 2 --only operators/mutation.py

Each fault is planted in a process of its own; the files of the checkout stay as they are. There the laws of the
subjects judge that cover its file, those first that name it first, until one is broken. The right code is judged first:
it may break none.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import click
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutants.fault import Fault, read
from mutants.processes import Call, Outcome, run
from mutants.trial import Finding, survey, try_fault, try_right

LIMIT = 600.0
"""Most seconds of the processor for the right code of a subject."""


@dataclass(frozen=True)
class Result:
    """What the laws say about a fault.

    Attributes:
        fault: Its name.
        file: Its file.
        kind: Its kind.
        caught: Whether a law noticed it.
        subject: The subject whose law did.
        law: The law.
        complaint: What happened.
        seconds: Seconds of the processor until then.
    """

    fault: str
    file: str
    kind: str
    caught: bool
    subject: str
    law: str
    complaint: str
    seconds: float


@dataclass(frozen=True)
class Score:
    """The share of faults that were caught, with its interval of Clopper and Pearson at 95 %."""

    caught: int
    faults: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, results: Sequence[Result]) -> Score:
        """Return the score of results."""
        caught = sum(one.caught for one in results)
        interval = stats.binomtest(caught, len(results)).proportion_ci(0.95, method="exact")
        return cls(caught, len(results), caught / len(results), float(interval.low), float(interval.high))


def measure(faults: Sequence[Fault], *, examples: int, jobs: int, covered: bool = False) -> list[Result]:
    """Return what the laws say about each fault, in their order.

    Args:
        faults: The faults.
        examples: Largest number of examples of each law.
        jobs: Processes at a time.
        covered: Leave out faults in files that no subject covers.

    Raises:
        RuntimeError: The right code breaks a law.
    """
    (found,) = run([Call("survey", partial(survey, {fault.file for fault in faults}), LIMIT)], jobs)
    if found.died:
        raise RuntimeError(f"the subjects of the right code can't be listed: {found.died}.")
    homes, modules = found.value
    _import(modules)
    chosen = [fault for fault in faults if homes[fault.file] or not covered]
    costs = _costs({name for fault in chosen for name in homes[fault.file]}, examples, jobs)
    limits = {file: 20 + 5 * sum(costs[name] for name in homes[file]) for file in {fault.file for fault in chosen}}
    calls = [Call(fault.id, partial(try_fault, fault, examples), limits[fault.file]) for fault in chosen]
    outcomes = {}
    for one in run(calls, jobs):
        outcomes[one.name] = one
        missed = not one.died and one.value is None
        click.echo(f"{len(outcomes)}/{len(calls)} {one.name} {'missed' if missed else 'caught'}", err=True)
    return [_result(fault, outcomes[fault.id]) for fault in chosen]


def _costs(subjects: set[str], examples: int, jobs: int) -> dict[str, float]:
    """Return the seconds that each subject takes with the right code."""
    costs = {}
    for one in run([Call(name, partial(try_right, name, examples), LIMIT) for name in sorted(subjects)], jobs):
        if one.died or one.value is not None:
            law, what = ("a law", one.died) if one.died else (f"the law {one.value.law!r}", one.value.complaint)
            raise RuntimeError(f"the right code of {one.name} breaks {law}, so that nothing can be measured: {what}")
        costs[one.name] = one.seconds
    return costs


def _import(modules: Sequence[str]) -> None:
    """Import what the subjects import from libraries, once for all processes."""
    for name in modules:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(name)


def _result(fault: Fault, outcome: Outcome) -> Result:
    found: Finding | None = Finding(fault.file, "it ends", outcome.died) if outcome.died else outcome.value
    facts = asdict(found) if found is not None else {"subject": "", "law": "", "complaint": ""}
    return Result(fault.id, fault.file, fault.kind, found is not None, **facts, seconds=round(outcome.seconds, 1))


def table(results: Sequence[Result]) -> str:
    """Return a line for each fault, and the scores of all, of each folder and of each kind."""
    lines = [
        f"{one.fault:42} {one.kind:28} "
        + (f"caught by {one.subject}: {one.law}" if one.caught else "missed")
        + f" ({one.seconds} s)"
        for one in results
    ]
    folders = sorted({_folder(one.file) for one in results})
    groups = {"all": results} | {name: [one for one in results if _folder(one.file) == name] for name in folders}
    return "\n".join([*lines, "", *(f"{name}: {_shown(Score.of(rows))}" for name, rows in groups.items())])


def _folder(file: str) -> str:
    return str(Path(file).parent)


def _shown(score: Score) -> str:
    return f"{score.caught} of {score.faults} caught, {score.share:.1%} (95 %: {score.low:.1%} to {score.high:.1%})"


def as_json(results: Sequence[Result]) -> str:
    """Return the results and their score."""
    kept = [replace(one, complaint=one.complaint[:200]) for one in results]
    return json.dumps({"score": asdict(Score.of(results)), "results": [asdict(one) for one in kept]}, indent=1) + "\n"


@click.command()
@click.argument("lists", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--jobs", default=1, show_default=True, help="Processes at a time.")
@click.option("--examples", default=100, show_default=True, help="Largest number of examples of each law.")
@click.option("--only", multiple=True, help="File of faults to plant, or the name of one; several may be given.")
@click.option("--covered", is_flag=True, help="Leave out faults in files that no subject covers.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="File for the results.")
def main(
    lists: tuple[Path, ...], jobs: int, examples: int, only: tuple[str, ...], covered: bool, json_path: Path | None
) -> None:
    """Plant the faults of LISTS, one at a time, and tell which of them a law notices."""
    faults = [fault for path in lists for fault in read(path) if not only or {fault.file, fault.id} & {*only}]
    if not faults:
        raise click.UsageError("only must name files or faults of the lists, but none of them is there.")
    try:
        results = measure(faults, examples=examples, jobs=jobs, covered=covered)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    if json_path is not None:
        json_path.write_text(as_json(results), encoding="utf-8")
    click.echo(table(results))


if __name__ == "__main__":
    main()

"""`neuroevo show`: describes a learngene or a run directory."""

from __future__ import annotations

import csv
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from neuroevo.cli.checked import Existing
from neuroevo.cli.descriptions import describe_file
from neuroevo.cli.for_people import few, moment, pairs, span
from neuroevo.cli.help import Command
from neuroevo.cli.output import echo_sentences
from neuroevo.files import CheckpointError
from neuroevo.plain_text import printable_line
from neuroevo.runs.directory import read_facts
from neuroevo.runs.locks import LOCK_FILES
from neuroevo.runs.names import FACTS, GENOME, LEARNGENE, RECORDS, SUMMARY
from neuroevo.runs.records import read_records

COMMAND = "\n    "
"""What stands before a command that can be copied."""

STATUS = {"failed": "failed", "interrupted": "was interrupted"}
"""What is said of runs that did not finish."""


@click.command(
    "show",
    cls=Command,
    examples=(
        "neuroevo show runs/mine",
        "neuroevo show runs/mine/learngene.safetensors",
        "neuroevo show runs/search/genome.safetensors",
    ),
)
@click.argument("path", type=Existing())
def command(path: Path) -> None:
    """Describe PATH in words: a learngene file or a run directory."""
    try:
        lines = _describe_run(path) if path.is_dir() else describe_file(_no_page(path))
    except (AttributeError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        raise CheckpointError(f"{path} does not hold what this version of neuroevo writes ({error}).") from error
    echo_sentences("\n".join(_printable(line) for line in lines))


def _no_page(path: Path) -> Path:
    """Return the path of a file that may be described.

    Raises:
        CheckpointError: It is a page.
    """
    if path.suffix != ".html":
        return path
    made = f", {path.parent}" if (path.parent / FACTS).exists() else ""
    raise CheckpointError(f"{path} is a page to look at in a browser; show takes the run directory it tells of{made}.")


def _printable(text: str) -> str:
    """Return text for the terminal; a command keeps the line of its own below what it does."""
    what, line, command = text.partition(COMMAND)
    return f"{printable_line(what)}{line}{printable_line(command)}"


def _describe_run(path: Path) -> list[str]:
    facts = read_facts(path)
    what = " ".join(str(facts[key]) for key in ("what", "suite") if facts.get(key))
    lines = [f"This is a run of neuroevo {what}{_circumstances(facts)}.", f"{_progress(facts)}."]
    if argv := facts.get("argv"):
        lines.append(f"It was started by: {' '.join(argv)}")
    if error := facts.get("error"):
        lines.append(f"Error: {error}")
    if (path / SUMMARY).exists():
        with (path / SUMMARY).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        lines += [_condition(row, rows) + _describe_row(row) for row in rows] + _of_seeds(rows)
    if (path / RECORDS).exists() and not (path / SUMMARY).exists():
        lines += [_describe_generation(record) for record in read_records(path / RECORDS)[-1:]]
    if facts.get("what") == "inherit" and (result := facts.get("result")):
        heir, scratch = (100 * result["accuracy"][name][-1] for name in ("heir", "scratch"))
        lines.append(f"The descendant reaches {heir:.1f} % accuracy, and one from scratch {scratch:.1f} %.")
    files = sorted(str(file.relative_to(path)) for file in _files(path))
    lines.append(f"It has {len(files)} files: {few(files)}.")
    for name in (GENOME, LEARNGENE):
        if (path / name).exists():
            return [*lines, "", f"{name}:", *describe_file(path / name)]
    return [*lines, *_next(path, facts)]


def _circumstances(facts: Mapping[str, Any]) -> str:
    """Return with which seed and where a run ran, as far as it says so."""
    seeds = facts.get("comparison", {}).get("seeds", [])
    seed = f" with seed {facts['seed']}" if facts.get("seed") is not None else ""
    if len(seeds) > 1:
        seed = f" with seeds {few([*map(str, seeds)])}"
    return f"{seed} on {facts['device']}" if facts.get("device") else seed


def _progress(facts: Mapping[str, Any]) -> str:
    """Return whether a run has ended, when it began, and how long it took."""
    status = str(facts.get("status"))
    began = f"It {STATUS.get(status, f'is {status}')}; it began {moment(facts.get('started'))}"
    took = span(facts.get("started"), facts.get("ended"))
    return f"{began} and took {took}" if took else began


def _next(path: Path, facts: Mapping[str, Any]) -> list[str]:
    """Return what to do next: to continue a run that has not ended, else what its results allow."""
    if facts.get("what") in ("bench", "evolve") and facts.get("status") != "finished":
        again = shlex.join(["neuroevo", str(facts["what"]), "--resume", str(path)])
        return ["", "Next:", f"Continue it:\n    {again}"]
    if not (path / SUMMARY).exists() or not (path / RECORDS).exists():
        return []
    from neuroevo.benchmarks.analysis.results import UNFIT, read_run
    from neuroevo.benchmarks.report.next_steps import next_steps

    try:
        steps = next_steps(read_run(path), path)
    except UNFIT:  # what can't be read is described above as far as it can
        return []
    return ["", "Next:", *(f"{step.text}:\n    {step.command}" for step in steps)] if steps else []


def _files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file() and file.name not in LOCK_FILES)


def _condition(row: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> str:
    """Return the factors in which the descendants of a row differ from those of other rows, or nothing."""
    from neuroevo.benchmarks.analysis.summary import RESULT_COLUMNS
    from neuroevo.benchmarks.report.conditions import column_of

    if "accuracy_mean" not in row:
        return ""
    names = [name for name in row if name not in RESULT_COLUMNS and len({one[name] for one in rows}) > 1]
    factors = ", ".join(f"{column_of(name).heading} {row[name]}" for name in names)
    return f"[{factors}] " if factors else ""


def _describe_generation(record: Mapping[str, Any]) -> str:
    if record.get("kind") != "generation":
        return f"Its last record is of the kind {record.get('kind')}."
    return (
        f"Generation {record['generation'] + 1} was its last: mean score {record['mean']:.3f}, {record['failed']} "
        f"failed, {record['gradient_steps']:,} gradient steps so far."
    )


def _describe_row(row: Mapping[str, str]) -> str:
    from neuroevo.benchmarks.analysis.summary import BASELINE
    from neuroevo.benchmarks.report.columns import LEAST_SHOWN, count, percent, points, probability

    if "accuracy_mean" not in row:
        return f"{pairs(row)}."
    accuracy, gain, p_value = (_number(row[key]) for key in ("accuracy_mean", "gain_over_scratch", "p_holm"))
    reached = "outputs that are not finite" if math.isnan(accuracy) else f"{percent(accuracy)} %"
    equals = "" if p_value < LEAST_SHOWN else "= "
    test = "" if math.isnan(p_value) else f", p (Holm) {equals}{probability(p_value)}"
    compared = row["strategy"] != BASELINE and not math.isnan(gain)
    versus = f", {points(gain)} points over scratch{test}" if compared else ""
    return (
        f"{row['strategy']} reaches {reached} on novel classes{versus}; it transfers "
        f"{percent(float(row['transferred_share']))} % of the parameters after {count(float(row['gradient_steps']))} "
        "gradient steps."
    )


def _of_seeds(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return how many seeds a comparison has, and what these do not support."""
    from neuroevo.benchmarks.report.verdicts import caution, seed_count

    counts = [int(row["seed_count"]) for row in rows if "accuracy_mean" in row]
    if not counts:
        return []
    return [caution(min(counts)) or f"These are means over {seed_count(min(counts))}."]


def _number(cell: str) -> float:
    """Return a cell's number; NaN for an empty cell."""
    return float(cell) if cell else math.nan

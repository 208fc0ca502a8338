"""`neuroevo show`: describes a learngene or a run directory."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from neuroevo.cli.checked import Existing
from neuroevo.cli.help import Command
from neuroevo.cli.output import echo
from neuroevo.files import CheckpointError
from neuroevo.plain_text import printable_line
from neuroevo.runs.directory import read_facts
from neuroevo.runs.locks import LOCK_FILES
from neuroevo.runs.names import GENOME, LEARNGENE, RECORDS, SUMMARY
from neuroevo.runs.records import read_records

MOST_NAMES = 12


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
        lines = _describe_run(path) if path.is_dir() else _describe_file(path)
    except (AttributeError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        raise CheckpointError(f"{path} does not hold what this version of neuroevo writes ({error}).") from error
    echo("\n".join(map(printable_line, lines)))


def _describe_file(path: Path) -> list[str]:
    from neuroevo.genome import Genome, is_genome

    if not is_genome(path):
        return _describe_learngene(path)
    genome = Genome.load(path)
    size = sum(block.numel() for block in genome.blocks.values())
    shapes = [f"{name} {' x '.join(map(str, block.shape)) or 'a number'}" for name, block in genome.blocks.items()]
    notes = [f"{key}: {value}" for key, value in sorted(genome.notes.items())]
    return [f"Genome of {size:,} genes.", f"Blocks: {_few(shapes)}.", *notes]


def _describe_learngene(path: Path) -> list[str]:
    from neuroevo.learngene import Learngene

    learngene = Learngene.load(path)
    description = learngene.backbone.describe()
    lines = [
        f"Learngene of a {description.pop('kind')} ({_pairs(description)}): {learngene.parameters:,} parameters, "
        f"{100 * learngene.share:.1f} % of the backbone's.",
        "Channels kept: "
        + ", ".join(
            f"{group} {count} of {learngene.backbone.layout.groups[group]}" for group, count in learngene.counts.items()
        )
        + ".",
    ]
    tensors = learngene.backbone.layout.axes
    if len(learngene.slices) < len(tensors):
        lines.append(f"Tensors held, of {len(tensors)}, are {_few([*learngene.slices])}.")
    notes = dict(learngene.notes)
    for role, names in notes.pop("classes", {}).items():
        lines.append(f"Classes of the role {role}: {_few(names)}.")
    if lineage := notes.pop("lineage", None):
        lines.append(f"Lineage, itself first: {' <- '.join(map(str, lineage))}.")
    if settings := notes.pop("settings", None):
        lines.append(f"Settings: {_pairs(settings)}.")
    return [*lines, *(f"{key}: {value}" for key, value in sorted(notes.items()))]


def _describe_run(path: Path) -> list[str]:
    facts = read_facts(path)
    what = " ".join(str(facts[key]) for key in ("what", "suite") if facts.get(key))
    lines = [
        f"Run of neuroevo {what}, {facts.get('status')}, started {facts.get('started')}, ended {facts.get('ended')}, "
        f"seed {facts.get('seed')}, device {facts.get('device')}.",
        f"Command: {' '.join(facts.get('argv', []))}",
    ]
    if error := facts.get("error"):
        lines.append(f"Error: {error}")
    if (path / SUMMARY).exists():
        with (path / SUMMARY).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        lines += [_condition(row, rows) + _describe_row(row) for row in rows]
    if (path / RECORDS).exists() and not (path / SUMMARY).exists():
        lines += [_describe_generation(record) for record in read_records(path / RECORDS)[-1:]]
    if facts.get("what") == "inherit" and (result := facts.get("result")):
        heir, scratch = (100 * result["accuracy"][name][-1] for name in ("heir", "scratch"))
        lines.append(f"Accuracy of the descendant: {heir:.1f} %, from scratch {scratch:.1f} %.")
    if (path / GENOME).exists():
        lines += _describe_file(path / GENOME)
    if (path / LEARNGENE).exists():
        lines += _describe_learngene(path / LEARNGENE)
    files = sorted(str(file.relative_to(path)) for file in _files(path))
    return [*lines, f"Files: {_few(files)}."]


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
        return f"Last record: {record.get('kind')}."
    return (
        f"Last generation: {record['generation'] + 1}, mean score {record['mean']:.3f}, {record['failed']} failed, "
        f"{record['gradient_steps']:,} gradient steps so far."
    )


def _describe_row(row: Mapping[str, str]) -> str:
    from neuroevo.benchmarks.report.columns import count, percent, points, probability

    if "accuracy_mean" not in row:
        return _pairs(row)
    accuracy, gain, p_value = (_number(row[key]) for key in ("accuracy_mean", "gain_over_scratch", "p_value"))
    reached = "outputs that are not finite" if math.isnan(accuracy) else f"{percent(accuracy)} %"
    versus = "" if math.isnan(p_value) else f", {points(gain)} points over scratch (p = {probability(p_value)})"
    return (
        f"{row['strategy']}: {reached} on novel classes{versus}, {percent(float(row['transferred_share']))} % of the "
        f"parameters transferred, {count(float(row['gradient_steps']))} gradient steps before."
    )


def _number(cell: str) -> float:
    """Return a cell's number; NaN for an empty cell."""
    return float(cell) if cell else math.nan


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _few(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{len(names)}: {', '.join(names[:MOST_NAMES])}{more}"

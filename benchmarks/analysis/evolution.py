"""Runs of `evolve`: what each generation reached, and where two runs part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

Record = Mapping[str, Any]

TIMES = ("seconds",)
"""What differs between equal runs."""
NO_RESULT = frozenset(
    {"address", "device", "engine", "eval_timeout", "execution", "generations", "gpus_per_worker", "json", "out"}
    | {"preset", "quick", "quiet", "resume", "settings", "stop", "workers"}
)
"""Settings that change no generation."""


@dataclass(frozen=True)
class GenerationRow:
    """One generation of one strategy; scores are first fitness values, NaN where no individual has one.

    Attributes:
        strategy: The strategy's name.
        seed: Its seed; None where the run does not say.
        generation: Counted from 0.
        best: Score of the best individual.
        mean: Mean score.
        individuals: Individuals.
        failed: Individuals whose score is not finite.
        evaluations: Individuals scored since the start.
        gradient_steps: Gradient steps since the start.
        seconds: Wall-clock time of the generation.
    """

    strategy: str
    seed: int | None
    generation: int
    best: float
    mean: float
    individuals: int
    failed: int
    evaluations: int
    gradient_steps: int
    seconds: float


@dataclass(frozen=True)
class Parting:
    """The first difference between two runs.

    Attributes:
        generation: The generation, counted from 0.
        field: What differs, a key of its record; empty if only one of the runs has the generation.
        first: Its value in the first run.
        second: Its value in the second run.
    """

    generation: int
    field: str
    first: Any
    second: Any


def generations(records: Sequence[Record], *, strategy: str, seed: int | None) -> list[GenerationRow]:
    """Return the generations among the records; those that name no strategy and seed are of the run's own."""
    return [_row(one, strategy, seed) for one in records if one.get("kind") == "generation"]


def parting(first: Sequence[Record], second: Sequence[Record]) -> Parting | None:
    """Return the first difference between the generations of two runs, times not counted; None if there is none."""
    ours, theirs = ([one for one in each if one.get("kind") == "generation"] for each in (first, second))
    for number, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one is None or other is None:
            return Parting(number, "", one, other)
        for field in sorted(one.keys() | other.keys()):
            if field not in TIMES and one.get(field) != other.get(field):
                return Parting(number, field, one.get(field), other.get(field))
    return None


def obstacles(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return, as `name: value and value`, the settings of two runs that forbid to compare their generations.

    Args:
        first: The settings of the first run, its strategy and seed among them.
        second: Those of the second run.
    """
    keys = [key for key in sorted(first.keys() | second.keys()) if key not in NO_RESULT]
    return [f"{key}: {first.get(key)} and {second.get(key)}" for key in keys if first.get(key) != second.get(key)]


def _row(record: Record, strategy: str, seed: int | None) -> GenerationRow:
    scores = {one["id"]: _number(one["fitness"][0] if one["fitness"] else None) for one in record["individuals"]}
    return GenerationRow(
        strategy=str(record.get("strategy", strategy)),
        seed=record.get("seed", seed),
        generation=record["generation"],
        best=scores.get(record["best"], math.nan),
        mean=_number(record["mean"]),
        individuals=len(record["individuals"]),
        failed=record["failed"],
        evaluations=record["evaluations"],
        gradient_steps=record["gradient_steps"],
        seconds=record["seconds"],
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)

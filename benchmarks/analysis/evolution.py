"""Runs of `evolve`: what each generation reached, and where two runs part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

Record = Mapping[str, Any]

MOST_LETTERS = 200
"""Letters of a value in a sentence; longer ones are cut off."""
TIMES = ("seconds",)
"""What differs between equal runs."""
NO_RESULT = frozenset(
    {"address", "device", "engine", "eval_timeout", "execution", "generations", "gpus_per_worker", "json", "log", "out"}
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

    def __str__(self) -> str:
        number = self.generation + 1
        if self.field:
            name = self.field.replace("_", " ")
            return f"Different from generation {number} on: {name} is {short(self.first)} and {short(self.second)}."
        return f"Different: only the {'second' if self.first is None else 'first'} run has generation {number}."


def generations(records: Sequence[Record], *, strategy: str, seed: int | None) -> list[GenerationRow]:
    """Return the generations among the records; those that name no strategy and seed are of the run's own."""
    return [_row(one, strategy, seed) for one in records if one.get("kind") == "generation"]


def parting(first: Sequence[Record], second: Sequence[Record]) -> Parting | None:
    """Return the first difference between the generations of two runs, times not counted; None if there is none."""
    ours, theirs = ([one for one in each if one.get("kind") == "generation"] for each in (first, second))
    for number, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one is None or other is None:
            return Parting(number, "", one, other)
        if found := _field(one, other):
            return Parting(number, *found)
    return None


def _field(one: Record, other: Record) -> tuple[str, Any, Any] | None:
    """Return the first field in which two records of a generation differ, with both values; numbers before lists."""
    names = sorted(one.keys() | other.keys(), key=lambda name: (isinstance(one.get(name), list), name))
    for name in names:
        if name not in TIMES and one.get(name) != other.get(name):
            return name, one.get(name), other.get(name)
    return None


def other_settings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return, as `name (value and value)`, the settings of two runs that forbid to compare their generations.

    Args:
        first: The settings of the first run, its strategy and seed among them.
        second: Those of the second run.
    """
    ours, theirs = flattened(first), flattened(second)
    return [
        f"{key} ({short(ours.get(key))} and {short(theirs.get(key))})"
        for key in sorted(ours.keys() | theirs.keys())
        if key.partition(" ")[0] not in NO_RESULT and ours.get(key) != theirs.get(key)
    ]


def flattened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in settings as one mapping, their names joined by blanks."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= {f"{name} {inner}": leaf for inner, leaf in flattened(value).items()}
        else:
            found[name] = value
    return found


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


def short(value: Any) -> str:
    """Return a value as text, cut to fit into a sentence."""
    text = str(value)
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"

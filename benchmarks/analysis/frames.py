"""Records as flat rows: one for each generation, each individual, and each number of updates of a descendant."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]
Flat = list[dict[str, Any]]

OWN = ("kind", "best", "mean", "individuals")
"""What a generation's record has under other names in its row."""


def generation_rows(records: Sequence[Record], *, strategy: str, seed: int | None) -> Flat:
    """Return a row for each generation, with the numbers of its fitness and all plain values of its record.

    Args:
        records: Records of a run.
        strategy: The strategy of records that name none.
        seed: Its seed.
    """
    return [_generation(one, strategy, seed) for one in _of("generation", records)]


def individual_rows(records: Sequence[Record], *, strategy: str, seed: int | None) -> Flat:
    """Return a row for each individual of each generation; of several objectives the second is `fitness_2`."""
    return [
        {
            **_names(record, strategy, seed),
            "generation": record["generation"],
            "id": one["id"],
            "parents": tuple(one["parents"]),
            **{_named("fitness", place): _number(value) for place, value in enumerate(one["fitness"])},
            "failure": one.get("failure"),
        }
        for record in _of("generation", records)
        for one in record["individuals"]
    ]


def descendant_rows(records: Sequence[Record]) -> Flat:
    """Return a row for each descendant and each number of updates after which it was measured."""
    return [
        {
            "strategy": record["strategy"],
            "seed": record["seed"],
            **record["condition"],
            "descendant": record["descendant"],
            "updates": updates,
            "accuracy": _number(accuracy),
        }
        for record in _of("descendant", records)
        for updates, accuracy in zip(record["updates"], record["accuracy"], strict=True)
    ]


def _generation(record: Record, strategy: str, seed: int | None) -> dict[str, Any]:
    scores = {one["id"]: _number(one["fitness"][0]) for one in record["individuals"] if one["fitness"]}
    sound = [score for score in scores.values() if math.isfinite(score)]
    numbers = {
        "best_fitness": scores.get(record["best"], math.nan),
        "mean_fitness": _number(record["mean"]),
        "std_fitness": statistics.pstdev(sound) if sound else math.nan,
        "min_fitness": min(sound, default=math.nan),
        "max_fitness": max(sound, default=math.nan),
        "individuals": len(record["individuals"]),
        "best_individual": record["best"],
    }
    plain = {name: value for name, value in record.items() if name not in OWN and not isinstance(value, list | dict)}
    so_far = {_named("best_so_far", place): _number(one) for place, one in enumerate(record.get("best_values", []))}
    return {**_names(record, strategy, seed), "generation": record["generation"], **numbers, **so_far, **plain}


def _of(kind: str, records: Sequence[Record]) -> list[Record]:
    return [one for one in records if one.get("kind") == kind]


def _names(record: Record, strategy: str, seed: int | None) -> dict[str, Any]:
    return {"strategy": record.get("strategy", strategy), "seed": record.get("seed", seed)}


def _named(name: str, place: int) -> str:
    return name if place == 0 else f"{name}_{place + 1}"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)

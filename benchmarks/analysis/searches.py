"""What strategies reached on functions and classifiers: one row for each problem and strategy, with ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from neuroevo.benchmarks.analysis.csv_rows import rows_to_csv
from neuroevo.benchmarks.analysis.ranks import Ranks, average_ranks
from neuroevo.benchmarks.analysis.statistics import Estimate, estimate, tied_ranks

Record = Mapping[str, Any]


@dataclass(frozen=True)
class SearchRow:
    """One strategy on one problem.

    Attributes:
        problem: Its name.
        strategy: Its name.
        seed_count: Number of seeds.
        evaluations: What each seed spent.
        best_mean: Best value of all evaluations, mean over seeds.
        best_ci_low: Lower end of its 95 % confidence interval.
        best_ci_high: Upper end.
        best_median: Median over seeds.
        gradient_steps: What each seed spent beside evaluations.
        rank: Rank among the strategies on this problem, 1 is best, mean over seeds.
        seconds: Mean time of a seed.
    """

    problem: str
    strategy: str
    seed_count: int
    evaluations: int
    best_mean: float
    best_ci_low: float
    best_ci_high: float
    best_median: float
    gradient_steps: int
    rank: float
    seconds: float


@dataclass(frozen=True)
class SearchCurve:
    """How the best value of a strategy on a problem fell or rose, over seeds.

    Attributes:
        problem: Its name.
        strategy: Its name.
        evaluations: Evaluations after which there is a value.
        best: Per seed the best value so far.
        weight: Positive if the greater value is the better.
        gradient_steps: What a seed spent beside evaluations.
    """

    problem: str
    strategy: str
    evaluations: tuple[int, ...]
    best: tuple[tuple[float, ...], ...]
    weight: float
    gradient_steps: int


def curves(records: Sequence[Record]) -> list[SearchCurve]:
    """Return the curves by problem and strategy, in the order of the records."""
    grouped: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.get("kind") == "search":
            grouped.setdefault((record["problem"], record["strategy"]), []).append(record)
    return [
        SearchCurve(
            problem,
            strategy,
            tuple(found[0]["evaluations"]),
            tuple(tuple(_number(value) for value in one["best"]) for one in found),
            found[0]["weight"],
            found[0]["gradient_steps"],
        )
        for (problem, strategy), found in grouped.items()
    ]


def summarise(records: Sequence[Record]) -> list[SearchRow]:
    """Return one row per problem and strategy; within a problem the best comes first."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for record in records:
        if record.get("kind") == "search":
            seconds.setdefault((record["problem"], record["strategy"]), []).append(record["seconds"])
    found = curves(records)
    rows = [
        _row(one, rank, fmean(seconds[one.problem, one.strategy]))
        for problem in dict.fromkeys(one.problem for one in found)
        for one, rank in _ranked([one for one in found if one.problem == problem])
    ]
    places = {problem: place for place, problem in enumerate(dict.fromkeys(row.problem for row in rows))}
    return sorted(rows, key=lambda row: (places[row.problem], row.rank))


def by_problem(rows: Sequence[SearchRow]) -> dict[str, list[SearchRow]]:
    """Return rows by problem, in their order."""
    return {
        problem: [row for row in rows if row.problem == problem]
        for problem in dict.fromkeys(row.problem for row in rows)
    }


def overall(rows: Sequence[SearchRow]) -> Ranks | None:
    """Return mean ranks over all problems, with Friedman's test; None for a single problem or strategy."""
    problems = list(dict.fromkeys(row.problem for row in rows))
    by_name = {row.strategy: {one.problem: one for one in rows if one.strategy == row.strategy} for row in rows}
    everywhere = {name: found for name, found in by_name.items() if len(found) == len(problems)}
    if len(problems) < 2 or len(everywhere) < 2:
        return None
    return average_ranks({name: [-found[one].rank for one in problems] for name, found in everywhere.items()})


def to_csv(rows: Sequence[SearchRow]) -> str:
    """Return rows as comma-separated values with a header."""
    return rows_to_csv(SearchRow, rows)


def _ranked(found: Sequence[SearchCurve]) -> list[tuple[SearchCurve, float]]:
    """Return the curves of one problem, each with its mean rank over the seeds that all of them have."""
    seeds = min(len(one.best) for one in found)
    finals = np.array([[_score(one, seed) for seed in range(seeds)] for one in found])
    ranks = np.array([tied_ranks(-finals[:, seed], rounding=0.0) for seed in range(seeds)])
    return list(zip(found, ranks.mean(axis=0).tolist(), strict=True))


def _score(one: SearchCurve, seed: int) -> float:
    final = one.best[seed][-1]
    return math.copysign(1, one.weight) * final if math.isfinite(final) else -np.finfo(float).max


def _row(one: SearchCurve, rank: float, seconds: float) -> SearchRow:
    finals = [seed[-1] for seed in one.best]
    final: Estimate = estimate(finals)
    middle = float(np.median(finals))
    return SearchRow(
        problem=one.problem,
        strategy=one.strategy,
        seed_count=len(finals),
        evaluations=one.evaluations[-1],
        best_mean=final.mean,
        best_ci_low=final.low,
        best_ci_high=final.high,
        best_median=middle,
        gradient_steps=one.gradient_steps,
        rank=rank,
        seconds=seconds,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value

"""Runs of `evolve` in a report: the table of generations, and what it shows in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from neuroevo.benchmarks.analysis.evolution import GenerationRow
from neuroevo.benchmarks.report.columns import NOTHING, Column, count

MOST_LINES = 20
"""Generations of a table, about."""


def format_score(value: float) -> str:
    """Return a score with four significant digits; a dash for what is not finite."""
    return f"{value:.4g}" if math.isfinite(value) else NOTHING


GENERATION_COLUMNS: tuple[Column[GenerationRow], ...] = (
    Column("strategy", "Its name.", lambda row: row.strategy, lambda row: row.strategy),
    Column("generation", "Its number, from 1.", lambda row: row.generation + 1, lambda row: count(row.generation + 1)),
    Column(
        "best score",
        "Score of the best individual of the generation.",
        lambda row: row.best,
        lambda row: format_score(row.best),
    ),
    Column(
        "mean score",
        "Mean score of its individuals, those that failed left out.",
        lambda row: row.mean,
        lambda row: format_score(row.mean),
    ),
    Column("individuals", "Individuals.", lambda row: row.individuals, lambda row: count(row.individuals)),
    Column("failed", "Individuals whose score is not finite.", lambda row: row.failed, lambda row: count(row.failed)),
    Column(
        "evaluations",
        "Individuals scored since the start.",
        lambda row: row.evaluations,
        lambda row: count(row.evaluations),
    ),
    Column(
        "gradient steps",
        "Updates of any network since the start.",
        lambda row: row.gradient_steps,
        lambda row: count(row.gradient_steps),
    ),
    Column("seconds", "Wall-clock time of the generation.", lambda row: row.seconds, lambda row: f"{row.seconds:.2f}"),
)


def evenly(rows: Sequence[GenerationRow], most: int = MOST_LINES) -> list[GenerationRow]:
    """Return a number of generations at even distances, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    places = sorted({round(place * (len(rows) - 1) / (most - 1)) for place in range(most)})
    return [rows[place] for place in places]


def by_strategy(rows: Sequence[GenerationRow]) -> dict[str, list[GenerationRow]]:
    """Return the generations of each strategy and seed, under a name that distinguishes them."""
    found: dict[str, list[GenerationRow]] = {}
    for row in rows:
        name = row.strategy if row.seed is None else f"{row.strategy}, seed {row.seed}"
        found.setdefault(name, []).append(row)
    return found


def summary(rows: Sequence[GenerationRow]) -> list[str]:
    """Return what a run reached, a sentence for each strategy."""
    return [_sentence(name, found) for name, found in by_strategy(rows).items()]


def headline(rows: Sequence[GenerationRow]) -> str:
    """Return the score that each strategy ended at, without a full stop."""
    ends = {name: found[-1] for name, found in by_strategy(rows).items()}
    reached = ", ".join(f"{name} at {format_score(last.best)}" for name, last in ends.items())
    return f"Best score of the last generation: {reached}"


def describe_generations(rows: Sequence[GenerationRow]) -> str:
    """Return what the picture of scores shows, with numbers."""
    return f"Best and mean score of each generation. {' '.join(summary(rows))}"


def _sentence(name: str, rows: Sequence[GenerationRow]) -> str:
    first, last = rows[0], rows[-1]
    failed = sum(row.failed for row in rows)
    lost = f" {failed} of {sum(row.individuals for row in rows)} individuals failed." if failed else ""
    return (
        f"{name}: the best score went from {format_score(first.best)} in the first to {format_score(last.best)} in the "
        f"last of {len(rows)} generations, the mean from {format_score(first.mean)} to {format_score(last.mean)}, "
        f"after {count(last.evaluations)} evaluations and {count(last.gradient_steps)} gradient steps.{lost}"
    )

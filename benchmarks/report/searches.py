"""The columns of the tables of searches: what strategies over weight vectors reached."""

from __future__ import annotations

import math

from neuroevo.benchmarks.analysis.searches import SearchRow
from neuroevo.benchmarks.analysis.statistics import FEWEST
from neuroevo.benchmarks.report.columns import NOTHING, Column


def value_in_text(value: float, *, digits: int = 3) -> str:
    """Return a value with a number of significant digits; a dash for what is not finite."""
    return f"{value:.{digits}g}" if math.isfinite(value) else NOTHING


def _interval(row: SearchRow) -> str:
    if row.seed_count < FEWEST or not math.isfinite(row.best_ci_low):
        return ""
    return f"{value_in_text(row.best_ci_low, digits=2)} to {value_in_text(row.best_ci_high, digits=2)}"


RANK = Column[SearchRow](
    "rank",
    "Rank on this problem, 1 is best: in each seed by the best value of all evaluations, equals share a mean; mean "
    "over seeds.",
    # Tables begin with the greatest value, and the best rank is the least.
    lambda row: -row.rank,
    lambda row: f"{row.rank:.2f}",
)
SEARCH_COLUMNS = (
    Column[SearchRow]("problem", "What was searched.", lambda row: row.problem, lambda row: row.problem),
    Column[SearchRow]("strategy", "Its name.", lambda row: row.strategy, lambda row: row.strategy),
    RANK,
    Column[SearchRow](
        "best value",
        "Best value of all evaluations, mean over seeds, from 3 seeds on with 95 % confidence interval (Student's t "
        "below 20 seeds).",
        lambda row: row.best_mean,
        lambda row: value_in_text(row.best_mean),
        _interval,
    ),
    Column[SearchRow](
        "median",
        "Best value of all evaluations, median over seeds.",
        lambda row: row.best_median,
        lambda row: value_in_text(row.best_median),
    ),
    Column[SearchRow](
        "evaluations", "Evaluations of a seed.", lambda row: row.evaluations, lambda row: f"{row.evaluations:,}"
    ),
    Column[SearchRow](
        "steps",
        "Gradient steps of a seed, beside its evaluations.",
        lambda row: row.gradient_steps,
        lambda row: f"{row.gradient_steps:,}",
    ),
    Column[SearchRow]("seeds", "Seeds.", lambda row: row.seed_count, lambda row: str(row.seed_count)),
    Column[SearchRow]("seconds", "Time of a seed, mean.", lambda row: row.seconds, lambda row: f"{row.seconds:.1f}"),
)
DROPPED = ("seconds", "seeds", "steps", "median", "evaluations")
"""The columns that a narrow terminal has no room for, the first ones first."""

"""What searches say, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from neuroevo.benchmarks.analysis.matches import verdict
from neuroevo.benchmarks.analysis.searches import SearchCurve, SearchRow, by_problem, overall
from neuroevo.benchmarks.analysis.statistics import FEWEST, Estimate, estimate, paired_differences
from neuroevo.benchmarks.report.columns import minus
from neuroevo.benchmarks.report.findings import describe_ranks
from neuroevo.benchmarks.report.searches import value_in_text
from neuroevo.benchmarks.report.verdicts import seed_count, times


@dataclass(frozen=True)
class Lead:
    """The strategy that ranks first on a problem, and the next one.

    Attributes:
        first: Its row.
        second: The row of the next one.
        strategies: How many there are.
        better: By how much the first is better, over the seeds of both.
        weight: Positive if the greater value is the better.
    """

    first: SearchRow
    second: SearchRow
    strategies: int
    better: Estimate
    weight: float


def summary(rows: Sequence[SearchRow], curves: Sequence[SearchCurve]) -> list[str]:
    """Return for each problem whether the strategy that ranks first beats the next one, and the ranks over all."""
    found = [one for problem, best in by_problem(rows).items() for one in _on_problem(problem, best, curves)]
    ranks = overall(rows)
    return found if ranks is None else [*found, describe_ranks(ranks).replace("data sets", "problems")]


def headline(rows: Sequence[SearchRow]) -> str:
    """Return the most important finding, without a full stop."""
    if min(row.seed_count for row in rows) < FEWEST:
        return "Too few seeds for a conclusion"
    ranks = overall(rows)
    if ranks is not None:
        return f"{ranks.strategies[0]} has the best mean rank over {ranks.datasets} problems"
    firsts = [f"{best[0].strategy} on {problem}" for problem, best in by_problem(rows).items()]
    return f"Best by rank: {', '.join(firsts)}"


def lead(best: Sequence[SearchRow], curves: Sequence[SearchCurve]) -> Lead:
    """Return how the first of the rows of a problem, at least two, compares with the second."""
    ours, theirs = (
        next(one for one in curves if (one.problem, one.strategy) == (row.problem, row.strategy)) for row in best[:2]
    )
    sign = math.copysign(1.0, ours.weight)
    pairs = [(sign * one[-1], sign * other[-1]) for one, other in zip(ours.best, theirs.best, strict=False)]
    differences = paired_differences([one for one, _ in pairs], [other for _, other in pairs])
    return Lead(best[0], best[1], len(best), estimate(differences.tolist()), sign)


def describe_curves(rows: Sequence[SearchRow]) -> str:
    """Return what the curves show."""
    medians = [
        f"{problem}: " + ", ".join(f"{row.strategy} {value_in_text(row.best_median)}" for row in found)
        for problem, found in by_problem(rows).items()
    ]
    return f"Best value so far against evaluations. Medians at the end, best rank first. {'; '.join(medians)}."


def _on_problem(problem: str, best: Sequence[SearchRow], curves: Sequence[SearchCurve]) -> list[str]:
    first = best[0]
    reached = f"{value_in_text(first.best_median)} in the median after {first.evaluations:,} evaluations"
    if len(best) == 1:
        return [f"On {problem}, {first.strategy} reaches {reached}; no other strategy is compared with it."]
    found = lead(best, curves)
    return [f"On {problem}, {_compared(found)}", *_budgets(problem, found)]


def _compared(found: Lead) -> str:
    first, second = found.first.strategy, found.second.strategy
    medians = f"{value_in_text(found.first.best_median)} against {value_in_text(found.second.best_median)}"
    next_ = f"{second}, the next of {found.strategies} by rank"
    match verdict(found.better):
        case "few":
            return f"{first} reaches {medians} of {next_}, over {seed_count(found.better.count)}."
        case "unknown":
            return f"{first} ranks first, but some values of it or of {next_}, are not finite."
        case "equal":
            return f"{first} and {next_}, reach the same values with each of {seed_count(found.better.count)}."
        case "above":
            return f"{first} beats {next_}: medians {medians}, {_difference(found)}."
        case "below":
            return f"{first} ranks first, but its mean is worse than that of {next_}: {_difference(found)}."
    return f"{first} and {next_}, can't be distinguished: medians {medians}, {_difference(found)}."


def _difference(found: Lead) -> str:
    by, sign = found.better, found.weight
    low, high = sorted((sign * by.low, sign * by.high))
    interval = f"{_signed(low)} to {_signed(high)}"
    return f"difference of the means {_signed(sign * by.mean)} (95 % CI {interval}, {seed_count(by.count)})"


def _budgets(problem: str, found: Lead) -> list[str]:
    """Return what else the two spent: time, and gradient steps if there were any."""
    spent = []
    if found.second.seconds > 0:
        slower = times(found.first.seconds / found.second.seconds)
        spent = [f"On {problem}, {found.first.strategy} took {slower} the time of {found.second.strategy}."]
    learned = [one for one in (found.first, found.second) if one.gradient_steps]
    return spent + [
        f"On {problem}, {one.strategy} took {one.gradient_steps:,} gradient steps beside its evaluations."
        for one in learned
    ]


def _signed(value: float) -> str:
    text = value_in_text(value)
    return minus(text if text.startswith("-") else f"+{text}")

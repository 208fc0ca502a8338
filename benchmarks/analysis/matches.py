"""Matches: what a comparison is about against the strongest rival that transfers at most as many parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.statistics import FEWEST, Estimate, estimate, paired_differences
from neuroevo.benchmarks.analysis.summary import BASELINE, Finals, Row, Seeds, pairs_of

SUBJECT = "gtl"
"""What a comparison is about wherever it takes part, whether it ends high or low."""
ALPHA = 0.05
ROUNDING = 1e-9
"""Differences of shares up to this one are rounding."""

ENOUGH = 5
"""Seeds below which the evidence is weak."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Match:
    """A strategy against a rival, over the seeds that both have.

    Attributes:
        subject: The strategy's row.
        rival: The rival's row.
        pairs: The subject minus the rival.
        rivals: From how many the strongest was chosen.
    """

    subject: Row
    rival: Row
    pairs: Pairs
    rivals: int


def verdict(difference: Estimate) -> str:
    """Return what a difference shows: `few` seeds, `unknown`, `equal`, `above`, `below`, or `open` if 0 is possible."""
    if math.isnan(difference.mean):
        return "unknown"
    if difference.count < FEWEST:
        return "few"
    if difference.low == difference.high == 0:
        return "equal"
    if difference.low > 0:
        return "above"
    return "below" if difference.high < 0 else "open"


def evolved(records: Iterable[Record]) -> set[str]:
    """Return the strategies with several generations or several individuals in one."""
    return {str(one.get("strategy")) for one in records if one.get("kind") == "generation" and _evolves(one)}


def subject_of(rows: Sequence[Row], evolving: Iterable[str]) -> str | None:
    """Return the name of the strategy that a comparison is about, None if nothing is transferred.

    That is `gtl`; without it the best of those that evolve; without these the best of those that transfer a part of a
    trained network; else the best of those that transfer anything.

    Args:
        rows: Of one condition or several, in which accuracies are averaged.
        evolving: Names of the strategies that evolve.
    """
    names, evolving = {row.strategy for row in rows}, {*evolving}
    if SUBJECT in names:
        return SUBJECT
    parts = {row.strategy for row in rows if _trained(row) and 0 < row.transferred_share < 1}
    anything = {row.strategy for row in rows if row.transferred_share > 0}
    for group in (evolving & names, parts, anything):
        if group - {BASELINE}:
            return max(sorted(group - {BASELINE}), key=lambda name: _mean_accuracy(rows, name))
    return None


def rivals_of(subject: Row, rows: Iterable[Row]) -> list[Row]:
    """Return the rows, of the same condition, of all that is trained before transfer and transfers no more."""
    most = subject.transferred_share + ROUNDING
    return [row for row in rows if row.strategy != subject.strategy and _trained(row) and row.transferred_share <= most]


def strongest_match(subject: Row, rows: Iterable[Row], finals: Finals) -> Match | None:
    """Return the match with the rival that the subject exceeds least, of those with most seeds in common.

    Args:
        subject: A row.
        rows: The rows of its condition.
        finals: The accuracies in that condition.

    Returns:
        The match; None if there is no rival with a seed in common and finite accuracies.
    """
    met = [(row, pairs_of(finals[subject.strategy], finals[row.strategy])) for row in rivals_of(subject, rows)]
    known = [(row, pairs) for row, pairs in met if pairs is not None and math.isfinite(pairs.difference.mean)]
    if not known:
        return None
    rival, pairs = min(known, key=lambda one: (-one[1].difference.count, one[1].difference.mean))
    return Match(subject, rival, pairs, len(known))


def differences_to_each(subject: str, others: Sequence[str], finals: Finals) -> dict[str, Estimate]:
    """Return the differences of a strategy to each of several others, with intervals that hold together.

    Each interval is at the level of 1 - 0.05 / k for k others (Bonferroni). Others without a seed in common or with an
    accuracy that is not finite are left out.
    """
    met = {name: _common(finals[subject], finals[name]) for name in others if name in finals}
    known = {name: pair for name, pair in met.items() if pair[0] and all(map(math.isfinite, (*pair[0], *pair[1])))}
    level = 1 - ALPHA / max(1, len(known))
    return {
        name: estimate(paired_differences(ours, theirs).tolist(), confidence=level)
        for name, (ours, theirs) in known.items()
    }


def ratio(subject: Row, rival: Row, cost: str) -> float:
    """Return how many times the rival's cost the subject spent; NaN where the rival spent nothing or it is unknown."""
    ours, theirs = float(getattr(subject, cost)), float(getattr(rival, cost))
    return ours / theirs if theirs > 0 else math.nan


def _common(first: Seeds, second: Seeds) -> tuple[list[float], list[float]]:
    seeds = sorted(first.keys() & second.keys())
    ours, theirs = ([fmean(each[seed].values()) for seed in seeds] for each in (first, second))
    return ours, theirs


def _evolves(record: Record) -> bool:
    individuals = record.get("individuals")
    several = isinstance(individuals, list) and len(individuals) > 1
    return several or record.get("generation") not in (0, None)


def _trained(row: Row) -> bool:
    return row.gradient_steps > 0


def _mean_accuracy(rows: Iterable[Row], name: str) -> float:
    mean = fmean(row.accuracy_mean for row in rows if row.strategy == name)
    return -math.inf if math.isnan(mean) else mean

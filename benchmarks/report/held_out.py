"""What a comparison says on held-out classes, by which evolution selects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from neuroevo.benchmarks.analysis.matches import Match
from neuroevo.benchmarks.report.columns import percent


def describe_scores(match: Match, records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return in a sentence that scores rank a strategy and its rival the other way round than accuracies; else nothing.

    Args:
        match: The two.
        records: Of the comparison; those of the kind `ancestor` have a `score`, an accuracy on held-out classes.
    """
    found: dict[str, dict[int, float]] = {match.subject.strategy: {}, match.rival.strategy: {}}
    for one in records:
        if one["kind"] == "ancestor" and one["strategy"] in found and _is_accuracy(one.get("score")):
            found[one["strategy"]][one["seed"]] = one["score"]
    ours, theirs = found.values()
    seeds = ours.keys() & theirs.keys()
    if not seeds:
        return []
    first, second = (fmean(each[seed] for seed in seeds) for each in (ours, theirs))
    if (first - second) * match.pairs.difference.mean >= 0:
        return []
    return [
        f"Scores on held-out classes, by which evolution selects, rank the two the other way round: "
        f"{match.subject.strategy} {percent(first)} %, {match.rival.strategy} {percent(second)} %."
    ]


def _is_accuracy(score: object) -> bool:
    return isinstance(score, float | int) and 0 <= score <= 1

"""Scores on held-out classes: said where they rank a strategy and its rival the other way round."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from neuroevo.benchmarks.analysis.matches import Match
from neuroevo.benchmarks.analysis.pairs import compare_pairs
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.held_out import describe_scores


def records(**scores: list[float | None]) -> list[dict[str, Any]]:
    """Return the records of ancestors with these scores, a seed each."""
    return [
        {"kind": "ancestor", "strategy": name, "seed": seed, "score": score}
        for name, values in scores.items()
        for seed, score in enumerate(values)
    ]


@pytest.fixture
def match(make_row: Callable[..., Row]) -> Match:
    """Return a strategy that ends above its rival."""
    return Match(make_row("gtl"), make_row("narrow"), compare_pairs([0.8, 0.9, 0.85], [0.7, 0.8, 0.8]), 1)


def test_the_other_order_is_said(match: Match) -> None:
    """With both means, over the seeds that both have."""
    (sentence,) = describe_scores(match, records(gtl=[0.5, 0.7], narrow=[0.8, 0.8, 0.1]))
    assert sentence == (
        "Scores on held-out classes, by which evolution selects, rank the two the other way round: gtl 60.0 %, "
        "narrow 80.0 %."
    )


@pytest.mark.parametrize(
    "scores", [[0.9, 0.9], [0.8, 0.8], [None, None], [math.nan, -3.0], []], ids=["above", "equal", "none", "odd", "no"]
)
def test_nothing_is_said_otherwise(match: Match, scores: list[float | None]) -> None:
    """Of the same order, and of scores that are no accuracies."""
    assert describe_scores(match, records(gtl=scores, narrow=[0.8, 0.8])) == []

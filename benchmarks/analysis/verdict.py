"""Whether two runs differ, by a stated rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from neuroevo.benchmarks.analysis.differences import Difference, differences
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.statistics import FEWEST


@dataclass(frozen=True)
class Verdict:
    """What came out of comparing a second run with a first.

    Attributes:
        differences: Every strategy that both runs have.
        different: The names of those that differ.
        unjudged: Why strategies are not judged, with their names: only one run has them, or the runs share no seed.
    """

    differences: tuple[Difference, ...]
    different: tuple[str, ...]
    unjudged: Mapping[str, tuple[str, ...]]


def judge(first: RunData, second: RunData, *, alpha: float = 0.05, tolerance: float = 0.0) -> Verdict:
    """Return in which strategies the second run differs from the first.

    Accuracies after all updates are compared. Over three or more common seeds a strategy differs if the paired t-test
    with Holm's correction over all common strategies gives a p-value below `alpha`. Fewer seeds allow no test, nor do
    accuracies that are not finite: there every difference counts. Differences of the means over common seeds up to
    `tolerance` never count.

    Args:
        first: The run to compare with.
        second: The run that may differ.
        alpha: The error rate of all tests together, in (0, 1).
        tolerance: In units of accuracy, at least 0.

    Raises:
        ValueError: `alpha` or `tolerance` is out of range, or the runs share no strategy and seed.
    """
    if not 0 < alpha < 1 or not 0 <= tolerance < math.inf:
        raise ValueError(f"alpha must lie in (0, 1) and tolerance be at least 0, but they are {alpha} and {tolerance}.")
    found = differences(first, second)
    judged = [(one, one.pairs) for one in found if one.pairs is not None]
    if not judged:
        raise ValueError(f"{first.path} and {second.path} must share a strategy and a seed, but they share none.")
    return Verdict(
        tuple(one for one, _ in judged),
        tuple(one.strategy for one, pairs in judged if _differs(one, pairs, alpha, tolerance)),
        _unjudged(first, second, [one.strategy for one in found if one.pairs is None]),
    )


def _unjudged(first: RunData, second: RunData, apart: Iterable[str]) -> dict[str, tuple[str, ...]]:
    ours, theirs = ({row.strategy for row in result.rows} for result in (first, second))
    reasons = {"only in A": ours - theirs, "only in B": theirs - ours, "no common seed": {*apart}}
    return {reason: tuple(sorted(names)) for reason, names in reasons.items() if names}


def _differs(one: Difference, pairs: Pairs, alpha: float, tolerance: float) -> bool:
    gap = pairs.difference.mean
    if math.isnan(gap):
        # Not finite in both runs is no difference.
        return math.isnan(one.first.mean) != math.isnan(one.second.mean)
    if abs(gap) <= tolerance:
        return False
    tested = pairs.difference.count >= FEWEST and math.isfinite(one.p_holm)
    return one.p_holm < alpha if tested else gap != 0

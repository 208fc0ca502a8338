"""One method against another over the same seeds, in all the numbers that such a comparison is quoted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuroevo.benchmarks.analysis import statistics
from neuroevo.benchmarks.analysis.statistics import Estimate

ALPHA = 0.05


@dataclass(frozen=True)
class Pairs:
    """A method against another over the same seeds; NaN where there are too few seeds or one failed.

    Attributes:
        difference: The mean of the differences, first minus second, with its 95 % confidence interval.
        median: The median of the differences.
        p_value: Two-sided paired t-test, uncorrected.
        p_wilcoxon: Two-sided Wilcoxon signed-rank test, uncorrected.
        rank_biserial: Its effect size in [-1, 1], positive if the first is greater.
        probability_of_improvement: How probable it is that a run of the first ends above one of the second.
        seeds_needed: Seeds at which a paired t-test finds such a difference with power 0.8, no fewer than a
            conclusion takes; None where it is unknown.
    """

    difference: Estimate
    median: float
    p_value: float
    p_wilcoxon: float
    rank_biserial: float
    probability_of_improvement: float
    seeds_needed: int | None


def compare_pairs(first: Sequence[float], second: Sequence[float], *, tests: int = 1) -> Pairs:
    """Compare two methods, first minus second.

    Args:
        first: One value per seed, at least one.
        second: The other method's values of the same seeds, in the same order.
        tests: How many comparisons share the error rate of 5 %; `seeds_needed` is for a level of 0.05 / tests.

    Raises:
        ValueError: The numbers of values differ, there is none, or `tests` is below 1.
    """
    if tests < 1:
        raise ValueError(f"tests must be at least 1, but it is {tests}.")
    differences = statistics.paired_differences(first, second).tolist()
    needed = statistics.seeds_needed(differences, alpha=ALPHA / tests)
    return Pairs(
        difference=statistics.estimate(differences),
        median=float(np.median(differences)),
        p_value=statistics.paired_p_value(first, second),
        p_wilcoxon=statistics.wilcoxon_p_value(first, second),
        rank_biserial=statistics.rank_biserial(first, second),
        probability_of_improvement=statistics.probability_of_improvement(first, second),
        seeds_needed=None if needed is None else max(needed, statistics.FEWEST),
    )

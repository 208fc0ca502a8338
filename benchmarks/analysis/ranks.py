"""Several strategies over several data sets by their ranks: Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are used, which takes a second

from neuroevo.benchmarks.analysis.statistics import ROUNDING, Values, tied_ranks


@dataclass(frozen=True)
class Ranks:
    """Strategies by their mean rank over data sets, best first.

    Attributes:
        strategies: Their names, by rising mean rank.
        mean_ranks: Their mean ranks, in [1, number of strategies]; 1 is best.
        datasets: The number of data sets, N.
        friedman_p: Friedman's test that all strategies rank alike, by its chi-squared approximation, corrected for
            ties. Without a small value here, differences between single strategies should not be claimed.
        critical_difference: Nemenyi's: two mean ranks that lie further apart differ at the level asked for.
    """

    strategies: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    datasets: int
    friedman_p: float
    critical_difference: float

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the maximal sets whose mean ranks differ by no more than the critical difference, best first.

        Every strategy is in at least one; one that differs from all others is a set of its own.
        """
        found: list[tuple[str, ...]] = []
        reached = 0
        for start, best in enumerate(self.mean_ranks):
            stop = sum(rank - best <= self.critical_difference for rank in self.mean_ranks)
            if stop > reached:
                found.append(self.strategies[start:stop])
                reached = stop
        return tuple(found)


def average_ranks(scores: Mapping[str, Sequence[float]], *, alpha: float = 0.05) -> Ranks:
    """Rank strategies on each data set and average, with Friedman's test and Nemenyi's critical difference.

    The greatest score of a data set gets rank 1; scores that are equal up to rounding share their mean rank. With few
    data sets the test is conservative and the critical difference wide: neither can find much in two or three.

    Args:
        scores: Of every strategy one score per data set, in the same order; greater is better. Two strategies or more.
        alpha: The level of the critical difference, in (0, 1).

    Raises:
        ValueError: There are fewer than two strategies or no data set, the numbers of scores differ, a score is not
            finite, or `alpha` lies outside (0, 1).

    Source: Demšar 2006, sections 3.2.2 and 3.2.4; for ties Conover 1999.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), but it is {alpha}.")
    ranks = np.array([_ranks(column) for column in _table(scores).T])
    datasets, count = ranks.shape
    means = ranks.mean(axis=0)
    order = np.argsort(means, kind="stable")
    names = list(scores)
    # The studentised range with infinite degrees of freedom, divided by the square root of 2.
    quantile = float(scipy.stats.studentized_range.isf(alpha, count, math.inf)) / math.sqrt(2)
    return Ranks(
        strategies=tuple(names[index] for index in order),
        mean_ranks=tuple(float(means[index]) for index in order),
        datasets=datasets,
        friedman_p=_friedman(ranks),
        critical_difference=quantile * math.sqrt(count * (count + 1) / (6 * datasets)),
    )


def _table(scores: Mapping[str, Sequence[float]]) -> Values:
    """Return the scores as an array [strategies, data sets], or refuse them."""
    if len(scores) < 2:
        raise ValueError(f"scores must hold at least two strategies, but they hold {len(scores)}.")
    counts = {len(row) for row in scores.values()}
    if len(counts) > 1 or not max(counts):
        raise ValueError(
            f"scores must hold one score per data set for every strategy, but they hold {sorted(counts)} of them."
        )
    table = np.array([list(row) for row in scores.values()], dtype=np.float64)
    if not np.isfinite(table).all():
        raise ValueError("scores must be finite, but one is not; leave out its data set or its strategy.")
    return table


def _ranks(column: Values) -> Values:
    return tied_ranks(-column, rounding=ROUNDING * float(np.abs(column).max()))


def _friedman(ranks: Values) -> float:
    """Return the p-value; unlike `scipy.stats.friedmanchisquare` also for two strategies and for ties everywhere."""
    datasets, count = ranks.shape
    # Within a data set without ties this variance is count (count + 1) / 12.
    spread = float(ranks.var(axis=1, ddof=1).sum())
    if spread == 0:
        return 1.0
    between = float(((ranks.mean(axis=0) - (count + 1) / 2) ** 2).sum()) * datasets**2
    return float(scipy.stats.chi2.sf(between / spread, count - 1))

"""Tests of frequencies of random events, with a fixed probability of error."""

from __future__ import annotations

from scipy.stats import binomtest, fisher_exact

ERROR = 1e-9
"""Probability that a test rejects a correct operator."""
NEVER = 1e-100
"""Stands for probability 0; scipy can't compute with numbers that are much smaller."""


def fits(count: int, trials: int, probability: float, *, among: int = 1) -> bool:
    """Return whether `count` successes are plausible in independent trials with this probability of success.

    Args:
        count: Successes.
        trials: Independent trials.
        probability: Probability of a success in each.
        among: Number of tests that share the probability of error.

    Source: the exact two-sided binomial test.
    """
    if probability < NEVER:
        return count == 0
    # Rounding may have raised a sum of shares above 1.
    result = binomtest(count, trials, min(1.0, probability))
    return bool(result.pvalue >= ERROR / among)


def alike(first: int, second: int, trials: int, *, among: int = 1) -> bool:
    """Return whether two counts, each out of `trials` independent trials, are plausible with equal probabilities.

    Source: Fisher's exact test, two-sided.
    """
    table = [[first, second], [trials - first, trials - second]]
    return bool(fisher_exact(table).pvalue >= ERROR / among)


def more_often(first: int, second: int, trials: int) -> bool:
    """Return whether the first count is significantly greater.

    Source: Fisher's exact test, one-sided.
    """
    table = [[first, second], [trials - first, trials - second]]
    return bool(fisher_exact(table, alternative="greater").pvalue < ERROR)

"""Frequencies of random events, judged with a fixed probability of error."""

from __future__ import annotations

from scipy.stats import binomtest, fisher_exact

ERROR = 1e-9
"""Probability that a judgement blames an operator that does what it should."""
NEVER = 1e-100
"""Probability of what happens in no number of trials; scipy can't compute with numbers that are much smaller."""


def fits(count: int, trials: int, probability: float, *, among: int = 1) -> bool:
    """Return whether independent trials with this probability of success can have had so many successes.

    Args:
        count: Successes.
        trials: Independent trials.
        probability: Probability of a success in each.
        among: Judgements that share the probability of error.

    Source: the exact two-sided binomial test.
    """
    if probability < NEVER:
        return count == 0
    # Rounding may have carried a sum of shares beyond 1.
    result = binomtest(count, trials, min(1.0, probability))
    return bool(result.pvalue >= ERROR / among)


def alike(first: int, second: int, trials: int, *, among: int = 1) -> bool:
    """Return whether two counts, each out of so many independent trials, can have one probability.

    Source: Fisher's exact test, two-sided.
    """
    table = [[first, second], [trials - first, trials - second]]
    return bool(fisher_exact(table).pvalue >= ERROR / among)


def more_often(first: int, second: int, trials: int) -> bool:
    """Return whether the first count is so much greater that its probability must be, too.

    Source: Fisher's exact test, one-sided.
    """
    table = [[first, second], [trials - first, trials - second]]
    return bool(fisher_exact(table, alternative="greater").pvalue < ERROR)

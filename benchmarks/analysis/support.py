"""What too few seeds do not support: their intervals and tests are shown nowhere, and only `summary.csv` has them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.matches import FEWEST
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.statistics import Estimate
from neuroevo.benchmarks.analysis.summary import Row

NAN = math.nan
OF_ACCURACY = ("accuracy_ci_low", "accuracy_ci_high")
OF_GAIN = ("gain_ci_low", "gain_ci_high", "p_value", "p_holm", "p_wilcoxon", "p_wilcoxon_holm", "seeds_needed")


def supported(row: Row) -> Row:
    """Return a row of a comparison without what its seeds are too few for."""
    unknown = (*(OF_ACCURACY if row.seed_count < FEWEST else ()), *(OF_GAIN if row.pair_count < FEWEST else ()))
    blanks: dict[str, Any] = dict.fromkeys(unknown, NAN)
    return replace(row, **blanks) if unknown else row


def supported_estimate(found: Estimate) -> Estimate:
    """Return a mean without an interval that its values are too few for."""
    return replace(found, low=NAN, high=NAN) if found.count < FEWEST else found


def supported_difference(one: Difference) -> Difference:
    """Return the difference of two runs without what their common seeds are too few for."""
    pairs = None if one.pairs is None else _supported_pairs(one.pairs)
    p_holm = one.p_holm if one.pairs is not None and one.pairs.difference.count >= FEWEST else NAN
    first, second = supported_estimate(one.first), supported_estimate(one.second)
    return replace(one, first=first, second=second, pairs=pairs, p_holm=p_holm)


def _supported_pairs(pairs: Pairs) -> Pairs:
    if pairs.difference.count >= FEWEST:
        return pairs
    return replace(
        pairs, difference=supported_estimate(pairs.difference), p_value=NAN, p_wilcoxon=NAN, seeds_needed=None
    )

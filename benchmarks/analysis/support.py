"""What too few seeds do not support: intervals and tests of differences between runs; rows of a summary have none."""

from __future__ import annotations

import math
from dataclasses import replace

from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.statistics import FEWEST, Estimate

NAN = math.nan


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

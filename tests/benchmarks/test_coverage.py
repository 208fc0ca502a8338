"""Coverage: how often the interval of `estimate` holds the truth."""

import numpy as np
import pytest

from neuroevo.benchmarks.analysis.statistics import estimate

BENCHES = 1000
GAIN = 0.03


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 30])
def test_the_interval_covers_the_truth(seeds: int) -> None:
    """Of 1,000 benches with normal gains, the 95 % interval covers the expected gain in 93 to 97 %."""
    gains = np.random.default_rng(0).normal(GAIN, 0.02, size=(BENCHES, seeds))
    intervals = [estimate(bench) for bench in gains.tolist()]
    covered = sum(interval.low <= GAIN <= interval.high for interval in intervals) / BENCHES
    assert 0.93 <= covered <= 0.97

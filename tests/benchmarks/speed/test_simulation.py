"""Simulated clusters: bounds, known cases, and no barrier is never worse."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.speed.simulation import Cluster, elapsed, simulate

TIMES = st.lists(st.floats(0.01, 10), min_size=1, max_size=30)
CLUSTERS = st.builds(
    Cluster,
    workers=st.integers(1, 20),
    lives_per_worker=st.integers(1, 3),
    generations=st.integers(1, 4),
    overhead=st.sampled_from([0.0, 0.01, 1.0]),
    failure_rate=st.sampled_from([0.0, 0.1, 0.5]),
    sigma=st.sampled_from([0.0, 0.5, 1.0]),
)


@given(times=TIMES, workers=st.integers(1, 8), overhead=st.sampled_from([0.0, 0.1]))
def test_training_runs_end_no_sooner_than_they_can(times: list[float], workers: int, overhead: float) -> None:
    """Not before the longest one, nor before the mean load; not after one worker would have done them all."""
    end = elapsed(times, workers=workers, overhead=overhead)
    most = sum(times) + len(times) * overhead
    assert max(max(times), sum(times) / workers, len(times) * overhead) <= end * (1 + 1e-9)
    assert end <= most * (1 + 1e-9)
    assert elapsed(times, workers=1, overhead=overhead) == pytest.approx(most)
    # Graham's bound for lists.
    assert workers == 1 or overhead or end <= (2 - 1 / workers) * max(max(times), sum(times) / workers) * (1 + 1e-9)


@given(cluster=CLUSTERS, times=TIMES, seed=st.integers(0, 9))
def test_no_barrier_is_never_worse(cluster: Cluster, times: list[float], seed: int) -> None:
    """For the same training runs; efficiencies lie in (0, 1], and equal seeds give equal ones."""
    found = simulate(cluster, times, seed=seed)
    assert 0 < found.barrier <= found.steady * (1 + 1e-9)
    assert found.steady <= 1 + 1e-9
    assert found == simulate(cluster, times, seed=seed)


@given(workers=st.integers(1, 50), time=st.floats(0.1, 10))
def test_equal_training_runs_wait_for_none(workers: int, time: float) -> None:
    """Without overhead and failures the efficiency is 1 with and without barriers."""
    found = simulate(Cluster(workers=workers, generations=3), [time], seed=0)
    assert (found.barrier, found.steady) == (pytest.approx(1), pytest.approx(1))


def test_failures_cost_what_is_expected() -> None:
    """A try fails with probability f halfway on average: training runs take 1 + f / (1 - f) / 2 times as long."""
    rate = 0.2
    found = simulate(Cluster(workers=1, lives_per_worker=50, generations=200, failure_rate=rate), [1.0], seed=0)
    assert found.steady == pytest.approx(1 / (1 + rate / (1 - rate) / 2), rel=0.01)


def test_a_heavy_tail_keeps_the_mean_and_hurts_barriers() -> None:
    """With many workers the longest life of a generation is what all others wait for."""
    cluster = Cluster(workers=200, sigma=1.0)
    heavy, light = simulate(cluster, [1.0], seed=0), simulate(Cluster(workers=200), [1.0], seed=0)
    assert heavy.barrier < 0.4 < 0.8 < heavy.steady
    assert light.barrier == pytest.approx(1)
    one = simulate(Cluster(workers=1, lives_per_worker=100, generations=100, sigma=1.0), [1.0], seed=0)
    assert one.steady == pytest.approx(1)


def test_the_driver_is_what_many_workers_wait_for() -> None:
    """It sends out 1 / overhead training runs a second and no more."""
    found = simulate(Cluster(workers=1000, overhead=0.01), [1.0], seed=0)
    assert found.steady == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    "settings",
    [
        {"workers": 0},
        {"workers": 1, "generations": 0},
        {"workers": 1, "failure_rate": 1.0},
        {"workers": 1, "sigma": -1.0},
    ],
)
def test_what_can_not_be_simulated_is_refused(settings: dict[str, float]) -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match=r"must be at least|lie in"):
        Cluster(**settings)


@pytest.mark.parametrize("times", [[], [0.0], [1.0, math.nan]])
def test_times_must_be_some(times: list[float]) -> None:
    """Nothing can be drawn from nothing, and no life takes no time."""
    with pytest.raises(ValueError, match="recorded must be times above 0 seconds"):
        simulate(Cluster(workers=1), times, seed=0)

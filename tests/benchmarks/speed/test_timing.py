"""Timing: works take turns, spreads and exponents follow from samples, and memory is what a call holds."""

import math
import statistics
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.speed import timing
from neuroevo.benchmarks.speed.timing import Spread, conditions, describe_conditions, exponent, in_turn, peak_mebibytes

TIMES = st.floats(1e-3, 1e3)


@given(st.lists(TIMES, min_size=1, max_size=9))
def test_a_spread_is_ordered_and_within_the_samples(values: list[float]) -> None:
    """The median lies between the quartiles, and all within the samples."""
    spread = Spread.of(values)
    assert min(values) <= spread.low <= spread.median <= spread.high <= max(values)
    assert spread.median == pytest.approx(statistics.median(values))
    assert spread.samples == len(values)


@given(st.floats(-2, 3), st.floats(1e-3, 10))
def test_the_exponent_of_a_power(power: float, scale: float) -> None:
    """Times that grow with a power of P have that exponent; one population has none."""
    populations = [1, 4, 16, 64]
    assert exponent(populations, [scale * population**power for population in populations]) == pytest.approx(power)
    assert math.isnan(exponent([4], [1.0]))


def test_works_take_turns_in_a_rotating_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is called untimed first; every repeat has all of them, and each begins one; a sample is a mean of calls."""
    calls: list[str] = []
    clock = iter(range(10**6))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock) / 4)
    samples: list[int] = []
    works = {name: (lambda name=name: calls.append(name)) for name in "abc"}
    found = in_turn(works, repeats=3, seconds=0.5, on_sample=lambda: samples.append(1))
    # A quarter of a second passes between two looks at the clock: two calls make half a second.
    assert "".join(calls) == "aabbcc" + "aabbcc" + "bbccaa" + "ccaabb"
    assert found == {name: [125.0] * 3 for name in "abc"}
    assert len(samples) == 9


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems do not say what memory a call takes.")
def test_the_memory_of_a_call_is_seen() -> None:
    """What is held for a moment counts, each time; what was held before does not."""
    before = torch.zeros(2**22)
    for _ in range(2):
        held = peak_mebibytes(lambda: torch.zeros(2**24).sum() + before.sum())
        assert held is not None
        assert 60 < held < 90
    small = peak_mebibytes(lambda: None)
    assert small is not None
    assert small < 10


def test_a_system_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is called all the same, and the memory is not known."""
    calls: list[int] = []
    monkeypatch.setattr(timing, "CLEAR", timing.Path("/nowhere/at/all"))
    assert peak_mebibytes(lambda: calls.append(1)) is None
    assert calls == [1]


def test_conditions_are_described() -> None:
    """Hardware, threads and versions stand in one sentence."""
    measured_on = conditions()
    sentence = describe_conditions(measured_on, samples=7)
    for words in (
        str(measured_on["machine"]),
        f"torch {torch.__version__}",
        "n = 7",
        f"{torch.get_num_threads()} torch threads",
    ):
        assert words in sentence

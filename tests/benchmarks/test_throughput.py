"""Throughput: the figures follow from times and counted work, and the words and the table say them."""

import csv
import io
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroevo.benchmarks import throughput
from neuroevo.benchmarks.throughput import Throughput, in_words, measure, to_csv
from neuroevo.execution import Recipe

RESULT = Throughput(
    device="cpu",
    threads=2,
    torch="2.9.1",
    machine="x86_64",
    repeats=5,
    population=8,
    step_milliseconds=70.25,
    network_updates_per_second=113.9,
    training_rate=110.4,
    linear_rate=415.0,
    fraction=0.266,
    fraction_low=0.252,
    fraction_high=0.281,
)
SECONDS = st.floats(0.01, 10)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the measured work small."""
    for name, value in {"POPULATION": 2, "IMAGES": 40, "LINEAR": 32, "LINEAR_CALLS": 1}.items():
        monkeypatch.setattr(throughput, name, value)
    monkeypatch.setattr(throughput, "RECIPE", Recipe(updates=2, batch=8))


def measured(times: list[tuple[float, float]]) -> Throughput:
    """Measure with a clock that gives these times to (yardstick, training), after one untimed call of each."""

    def clock() -> Iterator[float]:
        yield from (1e9, 1e9)
        for pair in times:
            yield from pair

    ticks = clock()

    def timed(work: Callable[[], object], device: torch.device) -> float:
        del work, device
        return next(ticks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throughput, "_timed", timed)
        patch.setattr(throughput, "_trainings", lambda device: None)
        patch.setattr(throughput, "_linear", lambda device: None)
        return measure(repeats=len(times))


def test_rates_by_hand() -> None:
    """The work is that of the convolutions, counted by hand, forward and twice backward, over the time it took."""
    forward = 28**2 * 9 * 16 + 14**2 * 9 * 16 * 32 + 7**2 * 9 * 32 * 64 + 3**2 * 9 * 64 * 64 + 64 * 20
    operations = 2 * 3 * forward * 64 * 25 * 8
    result = measured([(2.0, 4.0)])
    assert result.training_rate == pytest.approx(operations / 4.0 / 1e9)
    assert result.linear_rate == pytest.approx(2 * 2048**3 * 8 / 2.0 / 1e9)
    assert result.step_milliseconds == pytest.approx(160.0)
    assert result.network_updates_per_second == pytest.approx(50.0)
    assert result.fraction == result.fraction_low == result.fraction_high
    assert result.fraction == pytest.approx(result.training_rate / result.linear_rate)


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=6))
@settings(max_examples=10)
def test_the_fraction_is_taken_repeat_by_repeat(times: list[tuple[float, float]]) -> None:
    """It is the median of the ratios, between their least and greatest; the rates are medians of their own."""
    result, single = measured(times), measured([(1.0, 1.0)])
    ratios = [single.fraction * yardstick / training for yardstick, training in times]
    assert result.fraction == pytest.approx(statistics.median(ratios))
    assert (result.fraction_low, result.fraction_high) == pytest.approx((min(ratios), max(ratios)))
    median = statistics.median(training for _, training in times)
    assert result.step_milliseconds == pytest.approx(1000 * median / 25)
    assert result.network_updates_per_second * result.step_milliseconds == pytest.approx(1000 * 8)
    rate = statistics.median(single.linear_rate / yardstick for yardstick, _ in times)
    assert result.linear_rate == pytest.approx(rate)
    assert result.repeats == len(times)


@pytest.mark.usefixtures("small")
def test_a_real_measurement_fits_together() -> None:
    """Everything is above zero, the fraction lies in its range, and the repeats are announced."""
    announced: list[None] = []
    threads = torch.get_num_threads()
    result = measure(repeats=3, on_repeat=lambda: announced.append(None))
    assert len(announced) == result.repeats == 3
    assert min(result.training_rate, result.linear_rate, result.step_milliseconds, result.fraction_low) > 0
    assert result.fraction_low <= result.fraction <= result.fraction_high
    assert result.network_updates_per_second * result.step_milliseconds == pytest.approx(1000 * result.population)
    assert (result.device, result.population, result.threads) == ("cpu", 2, threads)
    assert result.torch == torch.__version__
    assert torch.get_num_threads() == threads


@pytest.mark.usefixtures("small")
def test_both_are_run_once_before_the_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training and yardstick take turns, and each has been called once before."""
    calls: list[str] = []
    for name in ("_trainings", "_linear"):
        monkeypatch.setattr(throughput, name, lambda device, name=name: lambda: calls.append(name))
    measure(repeats=2)
    assert calls == ["_trainings", "_linear", *["_linear", "_trainings"] * 2]


def test_the_words_hold_the_figures() -> None:
    """What was measured, how often, on what, and how it compares."""
    text = in_words(RESULT)
    for words in ("P = 8", "batch 64", "70.2 ms", "114 network updates/s", "110 GFLOP/s", "2048x2048", "415 GFLOP/s"):
        assert words in text
    for words in ("Fraction 0.27 (0.25 to 0.28, n = 5)", "cpu", "2 threads", "torch 2.9.1", "x86_64"):
        assert words in text
    assert "Fraction 0.50" in in_words(replace(RESULT, fraction=0.5))


def test_the_table_holds_every_field() -> None:
    """The csv module reads each value back."""
    (row,) = csv.DictReader(io.StringIO(to_csv(RESULT), newline=""))
    values = asdict(RESULT)
    assert list(row) == list(values)
    assert {key: type(value)(row[key]) for key, value in values.items()} == values

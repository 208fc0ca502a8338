"""Throughput: numbers follow from times and counted work, and the words, the table and the records say them."""

import csv
import io
import json
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.speed import throughput
from neuroevo.benchmarks.speed.throughput import (
    EACH,
    SHARED,
    TRAINED,
    Job,
    Throughput,
    describe,
    from_records,
    jobs,
    measure,
    records,
    summarise,
    to_csv,
)
from neuroevo.execution import Recipe

CPU = torch.device("cpu")
MILLISECONDS = st.floats(0.01, 100)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the measured work small."""
    values = {
        "POPULATION": 2,
        "IMAGES": 40,
        "LARGE": 32,
        "CONVOLVED": 4,
        "FEW": 1,
        "SCALING": (1, 2),
        "INPUTS": 9,
        "RECIPE": Recipe(updates=2, batch=8),
    }
    for name, value in values.items():
        monkeypatch.setattr(throughput, name, value)


def measurement(yardsticks: list[tuple[float, float]], milliseconds: list[float]) -> Throughput:
    """Return the measurement where both large products and all works took these times, and the convolution a second."""
    found = jobs(CPU)
    times = {f"{work} {population}": milliseconds for work, population in found}
    times |= {name: [pair[place] for pair in yardsticks] for place, name in enumerate(throughput.MATRICES)}
    times["F.conv2d"] = [1000.0] * len(yardsticks)
    return summarise(found, times, dict.fromkeys(found, 1.5))


def test_rates_by_hand() -> None:
    """Works count what their products and convolutions do, over the time they took."""
    forward = 28**2 * 9 * 16 + 14**2 * 9 * 16 * 32 + 7**2 * 9 * 32 * 64 + 3**2 * 9 * 64 * 64 + 64 * 20
    result = measurement([(40.0, 80.0)], [500.0])
    rows = {(row.work, row.population): row for row in result.rows}
    trained = rows[TRAINED, 8]
    assert trained.rate == pytest.approx(2 * 3 * forward * 64 * 25 * 8 / 0.5 / 1e9)
    assert (trained.milliseconds, trained.networks_per_second) == (pytest.approx(20.0), pytest.approx(400.0))
    assert rows[SHARED, 64].rate == pytest.approx(2 * 64 * 256 * (17 * 64 + 64 * 64 + 64 * 6) / 0.5 / 1e9)
    assert rows[EACH, 64].rate == pytest.approx(rows[SHARED, 64].rate / 256)
    assert rows[EACH, 64].networks_per_second == pytest.approx(128.0)
    assert result.limit == pytest.approx(2 * 2048**3 / 0.04 / 1e9)
    assert trained.fraction == pytest.approx(trained.rate / result.limit)
    assert result.exponents == {EACH: pytest.approx(0.0), SHARED: pytest.approx(0.0)}


@given(st.lists(st.tuples(MILLISECONDS, MILLISECONDS, MILLISECONDS, MILLISECONDS), min_size=1, max_size=7))
def test_the_fraction_is_taken_repeat_by_repeat(times: list[tuple[float, ...]]) -> None:
    """It is the median of the ratios to the yardstick that is the best one in this run."""
    found = {(TRAINED, 8): Job(lambda: None, 8, 2e9, passes=5)}
    columns = [*map(list, zip(*times, strict=True))]
    names = [*throughput.YARDSTICKS, f"{TRAINED} 8"]
    result = summarise(found, dict(zip(names, columns, strict=True)), {(TRAINED, 8): None})
    place = [*throughput.YARDSTICKS].index(result.yardstick)
    operations = (2 * 2048**3, 2 * 2048**3, 2 * 16 * 32**2 * 9 * 128**2)
    rates = [[each / one for one in column] for each, column in zip(operations, columns, strict=False)]
    assert statistics.median(rates[place]) == max(map(statistics.median, rates))
    ratios = [2e9 / one[3] / (operations[place] / one[place]) for one in times]
    (row,) = result.rows
    assert row.fraction == pytest.approx(statistics.median(ratios))
    assert min(ratios) * (1 - 1e-9) <= row.fraction_low <= row.fraction <= row.fraction_high
    assert result.repeats == len(times)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("name", "width"), [("vgg11", 0.0625), ("resnet12", 0.0625), ("mlp", 0.5)])
def test_other_backbones_are_trained_in_place_of_the_small_one(name: str, width: float) -> None:
    """As many as there are threads, for images of 32x32, with a factor on their channels."""
    trained = throughput.Trained.of(name, width)
    result = measure(repeats=1, trained=trained)
    row = result.rows[-1]
    assert (row.work, row.population) == (f"{name} x {width:g}, training", torch.get_num_threads())
    assert row.rate > 0
    assert throughput.Trained.of(name, 1.0).name == f"{name}, training"


@pytest.mark.usefixtures("small")
def test_a_real_measurement_fits_together() -> None:
    """Everything is above zero, the fractions lie in their ranges, and the samples are announced."""
    announced: list[None] = []
    threads = torch.get_num_threads()
    result = measure(repeats=2, on_sample=lambda: announced.append(None))
    assert [(row.work, row.population) for row in result.rows] == [
        (EACH, 1),
        (EACH, 2),
        (SHARED, 1),
        (SHARED, 2),
        (TRAINED, 2),
    ]
    assert len(announced) == 2 * (len(result.rows) + 3)
    for row in result.rows:
        assert min(row.milliseconds, row.rate, row.fraction_low) > 0
        assert row.fraction_low <= row.fraction <= row.fraction_high
        assert row.networks_per_second * row.milliseconds == pytest.approx(1000 * row.population)
    assert (result.repeats, result.conditions["threads"]) == (2, threads)
    assert torch.get_num_threads() == threads


def test_words_table_and_records_say_the_same() -> None:
    """Every row is in the table and in the words; records read back are the result, and parts of them are none."""
    result = measurement([(40.0, 80.0), (44.0, 80.0), (36.0, 90.0)], [500.0, 400.0, 600.0])
    rows = list(csv.DictReader(io.StringIO(to_csv(result))))
    assert [(row["work"], int(row["population"])) for row in rows] == [
        (row.work, row.population) for row in result.rows
    ]
    assert float(rows[-1]["milliseconds"]) == result.rows[-1].milliseconds
    words = describe(result)
    for text in (
        "torch.mm of 2048x2048: 429 GFLOP/s",
        "n = 3",
        f"torch {torch.__version__}",
        "ConvNet4, training, P = 8: 20 ms (18 to 22), 400 networks/s",
        "1.5 MiB",
        "P = 1 to 1,024",
    ):
        assert text in words
    found = json.loads(json.dumps(records(result)))
    assert from_records(found) == result
    assert from_records(found[:-1]) is None
    assert from_records([]) is None
    assert len(found) - 1 + len(throughput.YARDSTICKS) == throughput.WORKS

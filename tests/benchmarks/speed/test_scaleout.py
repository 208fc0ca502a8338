"""Scaleout: the measurement follows from recorded times, and the words, the table and the records say them."""

import csv
import io
import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.speed import scaleout
from neuroevo.benchmarks.speed.scaleout import describe, from_records, records, summarise, to_csv
from neuroevo.execution import Recipe

SECONDS = st.floats(0.01, 10)
RESULT = summarise(
    [0.002, 0.001, 0.003], [[1.0, 2.0], [1.5, 1.5], [1.0, 1.0]], {1: [3.0, 3.0, 2.5], 2: [2.0, 1.5, 2.0]}
)


@given(
    overheads=st.lists(SECONDS, min_size=3, max_size=3),
    lives=st.lists(st.lists(SECONDS, min_size=2, max_size=2), min_size=3, max_size=3),
    two=st.lists(SECONDS, min_size=3, max_size=3),
)
def test_figures_follow_from_times(overheads: list[float], lives: list[list[float]], two: list[float]) -> None:
    """Speed-up is serial time over time on workers, repeat by repeat, and efficiency its share of the workers."""
    found = summarise(overheads, lives, {2: two})
    assert found.overhead_milliseconds == pytest.approx(1000 * statistics.median(overheads))
    (row,) = (row for row in found.rows if row.speed_up is not None)
    speed_ups = [sum(serial) / elapsed for serial, elapsed in zip(lives, two, strict=True)]
    assert row.workers == 2
    assert row.speed_up == pytest.approx(statistics.median(speed_ups))
    assert (row.efficiency_low, row.efficiency_high) == (min(speed_ups) / 2, max(speed_ups) / 2)
    assert all(0 < one.simulated_barrier <= one.simulated_steady * (1 + 1e-9) for one in found.rows)
    assert (found.repeats, found.lives) == (3, 2)


def test_words_table_and_records_say_the_same() -> None:
    """Every row is in the table and in the words; records read back are the result, and parts of them are none."""
    rows = list(csv.DictReader(io.StringIO(to_csv(RESULT))))
    assert [int(row["workers"]) for row in rows] == [row.workers for row in RESULT.rows] == [*scaleout.SIMULATED]
    assert [row["speed_up"] for row in rows[2:]] == [""] * (len(rows) - 2)
    words = describe(RESULT)
    assert "A task costs 2.00 ms (1.00 to 3.00)" in words
    for row in RESULT.rows:
        assert f"{row.workers}: {row.simulated_barrier:.2f} / {row.simulated_steady:.2f}" in words
    found = json.loads(json.dumps(records(RESULT)))
    assert from_records(found) == RESULT
    assert from_records(found[:-1]) is None
    assert from_records([]) is None


@pytest.mark.slow
def test_workers_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small measurement has all numbers, after the results of workers were found to be those of the process."""
    monkeypatch.setattr(scaleout, "RECIPE", Recipe(updates=1, batch=8))
    monkeypatch.setattr(scaleout, "TASKS", 3)
    repeats: list[int] = []
    found = scaleout.measure(repeats=2, on_repeat=lambda: repeats.append(1))
    assert len(repeats) == found.repeats == 2
    assert [row.workers for row in found.rows if row.efficiency is not None] == [*scaleout.MEASURED]
    assert found.overhead_low <= found.overhead_milliseconds <= found.overhead_high

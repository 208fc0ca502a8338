"""Overhead: rows, words, table and records say the same, and what is timed is a generation."""

import csv
import io
import json

import pytest
import torch

from neuroevo.benchmarks.speed import overhead
from neuroevo.benchmarks.speed.by_hand.vectors import TensorGenetic, mlp
from neuroevo.benchmarks.speed.overhead import (
    GENETIC,
    HAND,
    describe,
    from_records,
    measure,
    records,
    summarise,
    to_csv,
)
from neuroevo.evolution import evolve

TIMES = {
    (HAND, 100): [0.5, 0.4, 0.6],
    (HAND, 300): [1.0, 1.0, 1.0],
    (GENETIC, 100): [1.0, 2.0, 1.5],
    (GENETIC, 300): [3.0, 3.0, 3.0],
    (GENETIC, 16): [0.25, 0.25, 0.25],
    (GENETIC, 64): [1.0, 1.0, 1.0],
}
RESULT = summarise(TIMES)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make what is measured small."""
    for name, value in {"GENES": 12, "POPULATIONS": (4, 6), "SCALING": (2, 4)}.items():
        monkeypatch.setattr(overhead, name, value)


def test_rows_by_hand() -> None:
    """Medians, quartiles, time for each and the ratio to the yardstick with as many individuals."""
    rows = {(row.strategy, row.population): row for row in RESULT.rows}
    row = rows[GENETIC, 100]
    assert (row.milliseconds, row.milliseconds_low, row.milliseconds_high) == (1.5, 1.25, 1.75)
    assert (row.microseconds_each, row.ratio) == (pytest.approx(15.0), pytest.approx(3.0))
    assert rows[GENETIC, 16].ratio is None
    assert RESULT.exponent == pytest.approx(1.0)
    assert RESULT.repeats == 3


def test_words_table_and_records_say_the_same() -> None:
    """Every row is in the table and in the words; records read back are the result, and parts of them are none."""
    rows = list(csv.DictReader(io.StringIO(to_csv(RESULT))))
    assert [(row["strategy"], int(row["population"])) for row in rows] == list(TIMES)
    words = describe(RESULT)
    assert "genetic, P = 300: 3.00 (3.00 to 3.00), 3.0 x by hand, 10.0 us each" in words
    assert f"torch {torch.__version__}" in words
    assert "n = 3" in words
    found = json.loads(json.dumps(records(RESULT)))
    assert from_records(found) == RESULT
    assert from_records(found[:-1]) is None
    assert from_records([]) is None


@pytest.mark.usefixtures("small")
def test_a_real_measurement_fits_together() -> None:
    """All strategies are measured, quickly the genetic algorithm alone, and samples are announced."""
    announced: list[int] = []
    result = measure(repeats=2, on_sample=lambda: announced.append(1))
    assert {row.strategy for row in result.rows} == {HAND, GENETIC, *overhead.OTHERS}
    assert len(announced) == 2 * len(result.rows) == 2 * len(overhead.works())
    assert all(0 < row.milliseconds_low <= row.milliseconds <= row.milliseconds_high for row in result.rows)
    assert {row.strategy for row in measure(repeats=1, quick=True).rows} == {HAND, GENETIC}


def test_both_make_as_many_new_genes() -> None:
    """The yardstick does not do less: the share of genes that mutate in a generation is the same within noise."""
    generator = torch.Generator().manual_seed(0)
    by_hand = TensorGenetic(
        torch.zeros(300, 2410), overhead.nothing, mating=0.5, mutating=0.2, rate=0.05, generator=generator
    )
    by_hand.step()
    problem = overhead.Function(overhead.nothing, overhead.Space.box(2410, dtype=torch.float32), batched=True)
    search = overhead.Genetic(problem, population=300, rate=overhead.RATE, elites=0)
    first, second = list(evolve(search, 2))
    values = {float(number) for one in first.population for number in one.genome[:50]}
    new = sum(float(number) not in values for one in second.population for number in one.genome[:50]) / (300 * 50)
    share = float((by_hand.genomes != 0).double().mean())
    assert 0.007 < share < 0.013
    assert 0.007 < new < 0.013


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_perceptrons_by_hand(relu: bool, shared: bool) -> None:
    """The yardstick of forward passes computes what PyTorch's layers do."""
    generator = torch.Generator().manual_seed(0)
    genomes = torch.randn(5, 3 * 4 + 4 + 4 * 2 + 2, generator=generator)
    inputs = torch.randn(*(() if shared else (5,)), 6, 3, generator=generator)
    found = mlp(genomes, inputs, (3, 4, 2), tile=2, relu=relu)
    for row, genome in enumerate(genomes):
        hidden = torch.nn.functional.linear(inputs if shared else inputs[row], genome[:12].view(4, 3), genome[12:16])
        hidden = hidden.relu() if relu else hidden.tanh()
        expected = torch.nn.functional.linear(hidden, genome[16:24].view(2, 4), genome[24:])
        torch.testing.assert_close(found[row], expected)


def test_the_genetic_algorithm_by_hand_learns() -> None:
    """It climbs: the yardstick is an algorithm, not a loop of calls."""
    search = TensorGenetic(
        torch.ones(40, 6),
        lambda genomes: -genomes.square().sum(1),
        rate=0.3,
        generator=torch.Generator().manual_seed(0),
    )
    for _ in range(60):
        search.step()
    assert search.scores.max() > -0.5

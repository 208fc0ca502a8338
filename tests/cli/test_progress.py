"""Progress: what is said about generations and about the time that is left."""

from types import SimpleNamespace

import pytest
import torch

from neuroevo.cli import progress
from neuroevo.cli.progress import Reporter, duration, generation_in_words
from neuroevo.evolution import Generation
from neuroevo.individual import Individual


def generation(*scores: float, seconds: float) -> Generation:
    """Return the third generation with these scores."""
    population = [Individual(torch.zeros(1), id=number) for number in range(len(scores))]
    for one, score in zip(population, scores, strict=True):
        one.fitness.values = (score,)
    return Generation(2, tuple(population), seconds=seconds)


def test_a_generation_in_words() -> None:
    """Its number of how many, best and mean score of those that did not fail, and lives per second."""
    words = generation_in_words(generation(0.25, 0.75, float("nan"), seconds=2.0), 5)
    assert words == "generation 3/5: best 0.750, mean 0.500, 1.5 individuals/s"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (59.9, "1 min 0 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (7384, "2 h 3 min")],
)
def test_durations(seconds: float, words: str) -> None:
    """A time is written in its two greatest units."""
    assert duration(seconds) == words


def test_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter done in 10 s leaves 30 s; before the start and after the end nothing is said."""
    now = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    reporter = Reporter(40, quiet=True)
    assert reporter.left == ""
    now[0] += 10
    reporter.advance(10)
    assert reporter.left == ", about 30 s left"
    reporter.advance(30)
    assert reporter.left == ""

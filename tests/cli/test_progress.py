"""Progress: what is said about generations and about the time that is left."""

import io
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from neuroevo.cli import clock, progress
from neuroevo.cli.clock import Clock, duration
from neuroevo.cli.progress import Reporter, generation_in_words
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
    assert words == "generation 3/5: best score 0.750, mean 0.500, 1.5 individuals/s"


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
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    reporter = Reporter(40, quiet=True)
    assert reporter.left == ""
    now[0] += 10
    reporter.advance(10)
    assert reporter.left == ", about 30 s left"
    reporter.advance(30)
    assert reporter.left == ""


def test_the_bar_and_the_lines_have_one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows the time that is left in the bar alone, and it is the clock's."""
    monkeypatch.setattr(progress, "Console", lambda **_: Console(force_terminal=True, file=io.StringIO()))
    now = [0.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    reporter = Reporter(40, quiet=False)
    now[0] += 10
    reporter.advance(10)
    assert reporter.left == ""
    (column,) = (one for one in reporter.progress.columns if hasattr(one, "clock"))
    assert str(column.render(reporter.progress.tasks[0])) == "about 30 s left"


@given(parts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_what_is_heard_is_counted_once(parts: list[tuple[int, int]]) -> None:
    """However much of a part is heard before it is done: the bar never goes back, and ends where the parts do."""
    total = sum(steps for steps, _ in parts)
    one, seen = Clock(total), [0]
    for steps, heard in parts:
        for _ in range(min(heard, steps)):
            one.hear(1)
            seen.append(one.done)
        one.advance(steps)
        seen.append(one.done)
    assert seen == sorted(seen)
    assert seen[-1] == total
    one.hear(5)
    assert one.done == total


def test_a_pause_before_the_first_update_is_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock starts with what is heard first."""
    now = [0.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    one = Clock(10)
    now[0] += 50
    one.hear(1)
    now[0] += 4
    one.hear(1)
    assert one.left == "about 16 s left"

"""Tables on a terminal, and in a pipe."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from neuroevo.benchmarks.analysis.differences import Difference
from neuroevo.benchmarks.analysis.statistics import Estimate
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report.fitting import as_list, fit, notes
from neuroevo.benchmarks.report.terminal import COLUMNS
from neuroevo.cli import tables

Capture = pytest.CaptureFixture[str]
NAN = float("nan")


def row(strategy: str, **others: Any) -> Row:
    """Return a row of long numbers."""
    factors: dict[str, Any] = {"dataset": "x", "backbone": "x", "shots": 10, "updates": 60}
    kinds: dict[str, Any] = {"int": 123456, "str": "x", "float": 0.123456, "Factors": factors}
    return Row(**{**{field.name: kinds[str(field.type)] for field in fields(Row)}, "strategy": strategy, **others})


@pytest.fixture
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the width of the terminal that commands print to."""
    width: int = request.param
    monkeypatch.setattr(tables, "Console", lambda: Console(width=width, force_terminal=True, color_system=None))
    return width


@pytest.mark.parametrize("terminal", [40, 80, 120, 200], indirect=True)
def test_nothing_vanishes_from_a_terminal_unsaid(terminal: int, capsys: Capture) -> None:
    """No line is broken or cut; a column is shown and explained, or a line says that there is no room for it."""
    tables.print_rows([row("narrow-pretraining"), row("untrained-circuit")], title="Accuracy")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= terminal
    assert "…" not in "".join(lines)
    starts = [line.split()[0] for line in lines if line.strip().startswith(("narrow-", "untrained-"))]
    assert starts == ["narrow-pretraining", "untrained-circuit"]
    text = " ".join(" ".join(lines).split())
    said, headings = text.partition("columns have no room for ")[2], text.partition("narrow-pretraining")[0]
    for name in (column.heading for column in COLUMNS[1:]):
        assert name in headings or name in said or f"{name}:" in text, name
    assert ("core-s" in headings) == (terminal >= 120)


@pytest.mark.parametrize("terminal", [80, 200], indirect=True)
def test_what_one_seed_can_not_give_has_no_column(terminal: int, capsys: Capture) -> None:
    """Columns of dashes are left out, and a line says why."""
    alone = {"seed_count": 1, "p_value": NAN, "p_holm": NAN, "accuracy_ci_low": NAN, "accuracy_ci_high": NAN}
    tables.print_rows([row("gtl", **alone)], title="Accuracy")
    out = capsys.readouterr().out
    assert "Without 95 % CI, p, p (Holm): fewer than 3 seeds give no interval and no test." in " ".join(out.split())
    assert "t-test" not in out


def test_a_pipe_gets_all_columns(capsys: Capture) -> None:
    """What is redirected can't be read again, so nothing is left out."""
    tables.print_rows([row("gtl")], title="Accuracy")
    out = capsys.readouterr().out
    assert "core-s" in out
    assert "123,456" in out
    assert "no room" not in out
    assert all(line == line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize("terminal", [80, 120], indirect=True)
def test_differences_are_a_list_where_a_table_has_no_room(terminal: int, capsys: Capture) -> None:
    """Every number is there, and no line is broken."""
    interval = Estimate(0.5, 0.25, 0.75, 5)
    one = Difference("narrow-pretraining", interval, interval, pairs(), 0.01)
    tables.print_differences([one], title="Accuracy")
    out = capsys.readouterr().out
    assert ("A (95 % CI): 50.0 (25.0 to 75.0)" in out) == (terminal == 80)
    assert out.count("25.0 to 75.0") == 2
    assert max(map(len, out.splitlines())) <= terminal


def pairs() -> Any:
    """Return what a paired comparison gives."""
    from neuroevo.benchmarks.analysis.pairs import Pairs

    return Pairs(Estimate(0.1, 0.05, 0.15, 5), 0.01, 0.02, 0.5, 0.6, 0.7, 8)


WORDS = st.text("abc", min_size=1, max_size=12)


@given(st.data())
def test_a_column_is_shown_or_named(data: st.DataObject) -> None:
    """Whatever the table and the width: no cell is lost without a note, and what fits is within the width."""
    headings = data.draw(st.lists(WORDS, min_size=1, max_size=6, unique=True))
    cells = st.lists(st.sampled_from(["–", "12", "1,234,567"]), min_size=len(headings), max_size=len(headings))
    rows = data.draw(st.lists(cells, min_size=1, max_size=4))
    width = data.draw(st.integers(10, 80))
    drop = data.draw(st.lists(st.sampled_from(headings[1:]), unique=True)) if headings[1:] else []
    table = fit(headings, rows, width=width, drop=drop, optional=headings)
    assert [*headings] == sorted([*table.headings, *table.empty, *table.dropped], key=headings.index)
    text = " ".join(notes(table, width=width))
    assert all(heading in text for heading in (*table.empty, *table.dropped))
    if not table.fits:
        assert {*drop} - {*table.empty} == {*table.dropped}
    shown = "\n".join(as_list(table))
    assert all(cell in shown for row in table.rows for cell in row)

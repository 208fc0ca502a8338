"""Tables on a terminal, and in a pipe."""

from dataclasses import fields
from typing import Any

import pytest
from rich.console import Console

from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.cli import tables


def row(strategy: str) -> Row:
    """Return a row of long numbers."""
    factors: dict[str, Any] = {"dataset": "x", "backbone": "x", "shots": 10, "updates": 60}
    kinds: dict[str, Any] = {"int": 123456, "str": "x", "float": 0.123456, "Factors": factors}
    return Row(**{**{field.name: kinds[str(field.type)] for field in fields(Row)}, "strategy": strategy})


@pytest.mark.parametrize("width", [80, 200])
def test_no_line_of_a_terminal_is_broken(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A narrow terminal gets fewer columns, a wide one all of them; each strategy has one line."""
    monkeypatch.setattr(tables, "Console", lambda: Console(width=width, force_terminal=True, color_system=None))
    tables.print_rows([row("narrow-pretraining"), row("untrained-circuit")], title="Accuracy")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in lines if line.strip().startswith(("narrow-", "untrained-"))] == [
        "narrow-pretraining",
        "untrained-circuit",
    ]
    (headings,) = (line for line in lines if "strategy" in line)
    assert ("core-s" in headings) == (width == 200)
    assert "p (Holm)" in headings


def test_a_pipe_gets_all_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """What is redirected can't be read again, so nothing is left out."""
    tables.print_rows([row("gtl")], title="Accuracy")
    out = capsys.readouterr().out
    assert "core-s" in out
    assert "123,456" in out

"""The suite `race` at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.runs.records import read_records

Program = Callable[..., Any]
SMALL = ("--problems", "rosenbrock-2", "--entrants", "snes,genetic,scipy-de", "--seeds", 6, "--evaluations", 60)


def test_a_race_prints_who_is_close_to_the_best_and_who_wins(neuroevo: Program, tmp_path: Path) -> None:
    """Its run directory holds a record of each search, and is resumed as all are."""
    call = neuroevo("bench", "race", *SMALL, "--out", tmp_path / "run", "--quiet")
    assert call.code == 0, call.err
    records = read_records(tmp_path / "run" / "records.jsonl")
    assert [(one["strategy"], one["seed"]) for one in records[:4]] == [
        *(("snes", 0), ("genetic", 0), ("scipy-de", 0), ("snes", 1)),
    ]
    assert "Share of the problems with one objective on which a search is close to the best" in call.out
    assert "The best search here against the best one elsewhere" in call.out
    assert "of 1 problems" in call.out
    assert (tmp_path / "run" / "report.html").exists()
    again = neuroevo("bench", "--resume", tmp_path / "run", "--quiet", "--json")
    assert again.code == 0, again.err
    assert len(json.loads(again.out)["records"]) == 18
    assert read_records(tmp_path / "run" / "records.jsonl") == records


def test_a_race_can_be_divided(neuroevo: Program, tmp_path: Path) -> None:
    """A run is resumed with other problems, entrants and seeds, and keeps what it had."""
    words = ("--problems", "rosenbrock-2", "--entrants", "snes", "--seeds", 1, "--evaluations", 60, "--quiet")
    assert neuroevo("bench", "race", *words, "--out", tmp_path / "run").code == 0
    first = read_records(tmp_path / "run" / "records.jsonl")
    more = ("--problems", "rosenbrock-2,rastrigin-2", "--entrants", "snes,genetic", "--seeds", 2)
    call = neuroevo("bench", "--resume", tmp_path / "run", *more, "--quiet")
    assert call.code == 0, call.err
    records = read_records(tmp_path / "run" / "records.jsonl")
    assert records[0] == first[0]
    assert len({(one["problem"], one["strategy"], one["seed"]) for one in records}) == len(records) == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--problems", "rosenbrok"], "problems must be of rosenbrock-2, "),
        (["--entrants", "genetics"], "entrants must be of genetic, "),
        (["--log", "csv"], "--log must be left out, for searches of other libraries report no generations."),
        (["--strategies", "genetic"], "--strategies must be left out, for the suite race does not read it; "),
    ],
)
def test_mistakes(neuroevo: Program, words: list[str], message: str, tmp_path: Path) -> None:
    """They are refused before anything is written."""
    call = neuroevo("bench", "race", *words, "--out", tmp_path / "run")
    assert call.code == 2
    assert message in call.err
    assert not (tmp_path / "run").exists()

"""The race of speed over families: equal evaluations, searches that found something, and what the table says."""

from __future__ import annotations

from typing import Any

import pytest

from neuroevo.benchmarks.peers import families
from neuroevo.benchmarks.peers.families import FAMILIES, OURS, Search, entrant_of, searched, to_markdown


@pytest.mark.parametrize("name", FAMILIES)
def test_every_program_has_an_entrant(name: str) -> None:
    """It is one of the race of quality, or says that it has no default that could be one; ours is among them."""
    family = FAMILIES[name]
    assert OURS in family.entrants
    for program in family.entrants:
        assert family.make().kind in entrant_of(family, program).kinds


def test_a_search_spends_its_evaluations() -> None:
    """With the population of the row; ours has it from the settings."""
    found = searched("differential", OURS, 1, 450, busy=True)
    assert found.spent == 450
    assert found.value > 0
    assert searched("differential", "scipy", 1, 450, busy=True).spent == 450


def test_a_search_that_does_less_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be fast for doing nothing."""
    family = FAMILIES["differential"]
    lazy = entrant_of(family, OURS)

    def idle(trial: Any) -> Any:
        found = lazy.search(trial)
        trial.spent = 10
        return found

    monkeypatch.setattr(families, "entrant_of", lambda *_: type(lazy)(idle, "neuroevo", "neuroevo"))
    with pytest.raises(RuntimeError, match="spent 10 of 450 evaluations on differential"):
        searched("differential", OURS, 1, 450, busy=True)


def test_the_table_has_time_and_quality() -> None:
    """Microseconds for each evaluation, values, and our time over that of the fastest other program."""
    found = {
        OURS: [Search(0.2, 100, 1.0)] * 3,
        "scipy": [Search(0.1, 100, 2.0)] * 3,
        "other": [Search(0.4, 100, 0.0)] * 3,
    }
    row = families._row("differential", FAMILIES["differential"], found)
    assert row["ratio"] == pytest.approx(2.0)
    text = to_markdown([row])
    assert "| neuroevo | 2e+03 (2e+03 to 2e+03) | 1 (1 to 1) | 2.00 |" in text
    assert text.count("\n") == 5

"""`neuroevo bench scaleout`: measured once, printed as often as asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.benchmarks.speed import scaleout
from neuroevo.benchmarks.speed.scaleout import Scaleout, describe, summarise, to_csv

RESULT = summarise([0.002, 0.001], [[1.0, 2.0], [1.5, 1.5]], {1: [3.0, 2.5], 2: [2.0, 1.5]})


def test_the_suite_is_measured_once(
    neuroevo: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run directory with a result is not measured again; its report and table are made anew."""
    measured: list[int] = []

    def measure(*, repeats: int, on_repeat: Callable[[], object]) -> Scaleout:
        measured.append(repeats)
        on_repeat()
        return RESULT

    monkeypatch.setattr(scaleout, "measure", measure)
    folder = tmp_path / "run"
    call = neuroevo("bench", "scaleout", "--quick", "--out", folder)
    assert call.code == 0, call.err
    assert call.out.startswith(f"{describe(RESULT)}\n\nNext:\n")
    assert call.out.endswith(f"    neuroevo report {folder}\nResults: {folder}\n")
    assert (folder / "summary.csv").read_text() == to_csv(RESULT)
    (folder / "report.html").unlink()
    again = neuroevo("bench", "--resume", folder, "--json")
    assert json.loads(again.out)["overhead_milliseconds"] == RESULT.overhead_milliseconds
    assert (folder / "report.html").exists()
    assert measured == [2]

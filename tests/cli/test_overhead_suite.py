"""`neuroevo bench overhead`: measured once, printed as often as asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.benchmarks.speed import overhead
from neuroevo.benchmarks.speed.overhead import GENETIC, HAND, Overhead, describe, summarise, to_csv

RESULT = summarise(
    {(HAND, 100): [0.5, 0.6], (GENETIC, 100): [1.0, 1.5], (GENETIC, 4): [0.5, 0.5], (GENETIC, 16): [1.0, 1.0]}
)


def test_the_suite_is_measured_once(
    neuroevo: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run directory with a result is not measured again; its report and table are made anew."""
    measured: list[object] = []

    def measure(*, repeats: int, quick: bool, on_sample: Callable[[], object]) -> Overhead:
        measured.append((repeats, quick))
        on_sample()
        return RESULT

    monkeypatch.setattr(overhead, "measure", measure)
    folder = tmp_path / "run"
    call = neuroevo("bench", "overhead", "--quick", "--out", folder)
    assert call.code == 0, call.err
    assert call.out.startswith(f"{describe(RESULT)}\n\nNext:\n")
    assert call.out.endswith(f"    neuroevo report {folder}\nResults: {folder}\n")
    assert (folder / "summary.csv").read_text() == to_csv(RESULT)
    assert "genetic, P = 100: 1.25" in (folder / "report.html").read_text()
    (folder / "report.html").unlink()
    again = neuroevo("bench", "--resume", folder, "--json")
    assert json.loads(again.out)["genes"] == RESULT.genes
    assert (folder / "report.html").exists()
    assert measured == [(5, True)]

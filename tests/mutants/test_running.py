"""Tests of the runner that says which planted faults the laws notice."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from mutants.fault import ROOT, lists, read
from mutants.run import Result, Score

RUN = [sys.executable, str(Path(__file__).with_name("run.py"))]

LEAST = 0.7
"""The share of faults that is caught at least: at their last counts 112 of 120 of one list, 61 of 119 of the other.

Faults whose lines were rewritten since are dropped from the lists.
"""


def results_of(folder: Path, faults: list[dict[str, str]]) -> dict[str, dict[str, object]]:
    """Return the results of a list by the names of the faults."""
    path, found = folder / "faults.json", folder / "found.json"
    path.write_text(json.dumps(faults), encoding="utf-8")
    subprocess.run([*RUN, str(path), "--examples", "10", "--json", str(found)], check=True, capture_output=True)
    return {one["fault"]: one for one in json.loads(found.read_text(encoding="utf-8"))["results"]}


def fault(name: str, new: str) -> dict[str, str]:
    """Return a fault of bit flip."""
    old = "    return genomes ^ happens(genomes.shape, rate, generator).to(genomes.device)"
    facts = {"file": "operators/bits.py", "kind": "example", "origin": "by hand", "why": "An example."}
    return {"id": name, **facts, "old": old, "new": textwrap.indent(new, "    ")}


@pytest.mark.slow
def test_the_runner_tells_faults_from_right_code(tmp_path: Path) -> None:
    """It catches what is wrong, hangs or kills the process, misses what is right, and leaves the file as it is."""
    before = (ROOT / "operators/bits.py").read_bytes()
    found = results_of(
        tmp_path,
        [
            fault("none", "return genomes ^ happens(genomes.shape, rate, generator).to(device=genomes.device)"),
            fault("wrong", "return ~genomes"),
            fault("hangs", "while True:\n    pass"),
            fault("dies", "import os\nos._exit(1)"),
            fault("raises", "raise SystemError"),
        ],
    )
    assert {name: one["caught"] for name, one in found.items()} == {
        "none": False,
        "wrong": True,
        "hangs": True,
        "dies": True,
        "raises": True,
    }
    assert (ROOT / "operators/bits.py").read_bytes() == before


def test_a_score_has_the_interval_of_clopper_and_pearson() -> None:
    """It is exact where all are caught: the lower end is the n-th root of 0.025."""
    caught = Result("a", "b", "c", True, "d", "e", "f", 0.0)
    score = Score.of([caught] * 20)
    assert (score.share, score.high) == (1.0, 1.0)
    assert score.low == pytest.approx(0.025 ** (1 / 20))


@pytest.mark.slow
def test_as_many_faults_are_caught_as_were(tmp_path: Path) -> None:
    """The laws notice no smaller share of all lists together than when they were measured."""
    found = tmp_path / "found.json"
    words = [*map(str, lists()), "--jobs", "2", "--examples", "25", "--json", str(found)]
    subprocess.run([*RUN, *words], check=True, capture_output=True)
    score = json.loads(found.read_text(encoding="utf-8"))["score"]
    assert score["faults"] == sum(len(read(path)) for path in lists())
    assert score["share"] >= LEAST

"""`--execution`: how populations are trained, and that a run keeps to it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.cli import build

Program = Callable[..., Any]
TINY = ("--width", 0.25, "--population", 3, "--life-updates", 2, "--critic-updates", 2, "--generations", 1, "--quiet")
LEARNGENE = "learngene.safetensors"


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


def noted(folder: Path) -> dict[str, Any]:
    """Return the execution that a run noted."""
    facts: dict[str, Any] = json.loads((folder / "run.json").read_text())["execution"]
    return facts


def test_a_cpu_loops_by_default(neuroevo: Program, tmp_path: Path) -> None:
    """`auto` stands for `looped`, with the same bytes; `stacked` is noted with its chunk."""
    for mode in ("auto", "looped", "stacked"):
        call = neuroevo("evolve", "gtl", *TINY, "--execution", mode, "--out", tmp_path / mode)
        assert call.code == 0, call.err
    looped = {"mode": "looped", "precision": "float32", "compile": False, "chunk": None}
    assert noted(tmp_path / "auto") == noted(tmp_path / "looped") == looped
    assert noted(tmp_path / "stacked")["mode"] == "stacked"
    assert noted(tmp_path / "stacked")["chunk"] > 1
    assert (tmp_path / "auto" / LEARNGENE).read_bytes() == (tmp_path / "looped" / LEARNGENE).read_bytes()


def test_what_tuning_found_is_kept(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on does not measure again."""
    folder = tmp_path / "run"
    assert neuroevo("evolve", "gtl", *TINY, "--execution", "tune", "--out", folder).code == 0
    before = noted(folder)
    assert set(json.loads((folder / "run.json").read_text())["tuning_seconds"]) == {"looped", "stacked"}
    monkeypatch.setattr(build, "tuned", lambda *_, **__: 1 / 0)
    call = neuroevo("evolve", "--resume", folder, "--generations", 2, "--quiet")
    assert call.code == 0, call.err
    assert noted(folder) == before


def test_a_comparison_may_be_stacked(neuroevo: Program, tmp_path: Path) -> None:
    """`bench` notes the mode, too, and rivals take it."""
    words = (*TINY, "--seeds", 1, "--updates", 2, "--descendants", 2, "--strategies", "scratch,finetune,gtl")
    call = neuroevo("bench", *words, "--execution", "stacked", "--out", tmp_path / "run")
    assert call.code == 0, call.err
    assert noted(tmp_path / "run")["mode"] == "stacked"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--execution", "fast"), "--execution must be auto, looped, stacked or tune, but it is 'fast'."),
        (("--precision", "half"), "--precision must be float32, tf32 or bf16, but it is 'half'."),
    ],
)
def test_unknown_modes_are_refused(words: tuple[str, str], sentence: str, neuroevo: Program) -> None:
    """A wrong name is a mistake of usage that names the right ones."""
    call = neuroevo("evolve", "gtl", *words)
    assert call.code == 2
    assert sentence in call.err

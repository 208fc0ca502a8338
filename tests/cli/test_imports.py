"""`--import`: names of one's own in every command."""

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo import catalogue

Program = Callable[..., Any]
MINE = '''
"""Everything that can be offered."""

import torch

from neuroevo.backbones import MLP
from neuroevo.data import glyphs
from neuroevo.benchmarks.suites.suite import Suite
from neuroevo.problems.function import PROBLEMS as KNOWN
from neuroevo.strategies import SNES, UntrainedCircuit


class Mine(SNES):
    """Searches as I do.

    Args:
        courage: How brave it is.
    """

    def __init__(self, problem, *, seed=0, population: int = 6, courage: float = 0.5):
        super().__init__(problem, seed=seed, population=population, sigma=courage)


class Circuit(UntrainedCircuit):
    """Takes any circuit."""

    name = "circuit"


def bowl(*, dimensions: int = 2):
    """A bowl.

    Args:
        dimensions: Its genes.
    """
    return KNOWN["sphere"](dimensions=dimensions)


def narrow(*, inputs: int):
    """A narrow perceptron."""
    return MLP(widths=(4,), inputs=inputs)


def few():
    """A few glyphs."""
    return glyphs.DATASETS["glyphs"]()


STRATEGIES = {"mine": Mine, "circuit": Circuit}
PROBLEMS = {"bowl": bowl}
BACKBONES = {"narrow": narrow}
DATASETS = {"few": few}
SUITES = {
    "ours": Suite(name="ours", summary="Is mine better?", claim="It is.", conditions=lambda setup: setup.protocol)
}
'''


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch, made: list[str], undrawn: None) -> None:
    """What a test imports is gone after it, and the glyphs are made at once."""
    monkeypatch.setattr(catalogue, "_IMPORTED", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("mine", "other"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Return a file that offers names of every kind."""
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_names_are_listed_with_their_origin(neuroevo: Program, mine: Path) -> None:
    """Beside those of the library, each with a line about it."""
    call = neuroevo("list", "--import", mine)
    assert call.code == 0, call.err
    lines = call.out.splitlines()
    for name, about in {
        "strategy mine": "Searches as I do",
        "backbone narrow": "A narrow perceptron",
        "dataset few": "A few glyphs",
        "problem bowl": "A bowl",
        "suite ours": "Is mine better?",
    }.items():
        (line,) = (line for line in lines if line.startswith(f"{name} "))
        assert line.split()[2:] == [*about.split(), "[mine]"]


def test_a_search_of_ones_own_is_evolved_and_resumed(neuroevo: Program, mine: Path, tmp_path: Path) -> None:
    """Its parameters and those of its problem are flags; the run notes where they came from."""
    text = neuroevo("evolve", "mine", "--problem", "bowl", "--import", mine, "--help").out
    assert "--courage FLOAT" in text
    assert "How brave it is. [default: 0.5]" in " ".join(text.split())
    assert "Its genes. [default: 2]" in " ".join(text.split())
    folder = tmp_path / "run"
    words = ("--problem", "bowl", "--dimensions", 3, "--courage", 0.1, "--generations", 2, "--quiet", "--out", folder)
    call = neuroevo("evolve", "mine", *words, "--import", mine)
    assert call.code == 0, call.err
    settings = tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8"))
    assert (settings["courage"], settings["dimensions"], settings["import"]) == (0.1, 3, [str(mine)])
    catalogue._IMPORTED.clear()
    call = neuroevo("evolve", "--resume", folder, "--generations", 3, "--quiet")
    assert call.code == 2
    assert call.err == (
        f"Error: --resume runs no code that only {folder} names; give it again if you trust it: --import={mine}.\n"
    )
    assert catalogue.imported() == []
    call = neuroevo("evolve", "--resume", folder, "--generations", 3, "--quiet", f"--import={mine}")
    assert call.code == 0, call.err
    catalogue._IMPORTED.clear()
    call = neuroevo("evolve", "--settings", folder / "settings.toml", "--out", tmp_path / "again", "--quiet")
    assert call.code == 0, call.err
    files = [path / "genome.safetensors" for path in (folder, tmp_path / "again")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_names_of_ones_own_are_compared(neuroevo: Program, mine: Path, tmp_path: Path) -> None:
    """Strategies, a backbone and a data set in a suite; the command of the report names the file."""
    folder = tmp_path / "run"
    words = ("--strategies", "scratch,circuit", "--backbone", "narrow", "--dataset", "few", "--updates", 1)
    few = ("--descendants", 1, "--seeds", 1, "--shots", 2, "--quiet", "--json")
    call = neuroevo("bench", "ours", *words, *few, "--import", mine, "--out", folder)
    assert call.code == 0, call.err
    rows = json.loads(call.out)["rows"]
    assert [(row["strategy"], row["dataset"], row["backbone"]) for row in rows] == [
        ("scratch", "few", "narrow"),
        ("circuit", "few", "narrow"),
    ]
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert facts["suite"] == "ours"
    assert f"--import={mine}" in facts["repeat"]


def test_the_environment_may_name_a_file(neuroevo: Program, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a flag would."""
    monkeypatch.setenv("NEUROEVO_IMPORT", str(mine))
    assert "--courage" in neuroevo("evolve", "mine", "--help").out


@pytest.mark.parametrize("command", [("list",), ("evolve", "mine"), ("bench",), ("inherit", "x")])
@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("other.py", "STRATEGIES = {", "import must name a Python file or a module, but other gives SyntaxError"),
        ("other.py", "import no_such_thing", "import must name a Python file or a module, but other gives Module"),
        ("other.py", "x = 1", "other must define at least one of STRATEGIES, "),
        ("json.py", "STRATEGIES = {}", "import must name a file whose name no other module has, but json is one; "),
        (None, "", "import must name a Python file or a module, but there is no "),
    ],
    ids=["syntax", "broken", "nothing", "taken", "absent"],
)
def test_a_broken_file_is_one_sentence(
    neuroevo: Program, command: tuple[str, ...], name: str | None, text: str, sentence: str, tmp_path: Path
) -> None:
    """In every command, with the exit code 2."""
    file = tmp_path / (name or "absent.py")
    if name is not None:
        file.write_text(text)
    call = neuroevo(*command, "--import", file)
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith(f"Error: {sentence}")
    assert call.err.count("\n") == 1

"""Names and what they stand for: found in the source, in plug-ins and in files of one's own."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from neuroevo import catalogue
from neuroevo.cli.evolution import Chosen
from neuroevo.signatures import parameters

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
OWN = [(kind, name) for kind in catalogue.KINDS for name in catalogue.entries(kind)]


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test imports is gone after it."""
    monkeypatch.setattr(catalogue, "_IMPORTED", {})
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.mark.parametrize(("kind", "name"), OWN, ids=[f"{kind}-{name}" for kind, name in OWN])
def test_every_name_stands_for_something(kind: str, name: str) -> None:
    """Each name can be loaded, and has one line about it."""
    entry = catalogue.entries(kind)[name]
    assert entry.load() is catalogue.find(kind, name)
    assert entry.origin == "neuroevo"
    assert 0 < len(entry.summarise()) < 200
    assert "\n" not in entry.summarise()


@pytest.mark.parametrize("kind", catalogue.KINDS)
def test_no_name_is_offered_by_two_modules(kind: str) -> None:
    """The later one would take the place of the other."""
    sources = [path.read_text(encoding="utf-8") for _, path in catalogue._modules()]
    names = [
        name
        for constant in catalogue.KINDS[kind]
        for source in sources
        if f"\n{constant}" in source
        for name, _ in catalogue._mapping(ast.parse(source), constant)
    ]
    assert sorted(names) == sorted({*names})


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """In any case of letters."""
    with pytest.raises(ValueError, match=r"^strategy 'SNS' is not known; did you mean snes or another of"):
        catalogue.find("strategy", "SNS")


def test_what_a_thing_needs_is_there() -> None:
    """Data sets that are read need their files, and what has no extra is made without any."""
    for name, entry in catalogue.entries("dataset").items():
        make = cast(Callable[..., object], entry.load())
        assert ("--data-root" in entry.needs) == ("data_root" in parameters(make)), name
    extras = set(re.findall(r"^([a-z]+) = \[", PYPROJECT.read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = {word for kind, name in OWN for word in re.findall(r"extra (\w+)", catalogue.entries(kind)[name].needs)}
    assert named == {"qd", "rl"}
    assert named <= extras


@pytest.mark.parametrize("name", ["map-elites", "novelty"])
def test_a_strategy_that_says_so_needs_its_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyribs what needs it is refused with the command that installs it."""
    assert "the extra qd" in catalogue.entries("strategy")[name].needs
    monkeypatch.setitem(sys.modules, "ribs", None)
    with pytest.raises(RuntimeError, match=r"pip install .*\[qd\]"):
        Chosen.of(name, "").make_strategy({})


def write(folder: Path, name: str, text: str) -> str:
    """Write a module, and return its path."""
    path = folder / f"{name}.py"
    path.write_text(text)
    return str(path)


def test_a_file_offers_names(tmp_path: Path) -> None:
    """Those of its mappings, with the module as their origin."""
    lines = ("from neuroevo.strategies import SNES", "class Mine(SNES):", '    """Searches. Well."""')
    text = "\n".join((*lines, 'STRATEGIES = {"mine": Mine}'))
    catalogue.import_names(write(tmp_path, "offers_one", text))
    entry = catalogue.entries("strategy")["mine"]
    assert (entry.origin, entry.summarise()) == ("offers_one", "Searches")
    assert catalogue.find("strategy", "mine").__name__ == "Mine"  # type: ignore[attr-defined]


def test_names_of_the_library_are_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The library's own one stays, and the log says so."""
    catalogue.import_names(write(tmp_path, "takes_a_name", 'STRATEGIES = {"snes": int}\n'))
    assert catalogue.find("strategy", "snes") is not int
    assert "takes_a_name offers a strategy snes, but that name is taken." in caplog.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, r"^import must name a Python file or a module, but there is no .*absent\.py\.$"),
        ("1 / 0", r"^import must name a Python file or a module, but broken gives ZeroDivisionError"),
        ("x = 1", r"^empty must define at least one of STRATEGIES, .* but it defines none\.$"),
    ],
)
def test_a_file_that_offers_nothing_is_one_sentence(text: str | None, sentence: str, tmp_path: Path) -> None:
    """It is missing, broken, or has no names."""
    name = {None: "absent", "1 / 0": "broken", "x = 1": "empty"}[text]
    path = str(tmp_path / "absent.py") if text is None else write(tmp_path, name, text)
    with pytest.raises(ValueError, match=sentence):
        catalogue.import_names(path)


def test_a_broken_plugin_is_named_and_disturbs_nothing(tmp_path: Path) -> None:
    """Other names are listed, and using the broken one is one sentence."""
    information = tmp_path / "broken_thing-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-thing\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[neuroevo.strategies]\nbroken = no_such_module:Broken\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "neuroevo", *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    listed = call("list", "strategy")
    assert listed.returncode == 0
    assert "strategy snes " in listed.stdout
    assert "the strategy broken of broken-thing can't be loaded (ModuleNotFoundError" in listed.stderr
    used = call("evolve", "broken")
    assert used.returncode == 2
    assert used.stderr.splitlines()[-1].startswith("Error: the strategy broken of broken-thing can't be loaded")
    assert used.stderr.count("\n") == 2  # what it is doing, and the error

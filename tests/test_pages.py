"""Facts that README and pages state: names, numbers and commands are those of the project."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuroevo.backbones import matrices, operations
from neuroevo.catalogue import OWN, entries
from neuroevo.cli.main import COMMANDS
from neuroevo.strategies import GTL

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def known(kind: str) -> list[str]:
    """Return the names of a kind at the command line, without those of plug-ins."""
    return [name for name, entry in entries(kind).items() if entry.origin == OWN]


def table(text: str, head: str) -> list[list[str]]:
    """Return the cells of the table whose first column has this head."""
    lines = text.partition(f"\n| {head} |")[2].splitlines()[2:]
    rows = lines[: next((place for place, line in enumerate(lines) if not line.startswith("|")), len(lines))]
    return [re.split(r" (?<!\\)\| ", row.strip("| ")) for row in rows]


def test_the_tables_of_strategies_have_all_of_them() -> None:
    """Every name at the command line, and classes that exist."""
    text = page("strategies").partition("## Searches")[2]
    rows = table(text, "strategy") + table(text.partition("## Strategies that transfer")[2], "strategy")
    named = [name for row in rows for name in re.findall(r"`([\w-]+)`", row[0])]
    assert sorted(named) == sorted(known("strategy"))
    classes = [name for row in rows for name in re.findall(r"`(\w+)[`(]", row[2])]
    strategies = importlib.import_module("neuroevo.strategies")
    assert len(classes) >= len(rows)
    assert all(isinstance(getattr(strategies, name), type) for name in classes)


def test_advice_names_strategies() -> None:
    """What is in code in the advice is a name at the command line, or in `neuroevo.strategies`."""
    names = {*known("strategy"), *importlib.import_module("neuroevo.strategies").__all__}
    for row in table(page("strategies"), "your problem"):
        assert {*re.findall(r"`([\w-]+)`", row[1] + row[3] if len(row) > 3 else row[1])} <= names


def test_readme_counts_the_searches_and_the_planted_faults() -> None:
    """The numbers in its sentences are those of the pages."""
    searches = table(page("strategies").partition("## Searches")[2], "strategy")
    count = sum(len(re.findall(r"`[\w-]+`", row[0])) for row in searches)
    assert f"[{count} classical strategies]" in README
    faults = table(page("planted-faults"), "planted fault")
    assert f"{len(faults)} planted\nfaults" in README or f"{len(faults)} planted faults" in README


def test_the_suites_are_those_that_there_are() -> None:
    """Each with its question."""
    rows = table(page("comparing"), "suite")
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(known("suite"))


def test_the_commands_are_those_that_there_are() -> None:
    """Each with the sentence of its help."""
    rows = {name.strip("`"): what.strip() for name, what in table(page("commands"), "command")}
    assert rows == {name: entry.summary for name, entry in COMMANDS.items()}


def test_the_operators_of_gtl_are_those_that_it_registers() -> None:
    """And they are where the table says."""
    rows = table(page("composing"), "operator")
    assert {row[0].strip("`").partition("(")[0] for row in rows} == {*GTL.VERBS, "evaluate"}
    for row in rows:
        for path in re.findall(r"`([\w.]+\.\w+)`", row[2]):
            module, _, name = f"neuroevo.{path}".rpartition(".")
            assert hasattr(importlib.import_module(module), name)


def test_the_operations_of_traced_networks_are_those_that_have_rules() -> None:
    """Layers, and each kind of operation that is followed."""
    rows = table(page("traced-networks"), "operations")
    kinds = (operations.POINTWISE, operations.MOVING, operations.REDUCING, operations.POOLING)
    expected = [{*matrices.CONVOLUTIONS, *matrices.LAYERS}, *kinds, operations.CREATING, operations.UNCHANGED]
    assert [{*re.findall(r"`(\w+)`", row[1])} for row in rows] == [{*each} for each in expected]


@pytest.mark.parametrize("command", ["pip install . && neuroevo bench", "pip install tox && tox"])
def test_readme_has_the_two_commands(command: str) -> None:
    """In blocks of their own."""
    assert f"\n```\n{command}\n```\n" in README


@pytest.mark.slow
def test_the_pictures_of_readme_are_drawn_of_a_run(tmp_path: Path) -> None:
    """The command that is shown writes both, and they are what README shows."""
    tiny = ["--life-updates", "2", "--critic-updates", "2", "--updates", "2", "--descendants", "1", "--seeds", "1"]
    words = ["bench", "--quick", "--quiet", "--strategies", "scratch,gtl-paper", *tiny, "--out", str(tmp_path / "run")]
    subprocess.run([sys.executable, "-m", "neuroevo", *words], check=True, timeout=600)
    command = [sys.executable, "-W", "error", ROOT / "docs" / "draw.py", tmp_path / "run", tmp_path / "pictures"]
    subprocess.run(command, check=True, timeout=600)
    drawn = {path.name for path in (tmp_path / "pictures").glob("*.svg")}
    assert drawn == {*re.findall(r"\(docs/pictures/([\w-]+\.svg)\)", README)}

"""Run directories of others: what they may not choose, and what they may not break."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo import catalogue
from neuroevo.cli import build

Program = Callable[..., Any]
SETTINGS = 'strategy = "snes"\nproblem = "sphere"\ngenerations = 1\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that holds nothing but the settings of a search."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path / "run"


def add(folder: Path, text: str) -> None:
    """Add lines to the settings."""
    with (folder / "settings.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_an_address_is_given_again(folder: Path, neuroevo: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """No run directory leads to another machine by itself; the same address as a flag does."""
    reached: list[str] = []

    def make_map(settings: Any) -> None:
        reached.append(settings.address)
        raise ValueError("reached")

    monkeypatch.setattr("neuroevo.cli.evolution.make_map", make_map)
    add(folder, 'engine = "ray"\naddress = "ray://elsewhere:10001"\n')
    call = neuroevo("evolve", "--resume", folder)
    assert (call.code, call.out, reached) == (2, "", [])
    assert call.err == (
        f"Error: --resume connects to no machine that only {folder} names; give it again if you trust it: "
        "--address=ray://elsewhere:10001; or choose another --engine.\n"
    )
    assert neuroevo("evolve", "--resume", folder, "--address=ray://elsewhere:10001").code == 1
    assert reached == ["ray://elsewhere:10001"]
    assert build.make_map is not make_map


def test_code_is_given_again(folder: Path, tmp_path: Path, neuroevo: Program) -> None:
    """What a run directory imports is not run unless it is named by the caller."""
    planted = folder / "planted.py"
    planted.write_text(f"open({str(tmp_path / 'mark')!r}, 'w').close()\n", encoding="utf-8")
    (folder / "settings.toml").write_text(f'import = ["{planted}"]\n{SETTINGS}', encoding="utf-8")
    for words in (
        ("evolve", "--resume", folder),
        ("bench", "--resume", folder),
        ("evolve", "snes", "--resume", folder),
    ):
        call = neuroevo(*words)
        assert call.code == 2
        assert call.err.startswith(f"Error: --resume runs no code that only {folder} names")
    assert not (tmp_path / "mark").exists()
    assert catalogue.imported() == []

"""The gallery: gallery.md makes its pictures, by commands that are there and code that can be parsed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import rich.theme  # noqa: F401 - the import itself draws from `random`, which no test may do
from click.testing import CliRunner

from neuroevo.cli.main import cli

PAGE = (Path(__file__).parents[2] / "docs" / "gallery.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
PICTURES = re.findall(r"!\[[^\]]*\]\(pictures/([^)]+)\)", PAGE)


def commands(text: str) -> list[str]:
    """Return the commands of a block; one that is long stands on several lines."""
    return text.replace("\\\n", " ").splitlines()


def test_every_picture_has_the_code_that_made_it() -> None:
    """It parses, and names the picture's file."""
    code = "\n".join(text for language, text in BLOCKS if language == "python")
    compile(code, "gallery.md", "exec")
    assert len(PICTURES) >= 6
    assert all(f'"{name}"' in code for name in PICTURES)


@pytest.mark.parametrize("line", [line for language, text in BLOCKS if language == "sh" for line in commands(text)])
def test_the_commands_parse(line: str) -> None:
    """Their command has every option that they use."""
    _, command, *words = shlex.split(line)
    shown = (
        CliRunner().invoke(cli, [command, words[0], "--help"] if command == "evolve" else [command, "--help"]).output
    )
    assert all(word in shown for word in words if word.startswith("--"))


@pytest.mark.slow
def test_the_gallery_is_made_by_its_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One block after the other, in an empty folder; all pictures are there in the end."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "gallery"}
    for language, text in BLOCKS:
        if language == "python":
            exec(compile(text, "gallery.md", "exec"), names)
            continue
        for line in commands(text):
            _, *words = shlex.split(line)
            subprocess.run([sys.executable, "-m", "neuroevo", *words], check=True, timeout=600)
    assert {path.name for path in tmp_path.glob("*.png")} >= set(PICTURES)

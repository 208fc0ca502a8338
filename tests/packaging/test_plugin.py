"""The example of a plug-in, installed as its users would, takes part in every command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin"
TINY = ("--updates", "2", "--descendants", "1", "--shots", "5", "--generations", "1", "--seeds", "1", "--quiet")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment in which the plug-in is installed."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PLUGIN, folder / "source")
    here = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    target = str(folder / "installed")
    words = [sys.executable, "-m", "pip", "install", *here, "--target", target, str(source)]
    subprocess.run(words, check=True, capture_output=True)
    return {**os.environ, "PYTHONPATH": target}


def call(environment: dict[str, str], folder: Path, *words: str, code: int = 0) -> str:
    """Call the program, and return what it printed."""
    command = [sys.executable, "-m", "neuroevo", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_the_plugin_is_small() -> None:
    """A strategy, a backbone and a data set take under 60 lines, packaging included."""
    files = [path for path in PLUGIN.iterdir() if path.is_file()]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 60


def test_it_is_listed_with_its_origin(environment: dict[str, str], tmp_path: Path) -> None:
    """Each name has a line about it and the name of the package in brackets."""
    lines = call(environment, tmp_path, "list").splitlines()
    for name in ("strategy first-circuit", "backbone narrow-convnet", "dataset few-glyphs"):
        (line,) = (line for line in lines if line.startswith(f"{name} "))
        assert line.endswith("[neuroevo-example-plugin]")
        assert len(line.split()) > 6


def test_its_settings_are_flags(environment: dict[str, str], tmp_path: Path) -> None:
    """`evolve --help` shows them, and a run of it saves a learngene."""
    text = call(environment, tmp_path, "evolve", "first-circuit", "--help")
    assert "--share FLOAT" in text
    assert "--pretraining-updates INTEGER" in text
    assert "--tournament" not in text
    words = ("--backbone", "narrow-convnet", "--dataset", "few-glyphs", "--pretraining-updates", "2", "--json")
    found = json.loads(call(environment, tmp_path, "evolve", "first-circuit", *words, "--quiet"))
    assert found["gradient_steps"] == 2
    assert "learngene of the backbone convnet4" in call(environment, tmp_path, "show", found["learngene"])


def test_it_is_compared_with_the_rivals(environment: dict[str, str], tmp_path: Path) -> None:
    """It gets the same budget, is in the report, and a finished comparison is resumed without a change."""
    words = ("bench", "--strategies", "scratch,random-circuit,gtl,first-circuit", "--life-updates", "2", *TINY)
    data = ("--backbone", "narrow-convnet", "--dataset", "few-glyphs", "--out", "run")
    call(environment, tmp_path, *words, *data)
    records = [json.loads(line) for line in (tmp_path / "run" / "records.jsonl").read_text().splitlines()]
    steps = {one["strategy"]: one["gradient_steps"] for one in records if one["kind"] == "ancestor"}
    assert steps["first-circuit"] == steps["random-circuit"] == steps["gtl"] > 0
    assert "first-circuit" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    before = (tmp_path / "run" / "records.jsonl").read_bytes()
    call(environment, tmp_path, "bench", "--resume", "run", "--quiet")
    assert (tmp_path / "run" / "records.jsonl").read_bytes() == before

"""README and docs: what they show works as it stands."""

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest
import rich.theme  # noqa: F401 - the import itself draws from `random`, which no test may do
from click.testing import CliRunner

from neuroevo.cli.main import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = [
    call for text in (README, *DOCS) for call in re.findall(r"^neuroevo (\w+)([^#\n]*)", text, flags=re.MULTILINE)
]


@pytest.mark.slow
def test_the_python_blocks_run_one_after_the_other(tmp_path: Path) -> None:
    """Verbatim, as warnings-free as the tests, in a folder of their own."""
    blocks = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    script = "\n".join(blocks)
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=tmp_path, check=True, timeout=600)
    assert (tmp_path / "learngene.safetensors").exists()


@pytest.mark.parametrize(("command", "words"), COMMANDS)
def test_the_commands_have_the_options_that_are_shown(command: str, words: str) -> None:
    """Every option in the README's calls is one of its command, and of what the command's words name."""
    named = takewhile(lambda word: not word.startswith("--"), words.split())
    shown = CliRunner().invoke(cli, [command, *named, "--help"]).output
    assert all(option in shown for option in re.findall(r"--[\w-]+", words))


def test_there_are_commands_to_check() -> None:
    """The pattern above finds the README's calls."""
    assert len(COMMANDS) >= 10


@pytest.mark.slow
def test_pandas_reads_what_a_bench_writes(tmp_path: Path) -> None:
    """The calls that the docs show give a row for each strategy, and one for each record."""
    pandas = pytest.importorskip("pandas")
    out = tmp_path / "run"
    words = ["bench", "--quick", "--strategies", "scratch,untrained-circuit", "--out", str(out), "--quiet"]
    subprocess.run([sys.executable, "-m", "neuroevo", *words], check=True, timeout=600)
    table = pandas.read_csv(out / "summary.csv")
    assert list(table["strategy"]) == ["scratch", "untrained-circuit"]
    assert table["accuracy_mean"].between(0, 1).all()
    records = pandas.read_json(out / "records.jsonl", lines=True)
    assert list(records["kind"].value_counts().sort_index()) == [2, 4, 2]


@pytest.mark.parametrize(
    "page", ["coevolution", pytest.param("data-sets", marks=pytest.mark.slow), "logging", "spaces"]
)
def test_the_blocks_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    exec(compile("\n".join(blocks), f"{page}.md", "exec"), {"__name__": page})

"""README and docs: what they show works as it stands."""

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest
import rich.theme  # noqa: F401 - the import itself draws from `random`, which no test may do
import torch
from click.testing import CliRunner

from neuroevo.cli.main import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    str(path.relative_to(ROOT / "docs").with_suffix("")): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs").rglob("*.md"))
}
ELSEWHERE = {
    "coming-from-deap": "tests/docs/test_coming_from.py",
    "coming-from-evotorch": "tests/docs/test_coming_from.py",
    "coming-from-pygad": "tests/docs/test_coming_from.py",
    "coming-from-pyribs": "tests/docs/test_coming_from.py",
    "deap-tools": "tests/deap_parts/test_deap_loops.py",
    "exporting": "tests/docs/test_exporting.py",
    "episodes": "tests/problems/test_episodes_docs.py",
    "gallery": "tests/docs/test_gallery.py",
    "reliability": "tests/test_reliability.py",
    "testing": "tests/testing/test_testing_docs.py",
    "testing-tutorial": "tests/testing/test_foreign_page.py",
}
"""Pages whose blocks need more than to be run one after the other, and the tests that run them."""
QUICK = {"coevolution", "logging", "spaces"}
RUN = [
    pytest.param(page, marks=() if page in QUICK else pytest.mark.slow)
    for page, text in PAGES.items()
    if "\n```python\n" in text and page not in ELSEWHERE
]
COMMANDS = [
    call
    for text in (README, *PAGES.values())
    for call in re.findall(r"^neuroevo (\w+)([^#\n]*)", text, flags=re.MULTILINE)
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
    named = [*takewhile(lambda word: not word.startswith("--"), words.split())]
    if command == "evolve" and not named:  # `evolve --resume`: the run names its strategy
        named = ["gtl"]
    problem = [] if "--import" in words else re.findall(r"--problem [\w-]+", words)
    shown = CliRunner().invoke(cli, [command, *named, *" ".join(problem).split(), "--help"]).output
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
    assert list(records["kind"].value_counts().sort_index()) == [2, 2 * 4, 2]


@pytest.mark.parametrize("page", RUN)
def test_the_blocks_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    with torch.random.fork_rng():  # layers of PyTorch are initialised from its global generator
        exec(compile("\n".join(blocks), f"{page}.md", "exec"), {"__name__": page})


@pytest.mark.parametrize(("page", "test"), ELSEWHERE.items())
def test_the_other_blocks_are_run_by_tests_of_their_own(page: str, test: str) -> None:
    """The page has blocks, and the test reads the page."""
    assert "\n```python\n" in PAGES[page]
    assert f"{page}.md" in (ROOT / test).read_text(encoding="utf-8")

"""`neuroevo report`: pages and tables of runs, made again any time, also when some can't be read."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., Any]
TINY = (
    *("bench", "--width", 0.25, "--generations", 1, "--population", 2, "--life-updates", 2, "--critic-updates", 2),
    *("--updates", 2, "--descendants", 2, "--shots", 5, "--seeds", 2, "--strategies", "scratch,gtl"),
)


@pytest.fixture(scope="module")
def benched(made: list[str], neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of two strategies over two seeds."""
    folder: Path = tmp_path_factory.mktemp("report") / "run"
    call = neuroevo(*TINY, "--out", folder)
    assert call.code == 0, call.err
    return folder


@pytest.fixture(autouse=True)
def _quick(benched: Path, undrawn: None) -> None:
    """Nothing is drawn but by the bench itself."""


@pytest.fixture
def run(benched: Path, tmp_path: Path) -> Path:
    """Return a copy of it, without a report."""
    folder = tmp_path / "run"
    shutil.copytree(benched, folder)
    (folder / "report.html").unlink(missing_ok=True)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def leave_mark(page: Path) -> None:
    """Add something to a page that a new one does not have."""
    page.write_bytes(page.read_bytes() + b"<!-- old -->")


def test_the_page_goes_into_the_run(run: Path, here: Path, neuroevo: Program) -> None:
    """One file is written, its path is printed, and a second call replaces it by an equal one."""
    before = {path.name for path in run.iterdir()}
    call = neuroevo("report", run)
    page = run / "report.html"
    assert (call.code, call.out, call.err) == (0, f"Report: {page}\n", "")
    assert {path.name for path in run.iterdir()} - before == {"report.html"}
    assert [*here.iterdir()] == []
    first = page.read_bytes()
    leave_mark(page)
    assert neuroevo("report", run).code == 0
    assert page.read_bytes() == first


def test_the_page_holds_what_the_run_holds(run: Path, neuroevo: Program) -> None:
    """Strategies, samples of the data, kept channels, versions and the way to repeat it."""
    neuroevo("report", run)
    text = re.sub("</?span>", "", (run / "report.html").read_text(encoding="utf-8"))
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    for words in ("scratch", "gtl keeps", "Samples of the data", facts["versions"]["torch"], "neuroevo bench --"):
        assert words in text
    assert "Not complete" not in text


def test_several_runs_go_into_the_current_folder(run: Path, here: Path, neuroevo: Program, tmp_path: Path) -> None:
    """Their page lies beside none of them and compares them."""
    again = tmp_path / "again"
    shutil.copytree(run, again)
    call = neuroevo("report", run, again)
    assert (call.code, call.out) == (0, "Report: report.html\n")
    text = (here / "report.html").read_text(encoding="utf-8")
    assert "Run 2 minus run 1" in text
    assert not (run / "report.html").exists()


def test_out_names_another_file(run: Path, here: Path, neuroevo: Program) -> None:
    """Pages and tables go into the new file that is named."""
    for kind, begin in (("html", "<!DOCTYPE html>"), ("markdown", "| strategy"), ("csv", "strategy,")):
        path = here / f"some.{kind}"
        call = neuroevo("report", run, "--format", kind, "--out", path)
        assert (call.code, call.out) == (0, f"Report: {path}\n")
        assert path.read_text(encoding="utf-8").startswith(begin)
    assert not (run / "report.html").exists()


@pytest.mark.parametrize("there", [True, False])
def test_out_names_a_folder(there: bool, run: Path, here: Path, neuroevo: Program) -> None:
    """One that is there or is made, as by other commands."""
    if there:
        (here / "pages").mkdir()
    for _ in range(2):
        call = neuroevo("report", run, "--out", here / "pages")
        assert (call.code, call.out) == (0, f"Report: {here / 'pages' / 'report.html'}\n")
    assert (here / "pages" / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_tables_go_to_the_standard_output(run: Path, neuroevo: Program) -> None:
    """Markdown and LaTeX have both tables, CSV is the summary; no file is written."""
    before = sorted(path.name for path in run.iterdir())
    markdown, latex, values = (neuroevo("report", run, "--format", kind) for kind in ("markdown", "latex", "csv"))
    assert [call.code for call in (markdown, latex, values)] == [0, 0, 0]
    assert markdown.out.count("| --- |") == 2
    assert latex.out.count(r"\toprule") == 3
    assert values.out == (run / "summary.csv").read_text(encoding="utf-8")
    assert sorted(path.name for path in run.iterdir()) == before


def test_several_tables_differ(run: Path, neuroevo: Program, tmp_path: Path) -> None:
    """Each begins with its run."""
    again = tmp_path / "again"
    shutil.copytree(run, again)
    call = neuroevo("report", run, again, "--format", "markdown")
    assert next(line for line in call.out.splitlines() if line.startswith("## ")).endswith("run)")
    assert call.out.count("## ") == 2
    lines = [*csv.DictReader(io.StringIO(neuroevo("report", run, again, "--format", "csv").out))]
    assert [line["run"] for line in lines] == [str(run)] * 2 + [str(again)] * 2


def spoil(folder: Path, how: str) -> None:
    """Make a run directory unreadable."""
    if how == "no folder":
        shutil.rmtree(folder)
    elif how == "a file":
        shutil.rmtree(folder)
        folder.write_text("text", encoding="utf-8")
    elif how == "no facts":
        (folder / "run.json").unlink()
    elif how == "other schema":
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        (folder / "run.json").write_text(json.dumps({**facts, "schema": 999}), encoding="utf-8")
    else:
        (folder / "settings.toml").write_text("a = ", encoding="utf-8")


HOW = ["no folder", "a file", "no facts", "other schema", "damaged settings"]


@pytest.mark.parametrize("how", HOW)
def test_what_cant_be_read_is_named_and_the_rest_reported(
    how: str, run: Path, here: Path, neuroevo: Program, tmp_path: Path
) -> None:
    """One sentence on the standard error, the same in the page, and exit code 1."""
    spoiled = tmp_path / "spoiled"
    shutil.copytree(run, spoiled)
    spoil(spoiled, how)
    call = neuroevo("report", spoiled, run)
    assert (call.code, call.out) == (1, "Report: report.html\n")
    assert call.err.startswith("Error: ")
    assert call.err.count("\n") == 1
    assert str(spoiled) in call.err
    text = (here / "report.html").read_text(encoding="utf-8")
    assert "Not complete" in text
    assert str(spoiled) in text
    assert "gtl keeps" in text


@pytest.mark.parametrize("kind", ["html", "markdown", "csv"])
def test_nothing_is_written_if_no_run_is_left(run: Path, here: Path, kind: str, neuroevo: Program) -> None:
    """Every folder has its sentence, and the exit code is 1."""
    (run / "run.json").unlink()
    call = neuroevo("report", run, here / "nowhere", "--format", kind)
    assert (call.code, call.out) == (1, "")
    assert call.err.count("Error: ") == call.err.count("\n") == 2
    assert [*here.iterdir()] == []
    assert not (run / "report.html").exists()


def test_a_half_written_run_is_reported_with_a_note(run: Path, neuroevo: Program) -> None:
    """A cell that is not finished is named on the standard error and in the page; that is no failure."""
    lines = (run / "records.jsonl").read_bytes()
    (run / "records.jsonl").write_bytes(lines[:-20])
    call = neuroevo("report", run)
    assert call.code == 0
    assert call.err == f"Note: {run}: 1 of 4 cells are not finished: gtl with seed 1.\n"
    assert "1 of 4 cells are not finished" in (run / "report.html").read_text(encoding="utf-8")


def test_a_run_with_nothing_finished_has_a_page_but_no_table(run: Path, neuroevo: Program) -> None:
    """The page says what is missing; of tables there is none to print."""
    (run / "records.jsonl").write_bytes(b"")
    assert neuroevo("report", run).code == 0
    call = neuroevo("report", run, "--format", "latex")
    assert (call.code, call.out) == (1, "")
    assert f"Note: {run} holds no finished comparison of strategies.\n" in call.err


def test_another_page_is_left_alone(run: Path, here: Path, neuroevo: Program) -> None:
    """By default only what this command wrote is replaced."""
    for folders, page in (((run,), run / "report.html"), ((run, run), here / "report.html")):
        page.write_text("<html>mine</html>", encoding="utf-8")
        call = neuroevo("report", *folders)
        assert (call.code, call.out) == (2, "")
        assert call.err.endswith(
            "report.html is there and no page of neuroevo report; remove it, or give another file with --out.\n"
        )
        assert page.read_text(encoding="utf-8") == "<html>mine</html>"


@pytest.mark.parametrize("kind", ["html", "csv"])
def test_what_is_there_is_not_replaced(kind: str, run: Path, here: Path, neuroevo: Program) -> None:
    """A file that is no page, a link to one, a dangling link, a pipe and a device stay what they are."""
    plain, link, dangling, pipe = (here / name for name in ("plain", "link", "dangling", "pipe"))
    plain.write_text("mine", encoding="utf-8")
    link.symlink_to(plain)
    dangling.symlink_to(here / "nothing")
    os.mkfifo(pipe)
    for path in (plain, link, dangling, pipe, Path(os.devnull)):
        call = neuroevo("report", run, "--format", kind, "--out", path)
        assert (call.code, call.out) == (2, "")
        assert call.err.startswith(f"Error: {path} ")
        assert call.err.count("\n") == 1
    assert plain.read_text(encoding="utf-8") == "mine"
    assert link.is_symlink()
    assert dangling.is_symlink()
    assert not (here / "nothing").exists()
    assert pipe.is_fifo()
    assert Path(os.devnull).is_char_device()


def test_a_folder_that_cant_be_written_to(run: Path, here: Path, neuroevo: Program) -> None:
    """It is named, with exit code 74."""
    call = neuroevo("report", run, "--out", here / "nowhere" / "report.html")
    assert (call.code, call.out) == (74, "")
    assert str(here / "nowhere") in call.err


@pytest.mark.parametrize("words", [[], ["--format", "word", "run"]])
def test_wrong_usage(words: list[str], here: Path, neuroevo: Program) -> None:
    """No folder, or an unknown format."""
    call = neuroevo("report", *words)
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith("Error: ")


def test_importing_the_command_is_light() -> None:
    """Help and wrong usage wait for no heavy package."""
    code = (
        "import sys, neuroevo.cli.report;"
        "print(*{'torch', 'scipy', 'matplotlib', 'numpy', 'jinja2'} & sys.modules.keys())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran.stderr

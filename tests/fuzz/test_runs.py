"""Run directories with one file damaged, forged or lost: what reads them is right, or says one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.cli.main import run
from neuroevo.evolution import evolve
from neuroevo.problems.function import SPHERE
from neuroevo.strategies.search.genetic import Genetic

pytestmark = pytest.mark.slow

WORDS = ("evolve", "genetic", "--problem", "sphere", "--population", "4", "--seed", "3", "--quiet")
NUMBERS = (0, -1, 1, 2**63, 10**40, 0.5, 1e308, float("inf"), float("nan"))
TEXTS = ("", "genetic", "[/nope]", "\x1b]0;title\x07", "../x", "\ud800", "9" * 25, "=1+1")
OTHERS = (*NUMBERS, *TEXTS, None, True, [], {}, [[]], [1] * 50, {"id": {}})
CODES = {0, 1, 2, 3, 74, 75}


def call(*words: object) -> tuple[int, str]:
    """Return the exit code of a command and what it wrote."""
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = run([str(word) for word in words])
    return code, out.getvalue()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a run of four generations, and the same run when two of them were done."""
    folder = tmp_path_factory.mktemp("runs")
    for name, generations in (("whole", 4), ("begun", 2)):
        assert call(*WORDS, "--generations", generations, "--out", folder / name)[0] == 0
    return {"whole": folder / "whole", "begun": folder / "begun"}


def untimed(path: Path) -> list[Any]:
    """Return the records of a run without their times."""
    records = [json.loads(line) for line in path.joinpath("records.jsonl").read_text().splitlines()]
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


@st.composite
def forged(draw: st.DrawFn, value: Any) -> Any:
    """Change one place of a JSON value, or leave it out."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)) > 1:
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 9)) == 0:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: draw(forged(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 9)) > 1:
        place = draw(st.integers(0, len(value) - 1))
        changed = draw(st.sampled_from(("drop", "twice", "forge")))
        items = {"drop": [], "twice": [value[place]] * 2}.get(changed)
        return [*value[:place], *([draw(forged(value[place]))] if items is None else items), *value[place + 1 :]]
    return draw(st.sampled_from(OTHERS))


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Cut, flip, double, empty or begin a file with a byte-order mark."""
    place = draw(st.integers(0, max(0, len(data) - 1)))
    lines = data.splitlines(keepends=True)
    kinds: dict[str, Callable[[], bytes]] = {
        "cut": lambda: data[:place],
        "flip": lambda: data[:place] + bytes([data[place] ^ (1 << draw(st.integers(0, 7)))]) + data[place + 1 :],
        "double": lambda: b"".join(lines + lines[-1:]),
        "reverse": lambda: b"".join(reversed(lines)),
        "mark": lambda: b"\xef\xbb\xbf" + data,
        "digit": lambda: data.replace(b"1", b"2", 1),
        "empty": lambda: b"",
    }
    return kinds[draw(st.sampled_from(sorted(kinds)))]() if data else b"x"


@st.composite
def harmed(draw: st.DrawFn, folder: Path) -> str:
    """Damage, forge or delete one file of a run, and return which and how."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    path = draw(st.sampled_from(files))
    how = draw(st.sampled_from(("damage", "forge", "delete")))
    data = path.read_bytes()
    if how == "delete":
        path.unlink()
    elif how == "forge" and path.suffix in {".json", ".jsonl"}:
        lines = data.splitlines() if path.suffix == ".jsonl" else [data]
        place = draw(st.integers(0, len(lines) - 1))
        lines[place] = json.dumps(draw(forged(json.loads(lines[place])))).encode()
        path.write_bytes(b"\n".join(lines) + b"\n")
    else:
        path.write_bytes(draw(damaged(data)))
    return f"{how} {path.relative_to(folder)}"


def assert_plain(code: int, said: str, what: str) -> None:
    """A command ends with a documented code, without a traceback or raw control characters."""
    assert code in CODES, (code, what, said)
    assert "Traceback" not in said, (what, said)
    assert not set(said) & set(map(chr, (*range(9), *range(11, 32), 127))), (what, said)
    if code:
        assert len(said) < 2000, (what, len(said))


@given(data=st.data())
def test_a_harmed_run_is_read_or_refused(data: st.DataObject, runs: dict[str, Path], tmp_path_factory: Any) -> None:
    """`show`, `compare` and `report` take what they are given, or say why not."""
    folder = tmp_path_factory.mktemp("harmed") / "run"
    shutil.copytree(runs["whole"], folder)
    what = data.draw(harmed(folder))
    command = data.draw(st.sampled_from(("show", "compare", "report")))
    words = {"show": (folder,), "compare": (folder, runs["whole"]), "report": (folder, "--out", folder / "page.html")}
    assert_plain(*call(command, *words[command]), what=f"{command}: {what}")
    shutil.rmtree(folder.parent)


@given(data=st.data())
def test_a_harmed_run_is_resumed_to_the_same_records(
    data: st.DataObject, runs: dict[str, Path], tmp_path_factory: Any
) -> None:
    """A run is resumed to the records that it would have had, or it is refused."""
    folder = tmp_path_factory.mktemp("harmed") / "run"
    shutil.copytree(runs["begun"], folder)
    what = data.draw(harmed(folder))
    code, said = call("evolve", "--resume", folder, "--generations", 4, "--quiet")
    assert_plain(code, said, what)
    if code == 0:
        assert untimed(folder) == untimed(runs["whole"]), what
    shutil.rmtree(folder.parent)


def search(folder: Path, generations: int) -> None:
    """Run a search in a folder, or resume it."""
    for _ in evolve(Genetic(SPHERE(3), population=4, seed=1), generations, run_dir=folder):
        pass


@pytest.fixture(scope="module")
def searches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a search of three generations from Python, and the same search when two of them were done."""
    folder = tmp_path_factory.mktemp("searches")
    search(folder / "whole", 3)
    search(folder / "begun", 2)
    return {"whole": folder / "whole", "begun": folder / "begun"}


@given(data=st.data())
def test_a_harmed_run_is_resumed_from_python(
    data: st.DataObject, searches: dict[str, Path], tmp_path_factory: Any
) -> None:
    """The same of `evolve(…, run_dir=…)`."""
    folder = tmp_path_factory.mktemp("python") / "run"
    shutil.copytree(searches["begun"], folder)
    what = data.draw(harmed(folder))
    try:
        search(folder, 3)
    except (ValueError, OSError) as error:
        said = str(error)
    else:
        said = ""
        assert untimed(folder) == untimed(searches["whole"]), what
    assert "\n" not in said, what
    shutil.rmtree(folder.parent)

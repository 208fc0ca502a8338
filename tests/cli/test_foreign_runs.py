"""Run directories of others: what they may not choose, and what they may not break."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@pytest.fixture(scope="module")
def finished(neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished search."""
    made: Path = tmp_path_factory.mktemp("foreign") / "run"
    call = neuroevo("evolve", "snes", "--problem", "sphere", "--generations", 2, "--quiet", "--out", made)
    assert call.code == 0, call.err
    return made


def deep(levels: int) -> object:
    """Return lists in lists."""
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


ODD = (None, True, -1, 10**400, 1e308, "", "[/b]\x1b[31m", [], {}, [None], {"a": 1}, deep(300))


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where the values in a JSON value are; of a list the first two."""
    if here:
        yield here
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*here, key))


def changed(value: Any, place: Sequence[Any], new: Any) -> Any:
    """Return a JSON value with another one at a place."""
    copied = copy.deepcopy(value)
    inner = copied
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return copied


@settings(max_examples=6)
@given(data=st.data())
def test_odd_json_is_one_sentence(data: st.DataObject, finished: Path, neuroevo: Program, undrawn: None) -> None:
    """Whatever stands in a file in place of what was written, no command fails but with a line that says so."""
    name = data.draw(st.sampled_from(["run.json", "records.jsonl"]))
    before = (finished / name).read_text(encoding="utf-8")
    values = [json.loads(before)] if name == "run.json" else [json.loads(line) for line in before.splitlines()]
    which = data.draw(st.integers(0, len(values) - 1))
    place = data.draw(st.sampled_from([*places(values[which])]))
    values[which] = changed(values[which], place, data.draw(st.sampled_from(ODD)))
    copied = finished.parent / "odd"
    shutil.copytree(finished, copied)
    try:
        (copied / name).write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
        for words in (
            ["show", copied],
            ["report", copied],
            ["compare", finished, copied],
            ["evolve", "--resume", copied],
        ):
            call = neuroevo(*words)
            assert call.code in (0, 1, 3)
            assert (call.code == 1) == ("Error: " in call.err)
            assert "\x1b" not in call.out + call.err
    finally:
        shutil.rmtree(copied)

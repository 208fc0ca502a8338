"""Records that were changed while a run stood still: the run continues as it was, or says in a sentence why not."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.files import CheckpointError
from neuroevo.problems.function import SPHERE
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.parts import keep, kept_records, seal
from neuroevo.runs.records import Records, line_of, read_records, salvage_records
from neuroevo.runs.seals import Seal, without_doubles
from neuroevo.strategies import Genetic

STOP, END = 5, 8

Damage = Callable[[bytes], bytes | None]


def genetic() -> Genetic:
    """Return a strategy that takes no time."""
    return Genetic(SPHERE(2), population=4)


def untimed(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a run without what differs between equal runs."""
    return [{**one, "seconds": 0} for one in read_records(folder / "records.jsonl")]


def run(folder: Path, generations: int) -> None:
    """Run to a number of generations."""
    for _ in evolve(genetic(), generations, run_dir=folder):
        pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that stayed as it was."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, END)
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that was stopped; its best generation is not among the newest three."""
    folder = tmp_path_factory.mktemp("stopped")
    with closing(evolve(genetic(), END, run_dir=folder)) as generations:
        for _ in range(STOP):
            next(generations)
    return folder


def bit(place: float, data: bytes) -> bytes:
    """Return the data with a changed digit, near the place."""
    digits = [at for at, byte in enumerate(data) if 0x30 <= byte <= 0x39]
    at = digits[int(place * (len(digits) - 1))]
    return data[:at] + bytes([0x30 + (data[at] - 0x30 + 1) % 10]) + data[at + 1 :]


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Damage:
    """Return damage that changes the list of lines."""
    return lambda data: b"".join(change(data.splitlines(keepends=True)))


def doubled(place: float, found: list[bytes]) -> list[bytes]:
    """Return the lines with one of them twice."""
    at = int(place * (len(found) - 1))
    return [*found[: at + 1], *found[at:]]


HARMLESS: dict[str, Callable[[float], Damage]] = {
    "byte-order mark": lambda place: lambda data: b"\xef\xbb\xbf" + data,
    "other ends of lines": lambda place: lambda data: data.replace(b"\n", b"\r\n"),
    "doubled line": lambda place: lines(lambda found: doubled(place, found)),
    "doubled file": lambda place: lines(lambda found: found + found),
    "last byte cut": lambda place: lambda data: data[:-1],
    "empty line": lambda place: lambda data: data + b"\n",
    "half a line": lambda place: lambda data: data + data[: int(100 * place)],
}
OTHERS: dict[str, Callable[[float], Damage]] = {
    "deleted": lambda place: lambda data: None,
    "emptied": lambda place: lambda data: b"",
    "cut": lambda place: lambda data: data[: int(place * (len(data) - 2))],
    "digit": lambda place: lambda data: bit(place, data),
    "line missing": lambda place: lines(lambda found: found[: int(place * STOP)] + found[int(place * STOP) + 1 :]),
    "swapped": lambda place: lines(lambda found: found[::-1]),
    "line of another run": lambda place: lines(lambda found: [bit(place, found[0]), *found]),
    "infinite": lambda place: lambda data: data.replace(b'"mean":', b'"mean":1e999,"other":', 1),
}


def copy(source: Path, target: Path, damage: Damage) -> Path:
    """Copy a run directory, and damage its records."""
    (target / "checkpoints").mkdir(parents=True)
    for path in (source / "checkpoints").iterdir():
        (target / "checkpoints" / path.name).write_bytes(path.read_bytes())
    if (data := damage((source / "records.jsonl").read_bytes())) is not None:
        (target / "records.jsonl").write_bytes(data)
    return target


@given(kind=st.sampled_from(sorted(HARMLESS | OTHERS)), place=st.floats(0, 0.99))
def test_a_changed_file_is_never_continued_as_if_it_were_not(
    kind: str, place: float, whole: Path, stopped: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What an editor does is undone; whatever else changed the records before the checkpoint is an error."""
    folder = copy(stopped, tmp_path_factory.mktemp("run") / "run", (HARMLESS | OTHERS)[kind](place))
    refusals = contextlib.nullcontext() if kind in HARMLESS else contextlib.suppress(CheckpointError)
    with refusals:
        run(folder, END)
        assert untimed(folder) == untimed(whole)


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_other_records_are_refused_with_what_can_be_done(kind: str, stopped: Path, whole: Path, tmp_path: Path) -> None:
    """The sentence names the checkpoint that fits, and without the later ones the run ends as it would have."""
    folder = copy(stopped, tmp_path / "run", OTHERS[kind](0.85))
    with pytest.raises(CheckpointError, match=r"records.jsonl must hold the 5 records before the checkpoint") as error:
        run(folder, END)
    checkpoints = sorted((folder / "checkpoints").glob("*.json"))
    later = str(error.value).partition("remove the checkpoints after generation ")[2].partition(" ")[0]
    for path in checkpoints:
        if int(path.stem.removeprefix("generation-")) > int(later or 0):
            path.unlink()
    run(folder, END)
    assert untimed(folder) == untimed(whole)


@given(
    record=st.dictionaries(
        st.text(max_size=3) | st.integers(-99, 99) | st.floats(allow_nan=False),
        st.floats() | st.text(max_size=3) | st.integers(),
        max_size=4,
    )
)
@example(record={2: 0, 10: 0})
def test_a_record_that_is_read_back_has_the_same_line(record: dict[Any, Any], tmp_path_factory: Any) -> None:
    """Whatever its keys and numbers were, seals of what was written fit what is read."""
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    try:
        line_of(record)
    except TypeError:  # keys of several kinds have no order
        return
    with Records(path) as file:
        file.append(record)
        assert Seal(*file.seal) == Seal.of([record]) == Seal.of(read_records(path))


def test_doubles_are_dropped_where_they_come_again() -> None:
    """The first of equal records stays, and the order with it."""
    assert without_doubles([{"a": 1}, {"b": 1}, {"a": 1}, {"c": 1}]) == [{"a": 1}, {"b": 1}, {"c": 1}]


PARTS = [{"strategy": name, "seed": seed, "score": score} for name in "ab" for seed in (0, 1) for score in (0.25, 0.5)]


@pytest.mark.parametrize("kind", sorted(HARMLESS | OTHERS))
@pytest.mark.parametrize("place", [0.3, *(pytest.param(place, marks=pytest.mark.slow) for place in (0.0, 0.99))])
def test_parts_that_were_changed_are_run_again(
    kind: str, place: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is kept of a comparison was written by it; the log names every part that is not kept."""
    with RunDirectory.create(tmp_path / "run", what="bench") as directory:
        keep(directory, [])
        with Records(directory.records) as file:
            for start in range(0, len(PARTS), 2):
                for record in PARTS[start : start + 2]:
                    file.append(record)
                seal(directory, PARTS[start : start + 2])
        assert kept_records(directory) == PARTS
        data = (HARMLESS | OTHERS)[kind](place)(directory.records.read_bytes())
        directory.records.unlink()
        if data is not None:
            directory.records.write_bytes(data)
        with caplog.at_level(logging.WARNING):
            found = kept_records(directory)
    assert all(record in PARTS for record in found)
    lost = {(one["strategy"], one["seed"]) for one in PARTS} - {(one["strategy"], one["seed"]) for one in found}
    assert len(found) == len(PARTS) - 2 * len(lost)
    told = [record.getMessage() for record in caplog.records]
    assert all(any(f"the records of {name} {seed} " in one for one in told) for name, seed in lost)
    assert len(told) == len(lost)


def test_a_run_that_sealed_nothing_is_continued(stopped: Path, whole: Path, tmp_path: Path) -> None:
    """Checkpoints of versions before this one say nothing of records."""
    folder = copy(stopped, tmp_path / "run", lambda data: data)
    for path in (folder / "checkpoints").glob("*.json"):
        document = json.loads(path.read_text())
        del document["records"], document["sha256"]
        rest = json.dumps(document, separators=(",", ":")).encode()
        document["sha256"] = hashlib.sha256(rest).hexdigest()
        path.write_bytes(json.dumps(document, separators=(",", ":")).encode())
    run(folder, END)
    assert untimed(folder) == untimed(whole)
    assert salvage_records(folder / "records.jsonl")[1] == []
